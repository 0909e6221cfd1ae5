"""A checkpoint's measures from Python are those of `tools/test.py`."""

import json
import os
import runpy
import sys
from pathlib import Path

import pytest
import torch

from mmifnd.apis import UserError, build_framework, evaluate, shipped_config
from mmifnd.records.evaluations import read_evaluations
from mmifnd.studies.results import file_hash

CONFIG = shipped_config('baselines/simclr_digits.py')
TEST = Path(__file__).resolve().parents[2] / 'tools' / 'test.py'
QUICK = {'log_level': 'ERROR', 'test_cfg.measures.nmi.num_runs': 2}


@pytest.fixture
def checkpoint(tmp_path):
    """An encoder that was not trained."""
    torch.manual_seed(0)
    torch.save(dict(state_dict=build_framework(CONFIG).state_dict()), tmp_path / 'last.pth')
    return tmp_path / 'last.pth'


@pytest.mark.slow
def test_the_same_numbers_as_the_tool(checkpoint, tmp_path, monkeypatch, restored_torch):
    found = evaluate(checkpoint, CONFIG, options=QUICK)
    monkeypatch.setattr(sys, 'argv', ['test.py', str(CONFIG), str(checkpoint), '--work-dir', str(tmp_path / 'tool'), '--out',
                                      str(tmp_path / 'found.json'), '--cfg-options', 'test_cfg.measures.nmi.num_runs=2'])
    runpy.run_path(str(TEST), run_name='__main__')
    theirs = json.loads((tmp_path / 'found.json').read_text())
    text = json.dumps(theirs)
    assert {'knn', 'linear', 'shot_1', 'nmi', 'mtpr'} <= set(found)
    assert all(json.dumps(value) in text for value in found.values())


def test_results_are_left_for_the_report(checkpoint, restored_torch):
    found = evaluate(checkpoint, CONFIG, measures=['knn'], options=QUICK, command='typed')
    path, = checkpoint.parent.glob('evaluation/results_*.json')
    written = json.loads(path.read_text())
    assert written['command'] == 'typed' and written['checkpoint_hash'] == file_hash(checkpoint)
    assert read_evaluations(checkpoint.parent) == found


def test_none_leaves_a_measure_out(checkpoint, restored_torch):
    without = dict.fromkeys((f'test_cfg.measures.{name}' for name in ('linear', 'few_shot', 'nmi', 'detection')), None)
    assert set(evaluate(checkpoint, CONFIG, options={**QUICK, **without, 'test_cfg.measures.threshold_error': None})) == {'knn'}
    with pytest.raises(ValueError, match='measure linear is not in test_cfg.measures of the config; it has knn'):
        evaluate(checkpoint, CONFIG, measures=['linear'], options=without)


def test_a_folder_that_cannot_be_written_is_refused_before_work(checkpoint, tmp_path, monkeypatch):
    def never(*_, **__):
        raise AssertionError('work has begun')

    (tmp_path / 'file').touch()
    monkeypatch.setattr('mmifnd.apis.evaluation.load_config', never)
    with pytest.raises(UserError, match=f'^out={tmp_path}/file cannot be made: {tmp_path}/file is a file; give a folder$'):
        evaluate(checkpoint, CONFIG, out=tmp_path / 'file')
    monkeypatch.setattr(os, 'access', lambda path, mode: Path(path) != tmp_path)
    no_permission = f'cannot be written: there is no permission to write into {tmp_path}; give another folder$'
    with pytest.raises(UserError, match=f'^out={tmp_path}/a/b {no_permission}'):
        evaluate(checkpoint, CONFIG, out=tmp_path / 'a' / 'b')
    with pytest.raises(UserError, match=rf'^{tmp_path}/evaluation, the folder of results \(out\), {no_permission}'):
        evaluate(checkpoint, CONFIG)


def test_bad_input(checkpoint):
    with pytest.raises(ValueError, match='no config beside it; say with which one it was trained'):
        evaluate(checkpoint)
    with pytest.raises(ValueError, match='measure top1 is not in test_cfg.measures of the config; it has knn, linear'):
        evaluate(checkpoint, CONFIG, measures=['top1'])
    for options in ({'test_cfg': None}, {'test_cfg.measures': None}):
        with pytest.raises(ValueError, match='measure knn is not in test_cfg.measures of the config; it has none'):
            evaluate(checkpoint, CONFIG, measures=['knn'], options=options)
    with pytest.raises(FileNotFoundError, match='none.pth does not exist'):
        evaluate(checkpoint.with_name('none.pth'), CONFIG)
