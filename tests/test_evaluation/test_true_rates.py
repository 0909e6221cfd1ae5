from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from mmifnd.evaluation import true_rates

GOLDEN = np.load(Path(__file__).parents[1] / 'data' / 'ifnd_golden.npz')


@st.composite
def labelled_images(draw):
    size = draw(st.integers(1, 14))
    labels = draw(st.lists(st.integers(0, 3), min_size=size, max_size=size))
    pseudo_labels = draw(st.lists(st.integers(-1, 3), min_size=size, max_size=size))
    return labels, pseudo_labels


def rates_by_loops(labels, pseudo_labels):
    """The definition, anchor by anchor and pair by pair."""
    true_positive, true_negative = [], []
    for i in range(len(labels)):
        found = same = left_alone = different = 0
        for j in range(len(labels)):
            if j == i:
                continue
            detected = pseudo_labels[j] == pseudo_labels[i] and pseudo_labels[i] >= 0
            if labels[j] == labels[i]:
                same += 1
                found += detected
            else:
                different += 1
                left_alone += not detected
        if same:
            true_positive.append(found / same)
        if different:
            true_negative.append(left_alone / different)
    return [np.mean(rates) if rates else np.nan for rates in (true_positive, true_negative)]


def test_golden_example():
    rates = true_rates(GOLDEN['g7_true'], GOLDEN['g7_pseudo'])
    np.testing.assert_allclose(rates, [GOLDEN['g7_mtpr'], GOLDEN['g7_mtnr']], rtol=0, atol=1e-9)


def test_nothing_accepted_finds_nothing_and_wrongs_nobody():
    rates = true_rates(GOLDEN['g7_true'], np.full(8, -1))
    assert rates == tuple(GOLDEN['g7_none_accepted']) == (0.0, 1.0)


def test_true_classes_as_pseudo_labels_are_perfect():
    labels = [0, 0, 0, 0, 1, 1, 1, 2, 2]
    assert true_rates(labels, [9 - label for label in labels]) == (1.0, 1.0)


@settings(deadline=None)
@given(labelled_images())
def test_equals_the_loops(images):
    np.testing.assert_allclose(true_rates(*images), rates_by_loops(*images), atol=1e-12)


@settings(deadline=None)
@given(labelled_images(), st.randoms())
def test_order_of_images_and_names_of_clusters_do_not_matter(images, random):
    order = random.sample(range(len(images[0])), len(images[0]))
    labels = [5 * images[0][i] for i in order]
    pseudo_labels = [1000 - images[1][i] if images[1][i] >= 0 else -1 for i in order]
    np.testing.assert_allclose(true_rates(labels, pseudo_labels), true_rates(*images), atol=1e-12)


@settings(deadline=None)
@given(labelled_images())
def test_rates_lie_between_0_and_1(images):
    rates = np.array(true_rates(*images))
    assert np.all(np.isnan(rates) | ((rates >= -1e-12) & (rates <= 1 + 1e-12)))


def test_undefined_rates_are_nan():
    mtpr, mtnr = true_rates([0, 1, 2], [4, 4, -1])
    assert np.isnan(mtpr) and mtnr == pytest.approx(2 / 3)
    mtpr, mtnr = true_rates([3, 3, 3], [4, 4, -1])
    assert mtpr == pytest.approx(1 / 3) and np.isnan(mtnr)


def test_million_images_neither_overflow_nor_need_pairs():
    half = 500_000
    labels = np.repeat(np.array([0, 1], dtype=np.int32), half)
    pseudo_labels = np.zeros(2 * half, dtype=np.int32)
    assert true_rates(labels, pseudo_labels) == (1.0, 0.0)
    pseudo_labels[half:] = -1
    assert true_rates(labels, pseudo_labels) == (0.5, 1.0)


@pytest.mark.parametrize('convert', [torch.tensor, np.array, tuple, lambda values: np.array(values, dtype=np.int8)])
def test_any_container(convert):
    assert true_rates(convert([0, 0, 1, 1]), convert([7, 7, 7, -1])) == (0.5, 0.5)


@pytest.mark.parametrize('labels, pseudo_labels, message', [
    ([0, 1], [0, 1, 1], 'labels has 2 entries but pseudo_labels has 3'),
    ([0, -1], [0, 1], 'labels holds -1; expected integers >= 0'),
    ([], [], 'labels is empty'),
    ([0.5, 1.0], [0, 1], 'labels is of type float64; expected integers'),
    ([[0, 1]], [0, 1], r'labels has shape \(1, 2\)'),
])
def test_errors_say_what_is_wrong(labels, pseudo_labels, message):
    with pytest.raises(ValueError, match=message):
        true_rates(labels, pseudo_labels)
