"""FNC in both forms."""

import dataclasses
import math
import warnings

import pytest
import torch
import torch.nn.functional as F
from glofnd_reference import check_masks, contrast_of, steps_of
from torch._subclasses.fake_tensor import FakeTensorMode

from mmifnd.contrast import Contrast
from mmifnd.detectors import BatchQuantileDetector, TopKDetector


def test_golden_fnc_of_the_released_code():
    for batch, golden in steps_of('c1/fnd_minibatch_quantile'):
        found = BatchQuantileDetector(0.25).detect(contrast_of(batch)[0])
        check_masks(batch, found, golden)
        assert (found.sum(dim=2) == 3).all()  # of 10


@pytest.mark.parametrize('alpha', [0.05, 0.1, 0.4])
def test_batch_quantile_against_loops(make_contrast, alpha):
    absent = torch.rand(6, 30, generator=torch.Generator().manual_seed(0)) < 0.3
    contrast = make_contrast(range(6), range(6, 36), absent)
    found = BatchQuantileDetector(alpha).detect(contrast)[0]
    for a, row in enumerate(contrast.negative_similarity):
        present = row[row > -math.inf]
        assert found[a].equal(row > torch.quantile(present, 1 - alpha))
    assert found.any() and not (found & absent).any()


@pytest.mark.parametrize('kind', [
    lambda **options: BatchQuantileDetector(0.1, **options), lambda **options: TopKDetector(3, -1., **options)])
def test_detection_starts_in_its_epoch(make_contrast, kind):
    detector, contrast = kind(start_epoch=2), make_contrast(range(3), range(3, 20))
    found = []
    for epoch in range(4):
        detector.start_epoch(epoch, 4)
        found.append(bool(detector.detect(contrast).any()))
    assert found == [False, False, True, True]
    with pytest.raises(ValueError, match='start_epoch=2 of .* is beyond the training of 2 epochs; choose at most 1'):
        detector.start_epoch(0, 2)


def test_too_small_an_alpha_is_said_once(make_contrast):
    detector, contrast = BatchQuantileDetector(0.01), make_contrast([0], range(1, 51))
    with pytest.warns(UserWarning, match='alpha=0.01 of 50 candidates is less than one: .* a share of 0.02; take'):
        assert detector.detect(contrast).sum() == 1
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        detector.detect(contrast)
        BatchQuantileDetector(0.02).detect(contrast)


def loop_top_k(contrast, k, threshold, score):
    """Huynh et al.: scores to all views of the anchor's image, the k best of them, if above the threshold."""
    views = [contrast.anchor, contrast.positive, *([] if contrast.support is None else contrast.support.unbind(1))]
    rows = []
    for a in range(len(contrast.anchor)):
        scores = {}
        for c, candidate in enumerate(contrast.candidate):
            if contrast.negative_similarity[a, c] > -math.inf:
                found = [float(view[a] @ candidate) for view in views]
                scores[c] = max(found) if score == 'max' else sum(found) / len(found)
        best = sorted(scores, key=scores.get, reverse=True)[:k]
        rows.append([c in best and scores[c] > threshold for c in range(len(contrast.candidate))])
    return torch.tensor(rows)


@pytest.mark.parametrize('score, threshold', [('max', 0.8), ('mean', 0.2)])
@pytest.mark.parametrize('support', [0, 3])
def test_top_k_against_loops(make_contrast, score, threshold, support):
    generator = torch.Generator().manual_seed(2)
    contrast = make_contrast(range(5), range(5, 25), torch.rand(5, 20, generator=generator) < 0.3)
    if support:
        views = F.normalize(torch.randn(5, support, 4, generator=generator, dtype=torch.float64), dim=2)
        contrast = dataclasses.replace(contrast, support=views)
    found = TopKDetector(4, threshold, score).detect(contrast)[0]
    assert found.equal(loop_top_k(contrast, 4, threshold, score))
    counts = found.sum(dim=1)
    assert (counts == 4).any() and ((counts < 4) & (counts > 0)).any()  # both conditions bind


def test_both_views_of_an_image_agree():
    contrast = contrast_of(0)[0]
    found = TopKDetector(3, 0.).detect(contrast)[0]
    assert found[:6].equal(found[6:]) and found.any()


def test_fewer_candidates_than_k(make_contrast):
    contrast = make_contrast([0, 1], [2, 3], torch.tensor([[False, True], [True, True]]))
    assert TopKDetector(10, -1.).detect(contrast).tolist() == [[[True, False], [False, False]]]


def test_steps_without_values():
    with FakeTensorMode():
        rows, index = F.normalize(torch.randn(16, 4), dim=1), torch.arange(8).repeat(2)
        contrast = Contrast.build(rows, rows, rows, index, index, index.unsqueeze(1) == index, rows.unsqueeze(1))
        for detector in (BatchQuantileDetector(0.1), TopKDetector(3)):
            detector.start_epoch(0, 1)
            assert detector.detect(contrast).shape == (1, 16, 16)


@pytest.mark.parametrize('kind, options, message', [
    (BatchQuantileDetector, dict(alpha=1.), r'alpha=1.0 is outside \(0, 1\)'),
    (BatchQuantileDetector, dict(start_epoch=-1), 'start_epoch=-1 of BatchQuantileDetector must be at least 0'),
    (TopKDetector, dict(k=0), 'k=0 of TopKDetector must be at least 1'),
    (TopKDetector, dict(threshold=1.5), r'threshold=1.5 of TopKDetector is outside \[-1, 1\]'),
    (TopKDetector, dict(score='sum'), "score='sum' of TopKDetector is unknown; choose one of max, mean")])
def test_bad_options_are_named(kind, options, message):
    with pytest.raises(ValueError, match=message):
        kind(**options)
