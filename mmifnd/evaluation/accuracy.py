"""Shares of correct predictions, in percent."""

import numpy as np

from ._inputs import ArrayLike, as_labels, check_same_length


def top1_accuracy(labels: ArrayLike, predictions: ArrayLike) -> float:
    """The share of images whose predicted class is the true one.

    Args:
        labels (array-like): true classes, integers >= 0, (N,).
        predictions (array-like): predicted classes, integers >= 0, (N,).

    Returns:
        float: percent.

    Raises:
        ValueError: if the lengths differ, or an argument is empty, negative or not of integers.

    Example:
        >>> top1_accuracy([0, 0, 0, 1], [0, 0, 0, 0])
        75.0
    """
    labels, predictions = _as_pair(labels, predictions)
    return 100.0 * float(np.mean(labels == predictions))


def balanced_accuracy(labels: ArrayLike, predictions: ArrayLike) -> float:
    """The mean recall of the true classes; arguments and errors of :func:`top1_accuracy`.

    Example:
        >>> balanced_accuracy([0, 0, 0, 1], [0, 0, 0, 0])
        50.0
    """
    labels, predictions = _as_pair(labels, predictions)
    _, class_of_image, class_sizes = np.unique(labels, return_inverse=True, return_counts=True)
    right = np.bincount(class_of_image, weights=labels == predictions)
    return 100.0 * float(np.mean(right / class_sizes))


def majority_accuracy(train_labels: ArrayLike, labels: ArrayLike) -> float:
    """The top-1 accuracy of always predicting the most frequent training class; the lowest of equally frequent ones.

    Arguments and errors of :func:`top1_accuracy`, except that the lengths may differ.

    Example:
        >>> majority_accuracy([0, 1, 1], [0, 1, 1, 1])
        75.0
    """
    labels = as_labels(labels, 'labels')
    classes, sizes = np.unique(as_labels(train_labels, 'train_labels'), return_counts=True)
    return 100.0 * float(np.mean(labels == classes[sizes.argmax()]))


def _as_pair(labels: ArrayLike, predictions: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    labels, predictions = as_labels(labels, 'labels'), as_labels(predictions, 'predictions')
    check_same_length(labels, 'labels', predictions, 'predictions')
    return labels, predictions
