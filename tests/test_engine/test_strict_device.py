"""Whole trainings on a device that reports whatever waits for it: nothing does, in a step that is not logged."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import strict_device
from strict_runs import DIGITS, FILES, OPTIMIZERS, WAITS

HELPERS = Path(strict_device.__file__).parents[1]

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which('g++') is None, reason='the strict device is built by g++')]


@pytest.fixture(scope='module')
def library(tmp_path_factory):
    return strict_device.build(tmp_path_factory.mktemp('strict_device'))


def trained(library, case, optimizer, folder):
    """What a training in a process of its own says."""
    command = [sys.executable, str(HELPERS / 'strict_runs.py'), str(library), case, optimizer, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads(done.stdout.splitlines()[-1])
    assert report['devices'] == ['strict'] and report['steps'] >= 8
    return report['waits']


@pytest.mark.parametrize('optimizer', OPTIMIZERS)
@pytest.mark.parametrize('case', sorted({*DIGITS, *FILES} - {WAITS}))
def test_no_steady_step_waits_for_the_device(library, case, optimizer, tmp_path):
    assert trained(library, case, optimizer, tmp_path) == {}


def test_a_hook_that_waits_is_seen(library, tmp_path):
    (place, count), = trained(library, WAITS, 'SGD', tmp_path).items()
    assert place.startswith('item <- strict_runs.py') and count == 8
