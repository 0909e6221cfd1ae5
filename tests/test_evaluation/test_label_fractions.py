import numpy as np
import pytest
from hypothesis import given, strategies as st

from mmifnd.evaluation import draw_fraction, label_fraction_accuracy, linear_probe_accuracy


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.floats(0.01, 1), st.integers(0, 100))
def test_takes_the_floor_of_each_class(labels, fraction, seed):
    labels = np.array(labels)
    _, sizes = np.unique(labels, return_counts=True)
    if (fraction * sizes + 1e-9 < 1).any():
        with pytest.raises(ValueError, match='is less than one image; take'):
            draw_fraction(labels, fraction, seed)
        return
    drawn = draw_fraction(labels, fraction, seed)
    assert (np.diff(drawn) > 0).all()
    for label, size in zip(*np.unique(labels, return_counts=True)):
        assert (labels[drawn] == label).sum() == int(fraction * size + 1e-9)


def test_fractions_of_one_seed_are_nested_and_seeds_differ():
    labels = np.repeat(np.arange(5), 40)
    small, large, other = draw_fraction(labels, 0.1, 1), draw_fraction(labels, 0.5, 1), draw_fraction(labels, 0.1, 2)
    assert set(small) <= set(large) and set(small) != set(other)
    assert len(draw_fraction(labels, 1., 1)) == 200


def test_the_mean_over_draws():
    random = np.random.default_rng(0)
    labels = np.arange(200) % 4
    features = random.normal(size=(200, 6)) + np.eye(6)[labels]
    data = features[:120], labels[:120], features[120:], labels[120:]
    expected = []
    for seed in (7, 8, 9):
        drawn = draw_fraction(labels[:120], 0.1, seed)
        expected.append(linear_probe_accuracy(features[drawn], labels[drawn], features[120:], labels[120:]))
    found = label_fraction_accuracy(*data, fraction=0.1, seed=7)
    assert found.values == pytest.approx(expected) and found.mean == pytest.approx(np.mean(expected))
    assert found.standard_deviation == pytest.approx(np.std(expected, ddof=1))
    whole = label_fraction_accuracy(*data, fraction=1.)
    assert whole.values == (linear_probe_accuracy(*data),)


def test_too_few_labelled_images_are_one_clear_line():
    with pytest.raises(ValueError, match='0.10% of the 20 training images of class 0 is less than one image; take 5.00% or'):
        label_fraction_accuracy(np.eye(40), np.arange(40) % 2, np.eye(40), np.arange(40) % 2, fraction=0.001)
    with pytest.raises(ValueError, match=r'fraction=0 is outside \(0, 1\]'):
        draw_fraction([0, 1], 0, 0)
    with pytest.raises(ValueError, match='num_draws=0 must be at least 1'):
        label_fraction_accuracy(np.eye(2), [0, 1], np.eye(2), [0, 1], fraction=1., num_draws=0)
