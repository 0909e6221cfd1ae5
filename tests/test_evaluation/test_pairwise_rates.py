import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from mmifnd.evaluation import pairwise_rates, true_rates


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-1, 3)), min_size=1, max_size=14), st.integers(1, 5))
def test_equality_of_pseudo_labels_gives_true_rates(images, chunk_size):
    labels, pseudo_labels = (torch.tensor(column) for column in zip(*images))

    def detect(anchors):
        return (pseudo_labels[anchors, None] == pseudo_labels) & (pseudo_labels >= 0)

    np.testing.assert_allclose(
        pairwise_rates(detect, labels, chunk_size=chunk_size), true_rates(labels, pseudo_labels), atol=1e-12)


def test_any_mask_equals_the_loops_over_chosen_anchors():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 4, 30)
    mask = generator.random((30, 30)) < 0.3  # not symmetric, and with a true diagonal here and there
    anchors = np.array([3, 29, 0, 7, 7, 12])
    others = [np.arange(30) != i for i in anchors]
    mtpr = np.mean([mask[i][(labels == labels[i]) & other].mean() for i, other in zip(anchors, others)])
    mtnr = np.mean([(~mask[i])[labels != labels[i]].mean() for i in anchors])
    asked = []

    def detect(indices):
        asked.append(len(indices))
        return mask[indices.numpy()]

    assert pairwise_rates(detect, labels, anchors, chunk_size=4) == pytest.approx((mtpr, mtnr), abs=1e-12)
    assert asked == [4, 2]


def test_what_a_detector_says_of_the_anchor_itself_is_ignored():
    labels = [0, 0, 1, 1, 1]
    same = torch.tensor(labels)[:, None] == torch.tensor(labels)
    without_self = same & ~torch.eye(5, dtype=torch.bool)
    for mask in (same, without_self):
        assert pairwise_rates(lambda anchors, mask=mask: mask[anchors], labels) == (1.0, 1.0)


def test_undefined_rates_are_nan():
    mtpr, mtnr = pairwise_rates(lambda anchors: torch.zeros(len(anchors), 3, dtype=torch.bool), [0, 0, 1], [2])
    assert np.isnan(mtpr) and mtnr == 1.0


@pytest.mark.parametrize('answer, anchors, message', [
    (torch.zeros(2, 3), None, r'returned torch.float32 of shape \(2, 3\); expected torch.bool of shape \(3, 3\)'),
    (torch.zeros(3, 2, dtype=torch.bool), None, r'shape \(3, 2\); expected torch.bool of shape \(3, 3\)'),
    (None, [0, 3], r'anchors hold 3, but there are 3 images; expected indices in \[0, 3\)'),
    (None, [], 'anchors is empty'),
])
def test_errors_say_what_is_wrong(answer, anchors, message):
    with pytest.raises(ValueError, match=message):
        pairwise_rates(lambda indices: answer, [0, 0, 1], anchors)


def test_chunk_of_nothing_is_refused():
    with pytest.raises(ValueError, match='chunk_size=0'):
        pairwise_rates(lambda indices: None, [0, 1], chunk_size=0)
