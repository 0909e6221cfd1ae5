import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from mmifnd.evaluation import group_accuracy, linear_probe_predict, majority_accuracy

GROUPS = {0: 4, 1: 4, 2: 4, 3: 9}


@pytest.fixture(scope='module')
def images():
    random = np.random.default_rng(0)
    labels = random.integers(0, 4, 150)
    features = random.normal(size=(150, 5)) + np.eye(5)[labels]
    return features[:90], labels[:90], features[90:], labels[90:]


def test_equals_scikit_learn_on_the_groups(images):
    train_features, train_labels, features, labels = images
    train_groups, groups = (np.array([GROUPS[label] for label in values]) for values in (train_labels, labels))
    predicted = linear_probe_predict(train_features, train_groups, features)
    found = group_accuracy(*images, GROUPS)
    assert found.top1 == pytest.approx(100 * accuracy_score(groups, predicted), abs=1e-6)
    assert found.balanced == pytest.approx(100 * balanced_accuracy_score(groups, predicted), abs=1e-6)
    assert found.majority == pytest.approx(100 * np.mean(groups == 4), abs=1e-6)
    assert found.num_groups == 2


def test_the_largest_group_of_the_training_set_counts():
    assert majority_accuracy([0, 1, 1], [0, 0, 1, 5]) == 25
    assert majority_accuracy([2, 1], [1, 2]) == 50  # the lower one of equal classes


def test_the_majority_is_that_of_the_training_images(images):
    train_features, train_labels, features, labels = images
    is_other = labels == 3  # the smaller group of the training images, and the larger one of these
    chosen = np.concatenate([np.flatnonzero(is_other)[:5], np.flatnonzero(~is_other)[:3]])
    found = group_accuracy(train_features, train_labels, features[chosen], labels[chosen], GROUPS)
    assert found.majority == 100 * 3 / 8


def test_a_class_without_a_group_is_named(images):
    with pytest.raises(ValueError, match='1 of 4 classes have no group, such as class 3; give one per class'):
        group_accuracy(*images, {0: 1, 1: 1, 2: 2})
