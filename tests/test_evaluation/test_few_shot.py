import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestCentroid
from sklearn.preprocessing import StandardScaler

from mmifnd.evaluation import affordable_draws, draw_supports, few_shot, few_shot_accuracy


@pytest.fixture(scope='module')
def images():
    generator = np.random.default_rng(2)
    labels = np.array([2, 3, 5, 8])[generator.integers(0, 4, 160)]
    features = generator.normal(size=(160, 9)) + 1.5 * np.eye(9)[labels]
    # As after a ReLU: constant in many a support set, but not in the images to be classified.
    features[:, 1] = np.where(features[:, 1] > 0.5, features[:, 1], 0.0)
    features[:, 0] = 4.0
    return features[:60], labels[:60], features[60:], labels[60:]


@pytest.mark.parametrize('shots', [1, 3])
def test_each_draw_equals_scikit_learn(images, shots):
    train_features, train_labels, features, labels = images
    result = few_shot_accuracy(*images, shots=shots, num_draws=6, seed=4)
    for draw, support in enumerate(draw_supports(train_labels, shots, 6, seed=4)):
        x, y = train_features[support.ravel()], train_labels[support.ravel()]
        scaler = StandardScaler().fit(x)
        keep = x.std(0) > 0
        regression = LogisticRegression(C=1 / (1e-2 * len(y)), tol=1e-10, max_iter=10_000)
        regression.fit(scaler.transform(x)[:, keep], y)
        logistic = 100 * regression.score(scaler.transform(features)[:, keep], labels)
        centroids = np.stack([x[y == c].mean(0) for c in (2, 3, 5, 8)])
        distance = np.linalg.norm(features[:, None] - centroids, axis=-1)
        nearest_mean = 100 * np.mean(np.array([2, 3, 5, 8])[distance.argmin(1)] == labels)
        assert result.logistic.values[draw] == pytest.approx(logistic, abs=1e-9)
        assert result.nearest_mean.values[draw] == pytest.approx(nearest_mean, abs=1e-9)


def test_nearest_mean_equals_scikit_learns_on_all_images():
    generator = np.random.default_rng(3)
    train_labels = np.repeat([0, 1, 2], 5)
    train_features = generator.normal(size=(15, 4)) + np.eye(4)[train_labels]
    features, labels = generator.normal(size=(200, 4)), generator.integers(0, 3, 200)
    expected = 100 * NearestCentroid().fit(train_features, train_labels).score(features, labels)
    result = few_shot_accuracy(train_features, train_labels, features, labels, shots=5, num_draws=2)
    assert result.nearest_mean.values == pytest.approx((expected, expected), abs=1e-9)


def test_summary_is_mean_and_sample_deviation_of_the_draws(images):
    result = few_shot_accuracy(*images, num_draws=8)
    for summary in result:
        assert len(set(summary.values)) > 1
        assert summary.mean == pytest.approx(np.mean(summary.values))
        assert summary.standard_deviation == pytest.approx(np.std(summary.values, ddof=1))
    assert few_shot_accuracy(*images, num_draws=1).logistic.standard_deviation is None


def test_units_of_features_do_not_matter(images):
    train_features, train_labels, features, labels = images
    tiny = few_shot_accuracy(1e-8 * train_features, train_labels, 1e-8 * features, labels, num_draws=5)
    assert tiny == few_shot_accuracy(*images, num_draws=5)


def test_chunks_and_containers_do_not_change_the_result(images, monkeypatch):
    whole = few_shot_accuracy(*images, shots=2, num_draws=7)
    monkeypatch.setattr(few_shot, '_MAX_SUPPORT_NUMBERS', 3 * 4 * 2 * 9)
    assert few_shot_accuracy(*(torch.as_tensor(values) for values in images), shots=2, num_draws=7) == whole


def test_class_without_training_images_counts_as_wrong(images):
    train_features, train_labels, features, labels = images
    known = few_shot_accuracy(*images, num_draws=3)
    for unknown in (0, 4, 9):  # below, between and above the known classes
        half = few_shot_accuracy(train_features, train_labels, np.concatenate([features, features]),
                                 np.concatenate([labels, np.full(100, unknown)]), num_draws=3)
        assert half.logistic.values == pytest.approx([value / 2 for value in known.logistic.values])


def test_draws_hold_different_images_of_each_class():
    labels = np.array([5, 1, 5, 1, 1, 5, 5, 9, 9, 9])
    supports = draw_supports(labels, shots=3, num_draws=50)
    assert supports.shape == (50, 3, 3)
    for support in supports:
        assert labels[support].tolist() == [[1] * 3, [5] * 3, [9] * 3]
        assert len(np.unique(support)) == 9


def test_draws_are_uniform():
    labels = np.repeat([0, 1], [4, 6])
    counts = np.bincount(draw_supports(labels, shots=2, num_draws=3000).ravel(), minlength=10)
    expected = 3000 * 2 / np.repeat([4, 6], [4, 6])  # 1500 and 1000, standard deviation 27
    assert np.abs(counts - expected).max() < 120


def test_draws_depend_on_seed_shots_and_labels_alone():
    labels = np.arange(40) % 4
    few, many = draw_supports(labels, 2, 3, seed=1), draw_supports(torch.as_tensor(labels), 2, 9, seed=1)
    assert np.array_equal(few, many[:3])
    assert not np.array_equal(few, draw_supports(labels, 2, 3, seed=2))


def test_draws_are_the_same_on_every_version_of_numpy():
    # Recorded: published numbers rest on these draws.
    supports = draw_supports([0, 0, 0, 0, 1, 1, 1, 1], shots=2, num_draws=2, seed=0)
    assert supports.tolist() == [[[0, 2], [6, 5]], [[0, 1], [7, 6]]]


@pytest.mark.parametrize('change, message', [
    (dict(train_labels=[0, 0, 3, 3, 3], shots=3), 'class 0 has 2 training images, but shots=3; choose shots <= 2'),
    (dict(train_labels=[1] * 5), 'train_labels hold class 1 only'),
    (dict(train_labels=[0, 1]), 'train_features has 5 entries but train_labels has 2'),
    (dict(labels=[0, 1]), 'features has 1 entries but labels has 2'),
    (dict(features=[[0.0, 1.0]]), 'features have 2 dimensions but train_features have 1'),
    (dict(shots=0), 'shots=0 must be at least 1'),
    (dict(num_draws=0), 'num_draws=0 must be at least 1'),
    (dict(seed=-1), 'seed=-1 must be at least 0'),
    (dict(l2=0.0), 'l2=0.0 is not positive; 0.01 is usual'),
])
def test_errors_say_what_is_wrong(change, message):
    arguments = dict(train_features=[[0.0], [0.1], [0.9], [1.0], [1.1]], train_labels=[0, 0, 3, 3, 3],
                     features=[[0.5]], labels=[3]) | change
    with pytest.raises(ValueError, match=message):
        few_shot_accuracy(**arguments)


def test_an_offset_far_larger_than_the_spread_costs_no_digits(images):
    """Predictions are made in float32, of features relative to their mean."""
    train_features, train_labels, features, labels = images
    expected = few_shot_accuracy(*images, num_draws=20)
    moved = few_shot_accuracy((train_features + 1000).astype(np.float32), train_labels, (features + 1000).astype(np.float32),
                              labels, num_draws=20)
    for name in ('logistic', 'nearest_mean'):
        assert getattr(moved, name).mean == pytest.approx(getattr(expected, name).mean, abs=0.5)


@pytest.mark.parametrize('classes, shots, expected', [(10, 1, 200), (10, 5, 200), (100, 5, 200), (1000, 1, 20), (1000, 5, 3)])
def test_draws_are_bounded_by_what_they_cost(classes, shots, expected):
    assert affordable_draws(200, classes, shots, 2048, 1e13) == expected
    assert affordable_draws(2, classes, shots, 2048, 1.) == 2
