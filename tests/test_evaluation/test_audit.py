"""Shares and scores of an audit against the definition, pair by pair."""

import doctest

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, strategies as st

from mmifnd.evaluation import audit
from mmifnd.evaluation.audit import batch_of_first, cluster_estimate, expected_false_negatives, quantile_estimate


def test_examples_of_the_docstrings():
    result = doctest.testmod(audit)
    assert result.attempted and not result.failed


@st.composite
def clustered_images(draw):
    size = draw(st.integers(2, 12))
    return (draw(st.lists(st.integers(-1, 3), min_size=size, max_size=size)),
            draw(st.lists(st.integers(0, 3), min_size=size, max_size=size)))


@given(clustered_images())
def test_clusters_by_loops(images):
    clusters, labels = images
    pairs = [(i, j) for i in range(len(labels)) for j in range(len(labels)) if i != j]
    found = [(i, j) for i, j in pairs if clusters[i] == clusters[j] >= 0]
    true = [(i, j) for i, j in pairs if labels[i] == labels[j]]
    hits = len(set(found) & set(true))
    estimate = cluster_estimate(clusters, labels)
    assert estimate.share == cluster_estimate(clusters).share == pytest.approx(len(found) / len(pairs))
    assert estimate.scores.precision_micro == pytest.approx(hits / max(len(found), 1))
    assert estimate.scores.recall_micro == pytest.approx(hits / max(len(true), 1))
    assert estimate.scores.true_share == pytest.approx(len(true) / len(pairs))


@pytest.mark.parametrize('alpha', [0.05, 0.2, 0.5])
def test_quantile_by_loops(alpha):
    features = torch.randn(21, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    labels = np.arange(21) % 3
    unit = F.normalize(features, dim=1)
    hits = found = 0
    for i in range(21):
        others = sorted((j for j in range(21) if j != i), key=lambda j: -float(unit[i] @ unit[j]))
        nearest = others[:int(np.ceil(alpha * 20 - 1e-9))]
        found += len(nearest)
        hits += sum(labels[j] == labels[i] for j in nearest)
    estimate = quantile_estimate(features, alpha, labels, chunk_size=4)
    assert estimate.share == pytest.approx(found / 420) == quantile_estimate(features, alpha).share
    assert estimate.scores.precision_micro == pytest.approx(hits / found)


def test_quantile_of_some_anchors():
    features = torch.randn(40, 4, generator=torch.Generator().manual_seed(1))
    estimate = quantile_estimate(features, 0.1, anchors=[0, 7, 21])
    assert estimate.share == pytest.approx(np.ceil(0.1 * 39) / 39)


@pytest.mark.parametrize('share', [0.5, 0.1, 1 / 3, 0.01, 1.])
def test_batch_of_first_is_the_smallest(share):
    batch = batch_of_first(share)
    assert expected_false_negatives(share, batch - 1) >= 1 - 1e-9 > expected_false_negatives(share, batch - 2)
    assert batch_of_first(0.) is None


def test_bad_input():
    with pytest.raises(ValueError, match='1 image has no negatives'):
        cluster_estimate([0])
    with pytest.raises(ValueError, match='labels has 2 entries but clusters has 3'):
        cluster_estimate([0, 0, 1], [0, 1])
    with pytest.raises(ValueError, match='alpha=1.5 is outside'):
        quantile_estimate(torch.randn(4, 2), 1.5)
    with pytest.raises(ValueError, match='features holds NaN'):
        quantile_estimate(torch.full((4, 2), torch.nan), 0.5)
