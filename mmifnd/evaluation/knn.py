"""Weighted k-nearest-neighbour classification by cosine similarity (Wu et al. 2018, arXiv 1805.01978; DINO's protocol).

Shapes: N training images, Q evaluated images, D dimensions, k neighbours, C classes.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmifnd.checks import check_at_least, check_divisor

from ._inputs import ArrayLike, as_features, as_labels, check_same_length, check_same_width
from .accuracy import top1_accuracy

_MAX_SIMILARITIES = 2**25  # similarities in memory at once: 128 MiB in float32
_MAX_VOTES = 2**31  # of one result: 8 GiB in float32


def knn_votes(train_features: ArrayLike, train_labels: ArrayLike, features: ArrayLike, k: int = 20,
              temperature: float = 0.07, num_classes: int | None = None, train_ids: ArrayLike | None = None,
              ids: ArrayLike | None = None) -> Tensor:
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
        train_ids (array-like, optional): integers, (N,), given together with ``ids``: which image each row shows. A training
            image does not vote on an evaluated image of the same number, so that no image is its own neighbour.
        ids (array-like, optional): integers, (Q,), likewise of the evaluated images.

    Returns:
        Tensor: (Q, C), float64 if features are, else float32.

    Raises:
        ValueError: if shapes do not fit, k is not in [1, N] or exceeds what is left of N without the evaluated image itself,
            T is not positive, a label is not in [0, C), or only one of ``train_ids`` and ``ids`` is given.

    Example:
        >>> knn_votes([[1.0, 0.0], [0.0, 1.0]], [0, 1], [[1.0, 0.0]], k=2, temperature=1.0)
        tensor([[2.7183, 1.0000]])
    """
    similarity, voted = _neighbours(train_features, train_labels, features, k, temperature, train_ids, ids)
    num_classes = _checked_classes(num_classes, train_labels, len(similarity))
    return _count_votes((similarity / temperature).exp(), voted, num_classes)


def knn_predict(train_features: ArrayLike, train_labels: ArrayLike, features: ArrayLike, k: int = 20,
                temperature: float = 0.07, num_classes: int | None = None, train_ids: ArrayLike | None = None,
                ids: ArrayLike | None = None) -> Tensor:
    """The class with the most votes; arguments and errors of :func:`knn_votes`.

    The largest similarity of each row is subtracted before the exponential, which keeps the order and cannot overflow.
    If votes are equal, the lower class wins. Memory follows from the number of classes, not from the largest label.

    Returns:
        Tensor: int64, (Q,).

    Example:
        >>> knn_predict([[1.0, 0.0], [0.0, 1.0]], [0, 1], [[0.9, 0.1], [0.2, 0.8]], k=1)
        tensor([0, 1])
    """
    if num_classes is not None:
        _checked_classes(num_classes, train_labels, 0)
    similarity, voted = _neighbours(train_features, train_labels, features, k, temperature, train_ids, ids)
    weights = ((similarity - similarity.amax(1, keepdim=True)) / temperature).exp()
    classes, place = voted.unique(return_inverse=True)  # labels may be large numbers, such as those of a catalogue
    winner: Tensor = classes[_count_votes(weights, place, len(classes)).argmax(1)]
    return winner


def knn_accuracy(train_features: ArrayLike, train_labels: ArrayLike, features: ArrayLike, labels: ArrayLike, k: int = 20,
                 temperature: float = 0.07, num_classes: int | None = None, train_ids: ArrayLike | None = None,
                 ids: ArrayLike | None = None) -> float:
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
    return top1_accuracy(labels, knn_predict(train_features, train_labels, features, k, temperature, num_classes,
                                             train_ids, ids))


def _neighbours(train_features: ArrayLike, train_labels: ArrayLike, features: ArrayLike, k: int, temperature: float,
                train_ids: ArrayLike | None, ids: ArrayLike | None) -> tuple[Tensor, Tensor]:
    """The similarities (Q, k) and labels (Q, k) of the nearest training images."""
    features = as_features(features, 'features')
    train_features = as_features(train_features, 'train_features').to(features)
    classes = torch.from_numpy(as_labels(train_labels, 'train_labels')).to(features.device)
    check_same_length(train_features, 'train_features', classes, 'train_labels')
    check_same_width(train_features, features)
    _check_settings(k, temperature, len(classes))

    train_features, features = F.normalize(train_features, dim=1), F.normalize(features, dim=1)
    own_rows = _own_rows(train_ids, ids, train_features, features, k)
    size = max(1, _MAX_SIMILARITIES // len(train_features))
    nearest = []
    for start in range(0, len(features), size):
        similarities = features[start:start + size] @ train_features.mT
        if own_rows is not None:
            similarities.masked_fill_(own_rows[1][start:start + size, None] == own_rows[0], -torch.inf)
        nearest.append(similarities.topk(k, dim=1))
    similarity, position = (torch.cat(parts) for parts in zip(*nearest, strict=True))
    return similarity, classes[position]


def _own_rows(train_ids: ArrayLike | None, ids: ArrayLike | None, train_features: Tensor, features: Tensor,
              k: int) -> tuple[Tensor, Tensor] | None:
    """The numbers of training and evaluated images, on their device; None if no training image is evaluated."""
    if (train_ids is None) != (ids is None):
        raise ValueError('train_ids and ids tell which images are the same; give both or none')
    if train_ids is None or ids is None:
        return None
    train_ids, ids = as_labels(train_ids, 'train_ids', None), as_labels(ids, 'ids', None)
    check_same_length(train_features, 'train_features', train_ids, 'train_ids')
    check_same_length(features, 'features', ids, 'ids')
    values, counts = np.unique(train_ids, return_counts=True)
    most = counts[np.isin(values, ids)].max(initial=0)
    if not most:
        return None
    if k > (left := len(train_ids) - most):
        raise ValueError(f'k={k} exceeds the {left} images of the training set that remain without the evaluated image '
                         f'itself; choose at most {left}')
    return torch.from_numpy(train_ids).to(features.device), torch.from_numpy(ids).to(features.device)


def _check_settings(k: int, temperature: float, num_images: int) -> None:
    if k > num_images:
        raise ValueError(f'k={k} exceeds the {num_images} images of the training set; choose at most {num_images}')
    check_at_least('k', k, 1, remedy='20 is usual')
    check_divisor('temperature', temperature, remedy='0.07 is usual')


def _checked_classes(num_classes: int | None, train_labels: ArrayLike, num_rows: int) -> int:
    """The number of columns of the votes: ``num_classes``, or the largest label + 1."""
    largest = int(as_labels(train_labels, 'train_labels').max())
    if num_classes is not None and num_classes <= largest:
        raise ValueError(f'num_classes={num_classes}, but train_labels hold {largest}; expected at least {largest + 1}')
    columns = num_classes or largest + 1
    if num_rows * columns > _MAX_VOTES:
        raise ValueError(f'votes of {num_rows} images for {columns} classes do not fit into memory; number the classes from '
                         '0, or call knn_predict, which takes labels of any size')
    return columns


def _count_votes(weights: Tensor, voted: Tensor, num_classes: int) -> Tensor:
    """The sums of the weights (Q, k) by class, (Q, C)."""
    return weights.new_zeros(len(weights), num_classes).scatter_add_(1, voted, weights)
