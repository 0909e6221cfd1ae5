"""Estimates of the share of false negatives, and of their number in a batch, without any training."""

import math
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmifnd.functional._checks import check_alpha

from ._inputs import ArrayLike, as_features, as_labels, check_same_length
from .detection_scores import DetectionScores, detection_scores, scores_of_counts


class Estimate(NamedTuple):
    """An estimate from one clustering, or from one quantile, over the pairs of a data set.

    Attributes:
        share (float): share of the other images taken for false negatives of an anchor, the mean over anchors; in [0, 1].
        scores (DetectionScores, optional): scores against true labels, if these are known.
    """

    share: float
    scores: DetectionScores | None


def cluster_estimate(clusters: ArrayLike, labels: ArrayLike | None = None) -> Estimate:
    r"""Estimate from a clustering: images of one cluster are false negatives of each other (IFND).

    The share is the mean over anchors of the images of their cluster, :math:`\sum_k n_k (n_k - 1) / (N (N - 1))` with
    :math:`n_k` images in cluster k. Time and memory are O(N log N) and O(N); no N x N matrix is built.

    Args:
        clusters (array-like): cluster of each image, integers, (N,); negative means "not accepted", equal to no other.
        labels (array-like, optional): true class of each image, integers >= 0, (N,).

    Raises:
        ValueError: if there are fewer than two images, or labels and clusters do not fit.

    Example:
        >>> estimate = cluster_estimate([7, 7, 7, 8], [0, 0, 1, 1])
        >>> estimate.share, round(estimate.scores.precision_micro, 3), estimate.scores.recall_micro
        (0.5, 0.333, 0.5)
    """
    clusters = as_labels(clusters, 'clusters', minimum=None)
    total = len(clusters)
    if total < 2:
        raise ValueError(f'{total} image has no negatives; give at least 2')
    predicted = _partners(clusters)
    predicted[clusters < 0] = 0
    share = float(predicted.sum() / (total * (total - 1)))
    if labels is None:
        return Estimate(share, None)
    labels = as_labels(labels, 'labels')
    check_same_length(labels, 'labels', clusters, 'clusters')
    hit = _partners(np.unique(np.stack([clusters, labels]), axis=1, return_inverse=True)[1].reshape(-1))
    hit[clusters < 0] = 0
    scores = scores_of_counts(torch.from_numpy(hit), torch.from_numpy(predicted), torch.from_numpy(_partners(labels)),
                              total * (total - 1))
    return Estimate(share, scores)


def quantile_estimate(features: ArrayLike, alpha: float, labels: ArrayLike | None = None, anchors: ArrayLike | None = None,
                      chunk_size: int = 256) -> Estimate:
    """Estimate from a quantile: the most similar share ``alpha`` of the others are false negatives (GloFND, Lemma 3.1).

    The share is ``alpha`` rounded up to whole images, so that only the scores are news. Memory is chunk_size x N.

    Args:
        features (array-like): (N, D), of any length.
        alpha (float): in (0, 1).
        labels (array-like, optional): true class of each image, integers >= 0, (N,).
        anchors (array-like, optional): indices of the anchors, (A,); default: all images.
        chunk_size (int): anchors at a time.

    Raises:
        ValueError: if alpha is outside (0, 1), features are not finite, or labels do not fit.

    Example:
        >>> features = [[1., 0.], [0.9, 0.1], [0., 1.], [0.1, 0.9]]
        >>> quantile_estimate(features, alpha=0.3, labels=[0, 0, 1, 1]).scores.precision_micro
        1.0
    """
    check_alpha(alpha)
    unit = F.normalize(as_features(features, 'features'), dim=1)
    count = max(1, math.ceil(alpha * (len(unit) - 1) - 1e-9))
    classes = np.zeros(len(unit), dtype=np.int64) if labels is None else as_labels(labels, 'labels')
    check_same_length(classes, 'labels', unit, 'features')
    scores = detection_scores(lambda chosen: nearest_images(unit, chosen, count), classes, anchors, chunk_size)
    return Estimate(scores.predicted_share, None if labels is None else scores)


def nearest_images(unit: Tensor, anchors: Tensor, count: int) -> Tensor:
    """Mark the images that are most similar to each anchor, except itself.

    Args:
        unit (Tensor): unit vectors, (N, D).
        anchors (Tensor): int64, (a,).
        count (int): images to mark per anchor.

    Returns:
        Tensor: bool, (a, N).
    """
    similarity = (unit[anchors] @ unit.T).scatter_(1, anchors.unsqueeze(1), -torch.inf)
    nearest = similarity.topk(count, dim=1).indices
    return torch.zeros_like(similarity, dtype=torch.bool).scatter_(1, nearest, True)


def expected_false_negatives(share: float, candidates: int) -> float:
    """The mean number of false negatives among randomly drawn candidates, ``share * candidates``.

    A batch of B images has B - 1 candidates (2 (B - 1) rows if both views are compared, as in SimCLR), a queue of K keys
    has K.

    Example:
        >>> expected_false_negatives(share=0.1, candidates=255)
        25.5
    """
    return share * candidates


def batch_of_first(share: float) -> int | None:
    """The smallest batch in which an anchor has one false negative on average; None if there are none at all.

    Example:
        >>> batch_of_first(0.1)
        11
    """
    return math.ceil(1 / share - 1e-9) + 1 if share > 0 else None


def _partners(groups: np.ndarray) -> np.ndarray:
    """The number of other images in the group of each image, (N,)."""
    _, position, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    return sizes[position] - 1
