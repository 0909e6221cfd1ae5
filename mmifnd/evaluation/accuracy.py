"""Shares of right predictions, in percent."""

import numpy as np

from ._inputs import as_labels, check_same_length


def top1_accuracy(labels, predictions):
    """Share of the images whose predicted class is the true one.

    Args:
        labels (array-like): true classes, integers >= 0, (N,).
        predictions (array-like): predicted classes, integers >= 0, (N,).

    Returns:
        float: percent.

    Raises:
        ValueError: where the lengths differ, or an argument is empty, negative or not of integers.

    Example:
        >>> top1_accuracy([0, 0, 0, 1], [0, 0, 0, 0])
        75.0
    """
    labels, predictions = _as_pair(labels, predictions)
    return 100.0 * float(np.mean(labels == predictions))


def balanced_accuracy(labels, predictions):
    """Mean over the true classes of the share that is predicted right; arguments and errors of :func:`top1_accuracy`.

    Example:
        >>> balanced_accuracy([0, 0, 0, 1], [0, 0, 0, 0])
        50.0
    """
    labels, predictions = _as_pair(labels, predictions)
    _, class_of_image, class_sizes = np.unique(labels, return_inverse=True, return_counts=True)
    right = np.bincount(class_of_image, weights=labels == predictions)
    return 100.0 * float(np.mean(right / class_sizes))


def _as_pair(labels, predictions):
    labels, predictions = as_labels(labels, 'labels'), as_labels(predictions, 'predictions')
    check_same_length(labels, 'labels', predictions, 'predictions')
    return labels, predictions
