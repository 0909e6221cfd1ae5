"""Weighted k-nearest-neighbour classification by cosine similarity (Wu et al. 2018, arXiv 1805.01978; DINO's protocol).

Shapes: N training images, Q evaluated images, D dimensions, k neighbours, C classes.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from mmifnd.checks import check_at_least, check_positive

from ._inputs import ArrayLike, as_features, as_labels, check_same_length, check_same_width
from .accuracy import top1_accuracy

_MAX_SIMILARITIES = 2**25  # similarities in memory at once: 128 MiB in float32


def knn_votes(train_features: ArrayLike, train_labels: ArrayLike, features: ArrayLike, k: int = 20,
              temperature: float = 0.07, num_classes: int | None = None) -> Tensor:
    """The votes of the k nearest training images: v_c = sum of exp(s_j / T) over the neighbours j of class c.

    s is the cosine similarity; features need not have unit norm (a zero vector has similarity 0 to all). The votes are
    raw: in float32 exp(1 / T) overflows below T = 0.0113. :func:`knn_predict` is safe for every T.

    Args:
        train_features (array-like): (N, D).
        train_labels (array-like): integers >= 0, (N,).
        features (array-like): (Q, D); computed on their device.
        k (int): neighbours that vote, 1 to N; 10, 20, 100 and 200 are usual.
        temperature (float): T > 0.
        num_classes (int, optional): C; default: the largest training label + 1.

    Returns:
        Tensor: (Q, C), float64 if features are, else float32.

    Raises:
        ValueError: if shapes do not fit, k is not in [1, N], T is not positive, or a label is not in [0, C).

    Example:
        >>> knn_votes([[1.0, 0.0], [0.0, 1.0]], [0, 1], [[1.0, 0.0]], k=2, temperature=1.0)
        tensor([[2.7183, 1.0000]])
    """
    similarity, voted, num_classes = _neighbours(train_features, train_labels, features, k, temperature, num_classes)
    return _count_votes((similarity / temperature).exp(), voted, num_classes)


def knn_predict(train_features: ArrayLike, train_labels: ArrayLike, features: ArrayLike, k: int = 20,
                temperature: float = 0.07, num_classes: int | None = None) -> Tensor:
    """The class with the most votes; arguments and errors of :func:`knn_votes`.

    The largest similarity of each row is subtracted before the exponential, which keeps the order and cannot overflow.
    If votes are equal, the lower class wins.

    Returns:
        Tensor: int64, (Q,).

    Example:
        >>> knn_predict([[1.0, 0.0], [0.0, 1.0]], [0, 1], [[0.9, 0.1], [0.2, 0.8]], k=1)
        tensor([0, 1])
    """
    similarity, voted, num_classes = _neighbours(train_features, train_labels, features, k, temperature, num_classes)
    weights = ((similarity - similarity.amax(1, keepdim=True)) / temperature).exp()
    return _count_votes(weights, voted, num_classes).argmax(1)


def knn_accuracy(train_features: ArrayLike, train_labels: ArrayLike, features: ArrayLike, labels: ArrayLike, k: int = 20,
                 temperature: float = 0.07, num_classes: int | None = None) -> float:
    """The top-1 accuracy of :func:`knn_predict` in percent.

    Args:
        train_features (array-like): see :func:`knn_votes`, as is every other argument but ``labels``.
        train_labels (array-like): integers >= 0, (N,).
        features (array-like): (Q, D).
        labels (array-like): true classes of ``features``, integers >= 0, (Q,). A class that the training set lacks
            counts as wrong.
        k (int): neighbours that vote.
        temperature (float): T > 0.
        num_classes (int, optional): C.

    Returns:
        float: percent.

    Raises:
        ValueError: as :func:`knn_votes`, or if labels and features differ in length.

    Example:
        >>> knn_accuracy([[1.0, 0.0], [0.0, 1.0]], [0, 1], [[0.9, 0.1], [0.2, 0.8]], [0, 0], k=1)
        50.0
    """
    check_same_length(features, 'features', labels, 'labels')
    return top1_accuracy(labels, knn_predict(train_features, train_labels, features, k, temperature, num_classes))


def _neighbours(train_features: ArrayLike, train_labels: ArrayLike, features: ArrayLike, k: int, temperature: float,
                num_classes: int | None) -> tuple[Tensor, Tensor, int]:
    """The similarities (Q, k) and labels (Q, k) of the nearest training images, and the number of classes."""
    features = as_features(features, 'features')
    train_features = as_features(train_features, 'train_features').to(features)
    classes = torch.from_numpy(as_labels(train_labels, 'train_labels')).to(features.device)
    check_same_length(train_features, 'train_features', classes, 'train_labels')
    check_same_width(train_features, features)
    num_classes = _check_settings(k, temperature, num_classes, classes)

    train_features = F.normalize(train_features, dim=1)
    chunks = F.normalize(features, dim=1).split(max(1, _MAX_SIMILARITIES // len(train_features)))
    nearest = [(chunk @ train_features.mT).topk(k, dim=1) for chunk in chunks]
    similarity, position = (torch.cat(parts) for parts in zip(*nearest, strict=True))
    return similarity, classes[position], num_classes


def _check_settings(k: int, temperature: float, num_classes: int | None, train_labels: Tensor) -> int:
    num_images = len(train_labels)
    if k > num_images:
        raise ValueError(f'k={k} exceeds the {num_images} images of the training set; choose at most {num_images}')
    check_at_least('k', k, 1, remedy='20 is usual')
    check_positive('temperature', temperature, remedy='0.07 is usual')
    least = int(train_labels.max()) + 1
    if num_classes is not None and num_classes < least:
        raise ValueError(f'num_classes={num_classes}, but train_labels hold {least - 1}; expected at least {least}')
    return num_classes or least


def _count_votes(weights: Tensor, voted: Tensor, num_classes: int) -> Tensor:
    """The sums of the weights (Q, k) by class, (Q, C)."""
    return weights.new_zeros(len(weights), num_classes).scatter_add_(1, voted, weights)
