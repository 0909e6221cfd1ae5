"""A detector that has a threshold says which: above it lies what it detects."""

import pytest
import torch

from mmifnd.detectors import (
    BatchQuantileDetector,
    GroundTruthDetector,
    PositiveMarginDetector,
    QuantileThresholdDetector,
    RandomDetector,
    TopKDetector,
    UnionDetector,
)


@pytest.fixture
def contrast(make_contrast):
    return make_contrast(range(8), range(8, 40), torch.rand(8, 32, generator=torch.Generator().manual_seed(0)) < 0.2)


@pytest.mark.parametrize('detector', [
    BatchQuantileDetector(.2), BatchQuantileDetector(.2, start_epoch=1), PositiveMarginDetector(-.3),
    PositiveMarginDetector(.2, relative=True), QuantileThresholdDetector(.2, initialization='batch_quantile')])
def test_what_is_detected_lies_above_it(contrast, detector):
    detector.bind(40)
    detector.observe(contrast)
    threshold = detector.threshold_of(contrast)
    assert threshold.shape == (8,)
    assert detector.detect(contrast)[0].equal((contrast.negative_similarity > threshold[:, None]) & contrast.is_candidate)
    closed = hasattr(detector, 'gate') and not detector.gate.is_open
    assert threshold.isinf().all() == closed


@pytest.mark.parametrize('detector', [
    GroundTruthDetector(), RandomDetector(.1), TopKDetector(), UnionDetector(dict(fnc=BatchQuantileDetector()))])
def test_others_have_none(contrast, detector):
    assert detector.threshold_of(contrast) is None
