"""Means of clusters against loops, and starts."""

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from mmifnd.clustering import RowShare, lloyd as lloyd_module
from mmifnd.clustering.initial_centroids import random_rows, seeds_of, spread_rows
from mmifnd.clustering.lloyd import _add_sorted, add_by_label, lloyd, means


def share_of(rows):
    return RowShare(rows, torch.arange(len(rows)), len(rows))


@given(rows=st.integers(0, 40), clusters=st.integers(1, 9), seed=st.integers(0, 99))
def test_sums_by_label_are_those_of_a_loop_on_any_device(rows, clusters, seed):
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(rows, 3, generator=generator, dtype=torch.float64)
    labels = torch.randint(clusters, (rows,), generator=generator)
    expected = torch.zeros(clusters, 3, dtype=torch.float64)
    for value, label in zip(values, labels):
        expected[label] += value
    for add in (add_by_label, _add_sorted):  # the latter is what a GPU does
        sums = torch.ones(clusters, 3, dtype=torch.float64)
        add(sums, values, labels)
        torch.testing.assert_close(sums - 1, expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float16])
def test_means_of_chunks_are_means_of_all(monkeypatch, dtype):
    monkeypatch.setattr(lloyd_module, '_ROWS_CPU', 7)
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(100, 4, generator=generator).to(dtype)
    labels = torch.randint(6, (100,), generator=generator)
    found = means(share_of(rows), labels, 6)
    for cluster in range(6):
        torch.testing.assert_close(found[cluster], rows[labels == cluster].double().mean(dim=0).float())
    unit = means(share_of(rows), labels, 6, spherical=True)
    torch.testing.assert_close(unit, torch.nn.functional.normalize(found, dim=1))


def test_iterations_end_when_no_label_changes():
    calls = []

    def assign(rows, centroids):
        calls.append(centroids)
        return torch.tensor([0, 0, 1, 1]), torch.tensor(7., dtype=torch.float64)

    centroids, inertia = lloyd(share_of(torch.tensor([[0.], [2], [8], [10]])), torch.zeros(2, 1), 20, assign=assign)
    assert len(calls) == 2 and centroids.flatten().tolist() == [1, 9] and inertia == 7


def test_random_rows_are_distinct_images():
    rows = torch.arange(50.).unsqueeze(1)
    first, second = random_rows(share_of(rows), 20, seeds_of(3, 2))
    assert len(set(first.flatten().tolist())) == 20 and first.flatten().tolist() != second.flatten().tolist()
    assert random_rows(share_of(rows), 20, seeds_of(3, 2))[1].equal(second)


def test_each_start_of_k_means_plus_plus_is_drawn_by_squared_distance():
    """Of three places, the second centroid is at 1 or at 3 from the first: nine times as often at 3."""
    rows = torch.tensor([[0.], [1.], [3.]])
    second = [start[1].item() for start in spread_rows(share_of(rows), 2, list(range(2000))) if start[0] == 0]
    assert len(second) > 500 and 0 not in second
    assert np.mean([place == 3 for place in second]) == pytest.approx(0.9, abs=0.04)


def test_k_means_plus_plus_of_equal_rows_ends():
    assert spread_rows(share_of(torch.ones(10, 3)), 4, [0])[0].equal(torch.ones(4, 3))


def test_subset_and_sample_draw_the_same_images():
    rows = torch.arange(40.).unsqueeze(1)
    share = RowShare(rows.flip(0), torch.arange(40).flip(0), 40)
    subset = share.subset(13, 5)
    assert subset.total == 13 and sorted(subset.index.tolist()) == list(range(13))
    assert subset.spread(subset.features.squeeze(1)).equal(share.sample(13, 5).squeeze(1))


def test_images_without_a_row_are_left_out_of_the_numbering():
    seen = torch.tensor([True, False, True, True, False])
    share = RowShare(torch.tensor([[3.], [0.], [2.]]), torch.tensor([3, 0, 2]), 5).compact(seen)
    assert share.total == 3 and share.spread(share.features.squeeze(1)).tolist() == [0, 2, 3]


def test_rows_of_given_images():
    share = RowShare(torch.tensor([[3.], [1.], [2.]]), torch.tensor([3, 1, 2]), 5)
    assert share.rows_of(torch.tensor([1, 3, 4])).flatten().tolist() == [1, 3, 0]
