"""Candidates that beat the anchor's own positive."""

import math

import pytest
import torch

from mmifnd.detectors import PositiveMarginDetector


@pytest.mark.parametrize('margin, relative', [(0.1, False), (-0.3, False), (-0.05, True), (0.2, True)])
def test_against_loops(make_contrast, margin, relative):
    absent = torch.rand(8, 32, generator=torch.Generator().manual_seed(0)) < 0.2
    contrast = make_contrast(range(8), range(8, 40), absent)
    found = PositiveMarginDetector(margin, relative).detect(contrast)[0]
    assert found.any() and not found.all()
    assert (contrast.positive_similarity < 0).any()  # a relative margin above it lies above it here, too
    for a in range(8):
        positive = contrast.positive_similarity[a].item()
        for c in range(32):
            similarity = contrast.negative_similarity[a, c].item()
            beats = similarity - positive > margin * (abs(positive) if relative else 1)
            assert found[a, c] == (similarity > -math.inf and beats)


def test_the_positive_is_not_beaten_by_its_equal(make_contrast):
    contrast = make_contrast([0], [1])
    object.__setattr__(contrast, 'negative_similarity', contrast.positive_similarity)
    assert not PositiveMarginDetector(0.).detect(contrast).any()


@pytest.mark.parametrize('margin', [2., -2., math.nan, math.inf])
def test_margins_that_say_nothing_are_refused(margin):
    with pytest.raises(ValueError, match=rf'margin={margin} of PositiveMarginDetector is outside \(-2, 2\)'):
        PositiveMarginDetector(margin)
