"""A detector asked outside of training, and its thresholds held against the exact quantiles."""

import pytest
import torch
import torch.nn.functional as F

from mmifnd.detectors import BatchQuantileDetector, NoDetector, PseudoLabelDetector, QuantileThresholdDetector, UnionDetector
from mmifnd.engine.features.detector_probe import ask_detector, batch_thresholds, error_of, threshold_sample
from mmifnd.evaluation import exact_quantiles


class Labels:
    labels = torch.tensor([[0, 0, 1, -1], [2, 2, 2, 2]])


@pytest.fixture
def embedding():
    return F.normalize(torch.randn(4, 3, generator=torch.Generator().manual_seed(0)), dim=1)


def test_answers_have_a_row_an_anchor_and_leave_out_the_anchor(embedding):
    detector = PseudoLabelDetector()
    detector.bind(4)
    detector.publish(Labels)
    found = ask_detector(detector, embedding, embedding, [0, 3])
    assert found.int().tolist() == [[[0, 1, 0, 0], [0, 0, 0, 0]], [[0, 1, 1, 1], [1, 1, 1, 0]]]


def test_perfect_thresholds_have_no_error(embedding):
    detector = QuantileThresholdDetector(alpha=.4)
    detector.bind(4)
    detector.table.threshold.copy_(exact_quantiles(embedding, .4))
    assert error_of(threshold_sample(detector, embedding)) == dict(threshold_mae=0., threshold_rmse=0.)
    detector.table.threshold += .25
    assert error_of(threshold_sample(detector, embedding))['threshold_mae'] == pytest.approx(.25)


def test_who_learns_no_threshold_has_no_error(embedding):
    assert threshold_sample(NoDetector(), embedding) == {} and error_of({}) == {}


def test_a_shared_threshold_is_compared_with_that_of_each_image(embedding):
    shared = QuantileThresholdDetector(alpha=.4, shared=True)
    shared.bind(4)
    shared.table.fill(threshold=.5)
    expected = (exact_quantiles(embedding, .4) - .5).abs().mean().item()
    assert error_of(threshold_sample(shared, embedding))['threshold_mae'] == pytest.approx(expected)


def test_thresholds_of_a_joined_detector_are_found(embedding):
    joined = UnionDetector(dict(labels=PseudoLabelDetector(), thresholds=QuantileThresholdDetector(alpha=.4)))
    part = joined.detectors['thresholds']
    part.bind(4)
    assert threshold_sample(joined, embedding)['thresholds'].equal(part.threshold)


def test_thresholds_of_batches_are_held_against_the_whole_set():
    rows = F.normalize(torch.randn(60, 4, generator=torch.Generator().manual_seed(1)), dim=1)
    found = batch_thresholds(rows, .2, batch_size=20)
    order = torch.randperm(60, generator=torch.Generator().manual_seed(0))
    for batch in order.split(20):
        for image in batch.tolist():
            others = torch.stack([rows[image] @ rows[other] for other in batch.tolist() if other != image])
            assert found[image] == pytest.approx(others.quantile(.8).item(), abs=1e-6)
    small, large = (error_of(threshold_sample(BatchQuantileDetector(alpha=.2), rows, batch_size=size))['threshold_mae']
                    for size in (6, 60))
    assert large < small and large < .05  # all images are one batch: only the definition of a quantile differs


def test_thresholds_lie_beside_the_clusterings(digits_runner, tmp_path):
    import json

    import numpy as np
    digits_runner('configs/glofnd/simclr_glofnd_digits.py', **{'model.head.detector.start_epoch': 0}).train()
    arrays = np.load(tmp_path / 'false_negatives' / 'epoch_0002.npz')
    assert arrays['thresholds'].shape == (1297,) and arrays['exact_thresholds'].shape == arrays['threshold_anchors'].shape
    last = json.loads((tmp_path / 'false_negatives' / 'history.jsonl').read_text().splitlines()[-1])
    distance = np.abs(arrays['thresholds'][arrays['threshold_anchors']] - arrays['exact_thresholds'])
    assert last['threshold_mae'] == pytest.approx(distance.mean(), abs=1e-6)
