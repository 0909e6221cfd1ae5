"""The confidence of an assignment: the softmax over all centroids (IFND, Eq. 2), or how dense its cluster is (PCL, Eq. 9)."""

import torch
import torch.nn.functional as F
from torch import Tensor

from mmifnd.checks import check_divisor

from .assignment import rows_at_a_time

#: What a sample's confidence can be.
CONFIDENCES = ('softmax', 'concentration')


@torch.no_grad()
def softmax_confidence(
        features: Tensor, centroids: Tensor, labels: Tensor, temperature: float, chunk: int | None = None) -> Tensor:
    """Probability of the assigned cluster under a softmax of cosine similarities (IFND, Eq. 2).

    ``exp(cos(v_i, c_{y_i}) / t) / sum_j exp(cos(v_i, c_j) / t)``. The values rank samples within one granularity. After
    plain (not spherical) k-means the assigned cluster need not be the most similar one. Where the labels are yet to be found,
    :func:`mmifnd.clustering.assignment.nearest` gives both in one pass.

    Args:
        features (Tensor): (N, D), of any length.
        centroids (Tensor): (K, D), of any length.
        labels (Tensor): assigned cluster of each sample, (N,), in [0, K).
        temperature (float): > 0, the temperature of the loss in the paper.
        chunk (int, optional): rows at a time; if None, as many as the device works on fastest.

    Returns:
        Tensor: (N,), in [0, 1].

    Raises:
        ValueError: if shapes do not fit, or the temperature is not positive.

    Example:
        >>> softmax_confidence(torch.eye(2), 3 * torch.eye(2), torch.tensor([0, 1]), 0.5)
        tensor([0.8808, 0.8808])
    """
    if features.dim() != 2 or centroids.dim() != 2 or features.shape[1] != centroids.shape[1]:
        raise ValueError(f'features {tuple(features.shape)} and centroids {tuple(centroids.shape)} must be (N, D), (K, D)')
    if labels.shape != features.shape[:1]:
        raise ValueError(f'labels have shape {tuple(labels.shape)}; expected ({len(features)},)')
    check_divisor('temperature', temperature, remedy='usual values are 0.07 to 1')
    chunk = min(chunk or rows_at_a_time(len(centroids), centroids.device), max(len(features), 1))
    factors = F.normalize(centroids, dim=1).T / temperature
    logits = factors.new_empty(chunk, len(centroids))
    confidence = [
        _own_share(torch.mm(F.normalize(rows, dim=1), factors, out=logits[:len(rows)]), assigned)
        for rows, assigned in zip(features.split(chunk), labels.long().split(chunk))
    ]
    return torch.cat(confidence) if confidence else features.new_empty(0)


def concentration_confidence(phi: Tensor, labels: Tensor) -> Tensor:
    """``-phi`` of the assigned cluster (PCL, Eq. 9; the last row of IFND's Table 7): whole clusters enter, the densest first.

    Args:
        phi (Tensor): concentration of each cluster, (K,), see :func:`mmifnd.functional.concentration`.
        labels (Tensor): assigned cluster of each sample, (N,), in [0, K).

    Returns:
        Tensor: (N,), at most 0.

    Example:
        >>> concentration_confidence(torch.tensor([0.5, 0.25]), torch.tensor([1, 0]))
        tensor([-0.2500, -0.5000])
    """
    return -phi[labels.long()]


def _own_share(logits: Tensor, labels: Tensor) -> Tensor:
    """Softmax of ``logits`` (n, K) at ``labels`` (n,); the logits are used up."""
    own_logit = logits.gather(1, labels.unsqueeze(1))
    return logits.sub_(own_logit).exp_().sum(dim=1).reciprocal_()
