"""Classification of one set of features into coarser and coarser groups of classes (IFND, Table 5 and Fig. 1)."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ._inputs import ArrayLike, as_labels
from .accuracy import balanced_accuracy, majority_accuracy, top1_accuracy
from .linear_probe import linear_probe_predict


class GroupAccuracy(NamedTuple):
    """Accuracies in percent.

    Attributes:
        top1 (float): share of images classified correctly.
        balanced (float): mean recall of the groups.
        majority (float): top-1 accuracy of always predicting the largest group of the training set.
        num_groups (int): number of groups in the training set.
    """

    top1: float
    balanced: float
    majority: float
    num_groups: int


def group_accuracy(train_features: ArrayLike, train_labels: ArrayLike, features: ArrayLike, labels: ArrayLike,
                   group_of_class: Mapping[int, int], l2: float = 1e-4) -> GroupAccuracy:
    """The accuracy of linear classification of frozen features into groups of classes.

    At WordNet depth 3, 946 of ImageNet's 1000 classes form one group, so top-1 alone says little there.

    Args:
        train_features (array-like): (N, D).
        train_labels (array-like): classes, integers >= 0, (N,).
        features (array-like): (Q, D).
        labels (array-like): classes, (Q,).
        group_of_class (Mapping[int, int]): group, an integer >= 0, of every class.
        l2 (float): weight of the penalty of :func:`~mmifnd.evaluation.linear_probe_predict`.

    Raises:
        ValueError: if shapes do not fit, a class has no group, or all training images are in one group.

    Example:
        >>> group_accuracy([[0.], [.1], [.9], [1.]], [0, 1, 2, 2], [[.2], [.8]], [1, 2], {0: 0, 1: 0, 2: 1})
        GroupAccuracy(top1=100.0, balanced=100.0, majority=50.0, num_groups=2)
    """
    train_groups, groups = groups_of(train_labels, group_of_class), groups_of(labels, group_of_class)
    predicted = linear_probe_predict(train_features, train_groups, features, l2)
    return GroupAccuracy(top1_accuracy(groups, predicted), balanced_accuracy(groups, predicted),
                         majority_accuracy(train_groups, groups), len(np.unique(train_groups)))


def groups_of(labels: ArrayLike, group_of_class: Mapping[int, int]) -> np.ndarray:
    """The group of each image, int64 (N,).

    Raises:
        ValueError: if a class has no group.
    """
    labels = as_labels(labels, 'labels')
    classes, position = np.unique(labels, return_inverse=True)
    missing = [int(label) for label in classes if int(label) not in group_of_class]
    if missing:
        raise ValueError(f'{len(missing)} of {len(classes)} classes have no group, such as class {missing[0]}; '
                         'give one per class')
    return np.array([group_of_class[int(label)] for label in classes], dtype=np.int64)[position]
