"""The tool that kills runs, for a few kills; docs/reliability.md says what many gave."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_a_killed_run_ends_as_one_that_was_not(tmp_path):
    command = [sys.executable, 'tools/reliability/kill_resume.py', '--kills', '4', '--writing', '4', '--epochs', '6']
    run = subprocess.run([*command, '--out', str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    record = json.loads((tmp_path / 'kill_resume.json').read_text())
    assert len({kill['case'] for kill in record['kills']}) == 4 and record['stages']['writing'] >= 4
    assert sum(record['bytes_differing'].values()) == 0 and not record['lost']
    assert {'queue', 'labels', 'thresholds', 'moments', 'averages', 'optimizer', 'generators', 'sampler'} <= {
        name for name, count in record['bytes_compared'].items() if count}
    assert record['control_bytes_differing']['model'] > 0
