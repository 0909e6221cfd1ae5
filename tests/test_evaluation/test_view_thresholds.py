"""Quantiles over augmented views against loops, and their error."""

import math

import pytest
import torch
import torch.nn.functional as F

from mmifnd.detectors import BatchQuantileDetector, NoDetector, QuantileThresholdDetector
from mmifnd.engine.features.detector_probe import view_error_of
from mmifnd.evaluation import batch_view_quantiles, view_quantiles, view_threshold_error


@pytest.fixture
def views():
    return torch.randn(30, 2, 4, generator=torch.Generator().manual_seed(0))


def similarities(views, anchor, others):
    """All views of an anchor with all views of the others, ascending."""
    unit = F.normalize(views, dim=2)
    return sorted(float(unit[anchor, v] @ unit[other, w]) for v in range(views.shape[1]) for other in others
                  for w in range(views.shape[1]))


@pytest.mark.parametrize('alpha', [0.01, 0.1, 0.25, 0.5, 0.93])
def test_both_neighbours_against_loops(views, alpha):
    lower, higher = view_quantiles(views, alpha)
    for anchor in range(30):
        values = similarities(views, anchor, range(30))
        position = (1 - alpha) * (len(values) - 1)
        assert lower[anchor] == pytest.approx(values[math.floor(position + 1e-9)], abs=1e-6)
        assert higher[anchor] == pytest.approx(values[math.ceil(position - 1e-9)], abs=1e-6)


def test_a_block_of_anchors_shares_a_draw_of_images(views):
    lower, higher = view_quantiles(views, 0.2, anchors=torch.tensor([4, 9, 1]), draws=7, block=2, seed=3)
    generator = torch.Generator().manual_seed(3)
    first, second = (torch.randperm(30, generator=generator)[:7].tolist() for _ in range(2))
    for place, (anchor, others) in enumerate(((4, first), (9, first), (1, second))):
        values = similarities(views, anchor, others)
        position = 0.8 * 27
        assert lower[place] == pytest.approx(values[math.floor(position)], abs=1e-6)
        assert higher[place] == pytest.approx(values[math.ceil(position)], abs=1e-6)


def test_quantiles_of_batches_against_loops(views):
    found = batch_view_quantiles(views, 0.2, batch_size=10, seed=5)
    order = torch.randperm(30, generator=torch.Generator().manual_seed(5)).tolist()
    for anchor, batch in ((order[3], order[:10]), (order[25], order[20:])):
        expected = torch.tensor(similarities(views, anchor, batch)).quantile(0.8)
        assert found[anchor] == pytest.approx(float(expected), abs=1e-5)


def test_the_nearer_neighbour_counts():
    error = view_threshold_error(torch.tensor([0.1, 0.39, 0.5]), torch.tensor([0.2, 0.3, 0.5]), torch.tensor([0.4, 0.4, 0.5]))
    assert error.mae == pytest.approx(0.11 / 3) and error.rmse == pytest.approx(math.sqrt((0.01 + 0.0001) / 3))


def test_of_learned_thresholds_those_of_batches_and_none(views):
    learner, taker = QuantileThresholdDetector(alpha=0.2), BatchQuantileDetector(alpha=0.2)
    learner.bind(30)
    learner.table.threshold.copy_(view_quantiles(views, 0.2)[0])
    errors, of_batches = view_error_of(learner, views, batch_size=3), view_error_of(taker, views, batch_size=3)
    assert errors['threshold_view_mae'] == errors['threshold_view_rmse'] == 0 and len(errors) == 4
    assert {f'{name}_of_batches': value for name, value in of_batches.items()}.items() <= errors.items()
    assert view_error_of(taker, views, batch_size=30)['threshold_view_mae'] < 0.02
    assert view_error_of(taker, views, batch_size=3)['threshold_view_mae'] > 0.05
    assert view_error_of(NoDetector(), views) == {}
