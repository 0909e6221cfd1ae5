"""Precision, recall and F1 of a detector over pairs of images."""

from typing import NamedTuple

import torch
from torch import Tensor

from ._inputs import ArrayLike, as_labels
from .detection import Detect, ask_in_chunks


class DetectionScores(NamedTuple):
    """Precision, recall and F1 of detected pairs (anchor, other image), all in [0, 1].

    ``micro`` is over all pairs. ``macro`` is the mean over anchors that have false negatives at all; an anchor that detects
    nothing has precision 0. ``paper`` is the convention of GloFND's code: the mean over *all* anchors, where no prediction
    counts as precision 1 and no false negative as recall 1; F1 is the harmonic mean of the two means. It flatters detectors
    that predict little, and exists for comparison with the paper's numbers.

    Attributes:
        precision_micro (float): over all pairs.
        recall_micro (float): over all pairs.
        f1_micro (float): over all pairs.
        precision_macro (float): mean over anchors with false negatives.
        recall_macro (float): mean over anchors with false negatives.
        f1_macro (float): mean over anchors with false negatives.
        precision_paper (float): by the paper's convention.
        recall_paper (float): by the paper's convention.
        f1_paper (float): by the paper's convention.
        predicted_share (float): share of pairs that are detected.
        true_share (float): share of pairs that are false negatives.
    """

    precision_micro: float
    recall_micro: float
    f1_micro: float
    precision_macro: float
    recall_macro: float
    f1_macro: float
    precision_paper: float
    recall_paper: float
    f1_paper: float
    predicted_share: float
    true_share: float


def detection_scores(detect: Detect, labels: ArrayLike, anchors: ArrayLike | None = None,
                     chunk_size: int = 256) -> DetectionScores:
    """Score any detector against true labels, anchor by anchor; memory is chunk_size x N.

    Args:
        detect (callable): takes anchor indices, int64 (a,), and returns bool (a, N), as in
            :func:`~mmifnd.evaluation.pairwise_rates`. Its answer for the anchor itself is ignored.
        labels (array-like): true class of each image, integers >= 0, (N,).
        anchors (array-like, optional): indices of the anchors, (A,); default: all images.
        chunk_size (int): anchors asked at once.

    Raises:
        ValueError: if labels or anchors are empty or out of range, or the answer is not a bool (a, N).

    Example:
        >>> clusters = torch.tensor([7, 7, 7, 8])
        >>> scores = detection_scores(lambda anchors: clusters[anchors, None] == clusters, [0, 0, 1, 1])
        >>> round(scores.precision_micro, 3), scores.recall_micro
        (0.333, 0.5)
    """
    classes = torch.from_numpy(as_labels(labels, 'labels'))
    counts = [_counts(detected, classes, chunk) for chunk, detected in ask_in_chunks(detect, labels, anchors, chunk_size)]
    hit, predicted, actual = (torch.cat(parts) for parts in zip(*counts, strict=True))
    return scores_of_counts(hit, predicted, actual, len(hit) * (len(classes) - 1))


def scores_of_counts(hit: Tensor, predicted: Tensor, actual: Tensor, pairs: int) -> DetectionScores:
    """Compute the scores from counts per anchor.

    Args:
        hit (Tensor): detected pairs that are false negatives, (A,).
        predicted (Tensor): detected pairs, (A,).
        actual (Tensor): pairs that are false negatives, (A,).
        pairs (int): number of all pairs.

    Example:
        >>> hit, predicted, actual = torch.tensor([1, 0]), torch.tensor([2, 0]), torch.tensor([1, 1])
        >>> scores = scores_of_counts(hit, predicted, actual, pairs=6)
        >>> scores.precision_micro, scores.precision_macro, scores.precision_paper
        (0.5, 0.25, 0.75)
    """
    hit, predicted, actual = hit.double(), predicted.double(), actual.double()
    has_any = actual > 0
    precision, recall = hit.sum() / predicted.sum().clamp(min=1), hit.sum() / actual.sum().clamp(min=1)
    precisions, recalls = hit / predicted.clamp(min=1), hit / actual.clamp(min=1)
    generous = torch.where(predicted > 0, precisions, 1).mean(), torch.where(has_any, recalls, 1).mean()
    macro = precisions[has_any], recalls[has_any]
    return DetectionScores(*(float(value) for value in (
        precision, recall, _f1(precision, recall),
        _mean(macro[0]), _mean(macro[1]), _mean(_f1(*macro)),
        *generous, _f1(*generous), predicted.sum() / max(pairs, 1), actual.sum() / max(pairs, 1))))


def _counts(detected: Tensor, labels: Tensor, anchors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Count hits, predictions and false negatives of each anchor, (a,)."""
    other = torch.ones_like(detected).scatter_(1, anchors[:, None], False)
    same = (labels[anchors, None] == labels) & other
    detected = detected & other
    return (detected & same).sum(1), detected.sum(1), same.sum(1)


def _f1(precision: Tensor, recall: Tensor) -> Tensor:
    total = precision + recall
    return torch.where(total > 0, 2 * precision * recall / total.clamp(min=1e-300), 0)


def _mean(values: Tensor) -> Tensor:
    return values.mean() if len(values) else torch.tensor(float('nan'))
