"""The images behind runs, and the contact sheet that is drawn with them."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from mmifnd.apis import UserError
from mmifnd.apis.run_images import images_of_runs
from mmifnd.datasets import Digits

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools/visualization/contact_sheet.py'


@pytest.fixture
def make_run(tmp_path):
    """Function (name, split) -> folder of a run on digits, as it is left behind."""
    def make(name, split='train'):
        folder = tmp_path / name
        (folder / 'false_negatives').mkdir(parents=True)
        (folder / 'last_checkpoint').write_text('epoch_1.pth')
        (folder / 'config.py').write_text(f"_base_ = '{ROOT}/configs/baselines/simclr_digits.py'\n"
                                          f"train_dataloader = dict(dataset=dict(split='{split}'))\n")
        return folder

    return make


def write_snapshot(folder):
    """All labels are right, and accepted."""
    labels = Digits('train').labels.numpy()[None].astype(np.int32)
    np.savez(folder / 'false_negatives/epoch_0001.npz', epoch=1, rate=1., labels=labels, assignments=labels,
             confidence=np.ones(labels.shape, dtype=np.float32), centroids_0=np.zeros((10, 2), dtype=np.float32))
    record = dict(epoch=1, granularities=[], false_negative_share=.1)
    (folder / 'false_negatives/history.jsonl').write_text(json.dumps(record) + '\n')
    return folder


def test_images_and_classes_of_the_training_set(make_run):
    images, labels = images_of_runs([make_run('a'), make_run('b')])
    digits = Digits('train')
    assert len(images) == len(digits)
    np.testing.assert_array_equal(images[7], digits.images[7].numpy())
    np.testing.assert_array_equal(labels, digits.labels)


def test_what_cannot_be_had_is_said(make_run, tmp_path):
    with pytest.raises(UserError, match='a and .*b were trained on different images'):
        images_of_runs([make_run('a'), make_run('b', 'test')])
    with pytest.raises(UserError, match='the training images of .*c cannot be read: .*nothing'):
        images_of_runs([make_run('c', 'nothing')])
    with pytest.raises(UserError, match='no config of a run beside last_checkpoint'):
        images_of_runs([tmp_path])


@pytest.fixture
def sheet(monkeypatch):
    """Function (arguments) that runs the tool."""
    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', [str(TOOL), *map(str, arguments)])
        runpy.run_path(str(TOOL), run_name='__main__')

    return run


def test_contact_sheet_of_two_runs(make_run, sheet, tmp_path, capsys):
    sheet(write_snapshot(make_run('a')), write_snapshot(make_run('b')), '--rows', 2, '--out', tmp_path / 'sheet.png')
    assert (tmp_path / 'sheet.png').read_bytes().startswith(b'\x89PNG')
    assert 'confidence of its pseudo label' in capsys.readouterr().out


@pytest.mark.parametrize('arguments, message', [
    (('--anchors', 9999), '--anchors 9999 is outside [0, '), (('--epoch', 5), 'no step or snapshot of epoch 5 tells'),
    (('--rows', 0), '1 runs, --rows 0: give one run or two')])
def test_bad_input_of_a_contact_sheet_is_one_line(make_run, sheet, tmp_path, capsys, arguments, message):
    with pytest.raises(SystemExit) as refused:
        sheet(write_snapshot(make_run('a')), *arguments, '--out', tmp_path / 'none.png')
    said = capsys.readouterr().err
    assert refused.value.code == 2 and said.count('\n') == 1 and message in said
    assert not (tmp_path / 'none.png').exists()
