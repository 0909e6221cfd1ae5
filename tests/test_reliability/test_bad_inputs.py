"""The tool that gives the others wrong input; docs/reliability.md says what all of it gave."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / 'tools/reliability/bad_inputs.py'


@pytest.fixture(scope='module')
def bad_inputs():
    path = list(sys.path)
    sys.path.insert(0, str(TOOL.parent))
    spec = importlib.util.spec_from_file_location('bad_inputs', TOOL)
    module = importlib.util.module_from_spec(spec)
    sys.modules['bad_inputs'] = module  # dataclasses look there
    spec.loader.exec_module(module)
    yield module
    sys.path[:] = path
    del sys.modules['bad_inputs']


def endings(tmp_path, *arguments):
    out = tmp_path / 'endings.json'
    command = [sys.executable, '-W', 'ignore', str(TOOL), '--out', str(out), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    return done, json.loads(out.read_text())


def test_some_of_each_topic(bad_inputs, tmp_path):
    only = ['TopKDetector with', 'a list of labels only', 'a list with commas', 'groups of text',
            'report: results that are a list',
            'images of 16 bits', '--resume: a bare pickle', 'load_from: a state_dict of numbers', 'a model without a neck',
            'model.head.tau=1', 'study: no workers', 'select: no workers', 'audit: one cluster', 'a damaged shard',
            'pretrain: no such folder']
    done, found = endings(tmp_path, '--only', *only)
    assert done.returncode == 0, done.stdout
    assert len(found) >= 13 and {row['topic'] for row in found} == set(bad_inputs.TOPICS)


@pytest.mark.slow
def test_all(tmp_path):
    done, found = endings(tmp_path)
    assert done.returncode == 0, done.stdout
    assert sum(row['ending'] == 'one line' for row in found) >= 150


def test_names_are_unique(bad_inputs):
    names = [case.name for cases in bad_inputs.TOPICS.values() for case in cases]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize('told, status, words, ending', [
    ('error: k=5 exceeds 3\n', 2, 'k=5', 'one line'),
    ('a warning\ntrain.py: error: unrecognized arguments\n', 2, 'unrecognized', 'one line'),
    ('error: k=5 exceeds 3\n', 2, 'm=5', 'other words'),
    ('error: one\nerror: k=5\n', 2, 'k=5', 'other words'),
    ('Traceback (most recent call last):\n...\nValueError: k=5\n', 1, 'k=5', 'traceback'),
    ('', 0, 'k=5', 'accepted silently'), ('error: k=5\n', None, 'k=5', 'hang'),
    ('', 0, None, 'taken'), ('error: k=5\n', 2, None, 'sound, yet refused')])
def test_what_a_user_sees_is_judged(bad_inputs, tmp_path, told, status, words, ending):
    (tmp_path / 'stderr').write_text(told)
    assert bad_inputs.judge(bad_inputs.Case('a case', 'train', (), words), tmp_path, status)[0] == ending


def test_a_step_of_training_is_a_fault(bad_inputs, tmp_path):
    (tmp_path / 'stderr').write_text('error: k=5\n')
    (tmp_path / 'trained').touch()
    assert bad_inputs.judge(bad_inputs.Case('a case', 'train', (), 'k=5'), tmp_path, 2)[0] == 'trained first'
