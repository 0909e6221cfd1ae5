"""Which pseudo labels are trusted yet: a growing share of the most confident (IFND, Algorithm 1)."""

import math

import torch
from torch import Tensor

from mmifnd.checks import check_choice, check_inside

SCHEMES = ('linear', 'step', 'constant')
SCOPES = ('global', 'per_cluster')


class ConfidenceAcceptance:
    """Accept the most confident share of pseudo labels; the share is scheduled over the training.

    Args:
        scheme (str): ``'linear'`` grows from ``start`` to ``end``, ``'step'`` jumps from ``start`` to ``end`` at
            ``milestone``, ``'constant'`` is ``end`` from the first clustering on.
        start (float): share at the beginning, in [0, 1].
        end (float): share at the end, in [0, 1].
        milestone (float): progress at which ``'step'`` jumps, in [0, 1] (CIFAR in the paper: epoch 100 of 1000).
        scope (str): ``'global'`` ranks all samples of a granularity together, as the paper's Table 6 implies;
            ``'per_cluster'`` gives each cluster the same share.
        full_at (float): progress at which ``'linear'`` reaches ``end``, in (0, 1].

    Raises:
        ValueError: if a value is outside its range; the message names value, range and remedy.

    Example:
        >>> acceptance = ConfidenceAcceptance('linear', full_at=0.5)
        >>> acceptance.rate(0.25)
        0.5
        >>> acceptance.accept(torch.tensor([0.2, 0.9, 0.9, 0.4]), 0.25)
        tensor([False,  True,  True, False])
    """

    def __init__(self, scheme: str = 'linear', start: float = 0., end: float = 1., milestone: float = 0.1,
                 scope: str = 'global', full_at: float = 1.) -> None:
        check_choice('scheme', scheme, SCHEMES, 'ConfidenceAcceptance')
        check_choice('scope', scope, SCOPES, 'ConfidenceAcceptance')
        for name, value in dict(start=start, end=end, milestone=milestone).items():
            if not 0 <= value <= 1:
                raise ValueError(f'{name}={value} of ConfidenceAcceptance is outside [0, 1]; give a share, not per cent')
        check_inside('full_at', full_at, 0, 1, 'right', 'ConfidenceAcceptance', 'it is a share of the training')
        self.scheme, self.scope = scheme, scope
        self.start, self.end = float(start), float(end)
        self.milestone, self.full_at = float(milestone), float(full_at)

    def rate(self, progress: float) -> float:
        """The share to accept at ``progress`` in [0, 1], completed epochs over all epochs."""
        check_inside('progress', progress, 0, 1, 'both', remedy='pass completed epochs / all epochs')
        if self.scheme == 'constant':
            return self.end
        if self.scheme == 'step':
            return self.end if progress >= self.milestone else self.start
        return self.start + (self.end - self.start) * min(progress / self.full_at, 1.)

    def accept(self, confidence: Tensor, progress: float, labels: Tensor | None = None) -> Tensor:
        """The most confident ``floor(rate * N)`` samples; ties go to the lower index.

        Args:
            confidence (Tensor): (N,), comparable within one granularity.
            progress (float): in [0, 1].
            labels (Tensor, optional): cluster of each sample, (N,); needed by ``scope='per_cluster'``.

        Returns:
            Tensor: bool, (N,).
        """
        rate = self.rate(progress)
        if self.scope == 'global':
            return _most_confident(confidence, rate)
        if labels is None:
            raise ValueError("scope='per_cluster' of ConfidenceAcceptance needs labels; pass the cluster of each sample")
        return _most_confident_of_each(confidence, labels, rate)


def _most_confident(confidence: Tensor, rate: float) -> Tensor:
    # 1e-9 corrects products such as 0.29 * 100 = 28.999999999999996.
    count = math.floor(rate * len(confidence) + 1e-9)
    if count == 0:
        return torch.zeros_like(confidence, dtype=torch.bool)
    threshold = confidence.kthvalue(len(confidence) - count + 1).values
    above = confidence > threshold
    ties = confidence == threshold
    return above | ties & (ties.cumsum(0) <= count - above.sum())


def _most_confident_of_each(confidence: Tensor, labels: Tensor, rate: float) -> Tensor:
    """Accept the share of each cluster, in one sort by cluster, confidence and index."""
    order = confidence.argsort(descending=True, stable=True)
    order = order[labels[order].argsort(stable=True)]
    _, cluster, sizes = labels[order].unique_consecutive(return_inverse=True, return_counts=True)
    position = torch.arange(len(order), device=order.device) - (sizes.cumsum(0) - sizes)[cluster]
    counts = (rate * sizes.double() + 1e-9).floor().long()
    return torch.zeros_like(confidence, dtype=torch.bool).index_put_((order,), position < counts[cluster])
