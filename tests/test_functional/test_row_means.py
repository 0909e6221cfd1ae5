"""Means of rows that mean the same, against loops."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, strategies as st

from mmifnd.functional import first_of_label, mean_by_label, mean_with_detected

EXACT = dict(atol=1e-9, rtol=1e-9)


def unit_rows(count, seed=0, dtype=torch.float64, dim=3):
    return F.normalize(torch.randn(count, dim, generator=torch.Generator().manual_seed(seed), dtype=dtype), dim=1)


@given(st.lists(st.integers(-1, 3), min_size=1, max_size=12), st.booleans())
def test_means_by_label_against_loops(labels, renormalize):
    rows, labels = unit_rows(len(labels)), torch.tensor(labels)
    found = mean_by_label(rows, labels, renormalize)
    for position, label in enumerate(labels.tolist()):
        members = [row for row, other in zip(rows, labels.tolist()) if other == label]
        if label < 0 or len(members) == 1:
            assert found[position].equal(rows[position])
            continue
        expected = sum(members) / len(members)
        torch.testing.assert_close(found[position], F.normalize(expected, dim=0) if renormalize else expected, **EXACT)
        assert all(found[position].equal(found[other]) for other in (labels == label).nonzero().flatten())
    detected = (labels.unsqueeze(1) == labels) & (labels >= 0) & ~torch.eye(len(labels), dtype=torch.bool)
    torch.testing.assert_close(mean_with_detected(rows, rows, detected, renormalize), found, **EXACT)
    torch.testing.assert_close(first_of_label(labels), torch.tensor([
        labels.tolist().index(label) if label >= 0 else position for position, label in enumerate(labels.tolist())]))


def test_means_of_several_crops_at_once():
    rows, labels = torch.stack([unit_rows(6, seed) for seed in (0, 1)], dim=1), torch.tensor([0, 1, 0, -1, 1, 0])
    found = mean_by_label(rows, labels)
    for crop in (0, 1):
        torch.testing.assert_close(found[:, crop], mean_by_label(rows[:, crop], labels), **EXACT)


def test_detection_need_not_be_mutual():
    rows, candidates = unit_rows(2), unit_rows(3, 1)
    found = mean_with_detected(rows, candidates, torch.tensor([[True, False, True], [False] * 3]), renormalize=False)
    torch.testing.assert_close(found[0], (rows[0] + candidates[0] + candidates[2]) / 3, **EXACT)
    assert found[1].equal(rows[1])


def test_means_of_what_does_not_fit():
    with pytest.raises(ValueError, match=r'labels have shape \(3,\); expected \(4,\), one per row'):
        mean_by_label(torch.zeros(4, 2), torch.zeros(3))
    with pytest.raises(ValueError, match=r'detected has shape \(2, 2\); expected \(4, 3\)'):
        mean_with_detected(torch.zeros(4, 2), torch.zeros(3, 2), torch.zeros(2, 2, dtype=torch.bool))
