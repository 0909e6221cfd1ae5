"""Which share of the negatives is probably false, and how many that makes in a batch: no training needed."""

import math
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmifnd.functional._checks import check_alpha

from ._inputs import as_features, as_labels, check_same_length
from .detection_scores import DetectionScores, detection_scores, scores_of_counts


class Estimate(NamedTuple):
    """What one clustering, or one quantile, says of the pairs of a data set.

    Attributes:
        share (float): of the other images, those taken for false negatives of an anchor, the mean over anchors; [0, 1].
        scores (DetectionScores, optional): against true labels, where these are known.
    """

    share: float
    scores: DetectionScores | None


def cluster_estimate(clusters, labels=None) -> Estimate:
    r"""Images of one cluster are false negatives of each other (IFND).

    The share is the mean over anchors of the images of their cluster, :math:`\sum_k n_k (n_k - 1) / (N (N - 1))` with
    :math:`n_k` images in cluster k. Time and memory are O(N log N) and O(N); no N x N matrix is built.

    Args:
        clusters (array-like): cluster of each image, integers, (N,); negative means "not accepted", equal to nobody.
        labels (array-like, optional): true class of each image, integers >= 0, (N,).

    Raises:
        ValueError: where there are fewer than two images, or labels and clusters do not fit.

    Example:
        >>> found = cluster_estimate([7, 7, 7, 8], [0, 0, 1, 1])
        >>> found.share, round(found.scores.precision_micro, 3), found.scores.recall_micro
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
    counts = (torch.from_numpy(values) for values in (hit, predicted, _partners(labels)))
    return Estimate(share, scores_of_counts(*counts, total * (total - 1)))


def quantile_estimate(features, alpha: float, labels=None, anchors=None, chunk_size: int = 256) -> Estimate:
    """The most similar share ``alpha`` of the other images are false negatives of an anchor (GloFND, Lemma 3.1).

    The share is ``alpha``, rounded up to whole images; what is to be learned are the scores. Memory is chunk_size x N.

    Args:
        features (array-like): (N, D), of any length.
        alpha (float): in (0, 1).
        labels (array-like, optional): true class of each image, integers >= 0, (N,).
        anchors (array-like, optional): indices of the images that are asked, (A,); all unless given.
        chunk_size (int): anchors at a time.

    Raises:
        ValueError: where alpha is outside (0, 1), features are not finite, or labels do not fit.
    """
    check_alpha(alpha)
    unit = F.normalize(as_features(features, 'features'), dim=1)
    count = max(1, math.ceil(alpha * (len(unit) - 1) - 1e-9))
    known = torch.zeros(len(unit), dtype=torch.int64) if labels is None else as_labels(labels, 'labels')
    check_same_length(known, 'labels', unit, 'features')
    scores = detection_scores(lambda chosen: nearest_images(unit, chosen, count), known, anchors, chunk_size)
    return Estimate(scores.predicted_share, None if labels is None else scores)


def nearest_images(unit: Tensor, anchors: Tensor, count: int) -> Tensor:
    """Bool (a, N): the ``count`` images most similar to each of ``anchors`` (a,), but itself; ``unit`` vectors (N, D)."""
    similarity = (unit[anchors] @ unit.T).scatter_(1, anchors.unsqueeze(1), -torch.inf)
    nearest = similarity.topk(count, dim=1).indices
    return torch.zeros_like(similarity, dtype=torch.bool).scatter_(1, nearest, True)


def expected_false_negatives(share: float, candidates: int) -> float:
    """Mean number of false negatives among ``candidates`` others drawn at random, ``share * candidates``.

    A batch of B images has B - 1 candidates (2 (B - 1) rows where both views are compared, as in SimCLR), a queue of K
    keys K.
    """
    return share * candidates


def batch_of_first(share: float) -> int | None:
    """The smallest batch in which an anchor has one false negative on average; None where there are none at all.

    Example:
        >>> batch_of_first(0.1)
        11
    """
    return math.ceil(1 / share - 1e-9) + 1 if share > 0 else None


def _partners(groups: np.ndarray) -> np.ndarray:
    """How many others share the group of each image, (N,)."""
    _, position, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    return sizes[position] - 1
