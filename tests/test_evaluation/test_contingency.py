"""Cells of two partitions, and scores that are counted on any device."""

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from sklearn.metrics import normalized_mutual_info_score

from mmifnd.evaluation import cluster_change, normalized_mutual_information, true_rates
from mmifnd.evaluation._contingency import contingency
from mmifnd.evaluation._inputs import as_label_tensor


@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 2**40)), min_size=1, max_size=30))
def test_cells_are_those_of_a_loop(images):
    first, second = (torch.tensor(values) for values in zip(*images))
    table = contingency(first, second)
    rows, columns = sorted(set(first.tolist())), sorted(set(second.tolist()))
    found = {(rows[r], columns[c]): n for r, c, n in zip(table.rows, table.columns, table.sizes, strict=True)}
    assert found == Counter(images)
    assert table.row_sizes.tolist() == [first.tolist().count(row) for row in rows]
    assert table.column_sizes.tolist() == [second.tolist().count(column) for column in columns]


def test_nmi_is_that_of_scikit_learn():
    draws = np.random.default_rng(0)
    for images, classes, clusters in ((50, 3, 7), (1000, 10, 100), (5000, 40, 40)):
        labels = draws.integers(classes, size=images)
        assigned = np.where(draws.random(images) < 0.7, labels % clusters, draws.integers(clusters, size=images))
        expected = normalized_mutual_info_score(labels, assigned, average_method='geometric')
        assert normalized_mutual_information(labels, torch.from_numpy(assigned)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize('dtype', [torch.uint8, torch.int16, torch.int32, torch.int64])
def test_tensors_of_any_integers_are_taken(dtype):
    labels = torch.tensor([0, 0, 1, 1], dtype=dtype)
    assert normalized_mutual_information([3, 3, 4, 4], labels) == 1.
    assert true_rates([0, 0, 1, 1], labels) == (1., 1.) and cluster_change(labels, [5, 5, 6, 7]) == 0.25


@pytest.mark.parametrize('values, message', [
    (torch.tensor([1., 2.]), 'expected integers'), (torch.tensor([True]), 'expected integers'),
    (torch.zeros(2, 2, dtype=torch.int64), 'one label per image'), (torch.empty(0, dtype=torch.int64), 'is empty'),
    (torch.tensor([0, -2]), 'holds -2; expected integers >= 0')])
def test_tensors_that_are_no_labels_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        as_label_tensor(values, 'labels')


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
def test_a_gpu_gives_the_same_numbers():
    labels, clusters = torch.arange(1000) % 7, torch.arange(1000) % 11 - 1
    on_gpu = clusters.cuda()
    assert true_rates(labels, on_gpu) == true_rates(labels, clusters)
    assert normalized_mutual_information(labels, on_gpu + 1) == normalized_mutual_information(labels, clusters + 1)
    assert cluster_change(labels, on_gpu) == cluster_change(labels, clusters)
