"""The detection of training steps, scored with labels that nobody else sees."""

import json

import pytest
import torch

from mmifnd.detectors import NoDetector, QuantileThresholdDetector
from mmifnd.engine.hooks import DetectionHook
from mmifnd.engine.hooks.detection_hook import HeadDetection, count
from mmifnd.models.heads.step_record import StepRecord


def lines(folder):
    return [json.loads(line) for line in (folder / 'false_negatives' / 'detection.jsonl').read_text().splitlines()]


def test_counts_equal_naive_loops():
    generator = torch.Generator().manual_seed(0)
    labels = torch.tensor([0, 1, 0, 2])
    anchors, candidates = torch.tensor([0, 1, 3]), torch.tensor([2, -1, 1, 0, 3])
    present = torch.rand(3, 5, generator=generator) < .8
    mask = (torch.rand(2, 3, 5, generator=generator) < .4) & present
    found = count(StepRecord(anchors, candidates, present, mask, torch.zeros(3, 5), torch.zeros(3)), labels)
    for row, i in enumerate(anchors.tolist()):
        same = {c for c, j in enumerate(candidates.tolist()) if present[row, c] and j >= 0 and labels[j] == labels[i]}
        detected = {c for c in range(5) if mask[0, row, c] or mask[1, row, c]}
        assert found[:, row].tolist() == [len(same & detected), len(detected), len(same), int(present[row].sum())]


ORACLE = dict(model__head__detector=dict(type='GroundTruthDetector'))


@pytest.mark.parametrize('config, options, precision, recall', [
    ('configs/baselines/simclr_oracle_digits.py', {}, 100, 100), ('configs/baselines/simclr_digits.py', {}, 0, 0),
    ('configs/baselines/moco_digits.py', dict(ORACLE, model__empty='exclude', model__same_image='exclude'), 100, 100)])
def test_the_oracle_is_perfect_and_nobody_finds_nothing(digits_runner, tmp_path, config, options, precision, recall):
    runner = digits_runner(config, default_hooks__detection__interval=2, **options)
    runner.train()
    found = lines(tmp_path)
    assert [line['epoch'] for line in found] == [1, 2, 3]
    assert (found[-1]['precision_micro'], found[-1]['recall_micro']) == (precision, recall)
    assert found[-1]['true_share'] == pytest.approx(10, abs=1)  # ten balanced classes


def test_nobody_watches_the_head_after_the_training(digits_runner):
    runner = digits_runner('configs/baselines/simclr_oracle_digits.py', epochs=1, default_hooks__detection__interval=2)
    runner.train()
    assert not runner.model.head._step_hooks


def test_an_interval_below_one_is_refused():
    with pytest.raises(ValueError, match='interval=0 of DetectionHook is below 1'):
        DetectionHook(interval=0)


@pytest.mark.parametrize('detector, aim', [(QuantileThresholdDetector(alpha=.1), dict(alpha=10.)), (NoDetector(), {})])
def test_the_share_that_a_detector_aims_at_is_kept(detector, aim):
    assert HeadDetection('', detector, 10, 0).aim() == aim
