"""How sure an assignment is: the softmax over all centroids (IFND, Eq. 2), or how dense its cluster is (PCL, Eq. 9)."""

import torch
import torch.nn.functional as F
from torch import Tensor

#: What a sample's confidence can be.
CONFIDENCES = ('softmax', 'concentration')


def softmax_confidence(
        features: Tensor, centroids: Tensor, labels: Tensor, temperature: float, chunk: int = 8192) -> Tensor:
    """Probability of the assigned cluster under a softmax of cosine similarities (IFND, Eq. 2).

    ``exp(cos(v_i, c_{y_i}) / t) / sum_j exp(cos(v_i, c_j) / t)``. The values rank samples within one granularity; after
    plain (not spherical) k-means the assigned cluster need not be the most similar one.

    Args:
        features (Tensor): (N, D), of any length.
        centroids (Tensor): (K, D), of any length.
        labels (Tensor): assigned cluster of each sample, (N,), in [0, K).
        temperature (float): > 0, the temperature of the loss in the paper.
        chunk (int): rows at a time; 8192 x 10,000 float32 are 330 MB.

    Returns:
        Tensor: (N,), in (0, 1].

    Raises:
        ValueError: where shapes do not fit.
    """
    if features.dim() != 2 or centroids.dim() != 2 or features.shape[1] != centroids.shape[1]:
        raise ValueError(f'features {tuple(features.shape)} and centroids {tuple(centroids.shape)} must be (N, D), (K, D)')
    if labels.shape != features.shape[:1]:
        raise ValueError(f'labels have shape {tuple(labels.shape)}; expected ({len(features)},)')
    if not temperature > 0:
        raise ValueError(f'temperature={temperature} is not positive; usual values are 0.07 to 1')
    centroids = F.normalize(centroids, dim=1)
    confidence = [
        _chunk_confidence(rows, centroids, own, temperature)
        for rows, own in zip(features.split(chunk), labels.long().split(chunk))
    ]
    return torch.cat(confidence) if confidence else features.new_empty(0)


def concentration_confidence(phi: Tensor, labels: Tensor) -> Tensor:
    """``-phi`` of the assigned cluster (PCL, Eq. 9; the last row of IFND's Table 7): whole clusters enter, the densest first.

    Args:
        phi (Tensor): of each cluster, (K,), see :func:`mmifnd.functional.concentration`.
        labels (Tensor): assigned cluster of each sample, (N,), in [0, K).

    Returns:
        Tensor: (N,), at most 0.
    """
    return -phi[labels.long()]


def _chunk_confidence(rows: Tensor, unit_centroids: Tensor, labels: Tensor, temperature: float) -> Tensor:
    logits = F.normalize(rows, dim=1) @ unit_centroids.T / temperature
    return logits.log_softmax(dim=1).gather(1, labels.unsqueeze(1)).squeeze(1).exp()
