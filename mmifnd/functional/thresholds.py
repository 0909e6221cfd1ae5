"""A threshold for each anchor by stochastic quantile regression (GloFND: Balmaseda et al., ICML 2025).

The threshold of anchor i with similarities S_i to its negatives is a minimiser over [-1, 1] of (their Eq. 2)

    f_i(v) = alpha * v + mean over s in S_i of max(s - v, 0)

the ceil(alpha * n)-th largest of n similarities (their Lemma 3.1): a share alpha of them is as large or larger.

Shapes: A rows, one threshold each; C candidates. A similarity of -inf, or NaN, says "no candidate here".
"""

import math

import torch
from torch import Tensor

from ._checks import check_alpha

LOWEST, HIGHEST = -1., 1.  # of a cosine


def threshold_gradient(similarity: Tensor, threshold: Tensor, alpha: float) -> Tensor:
    """The subgradient of the quantile problem (GloFND, Eq. 4): ``alpha - mean_j 1[s_j > threshold]``.

    Args:
        similarity (Tensor): cosine similarities to the candidates, (A, C); -inf where there is none.
        threshold (Tensor): one per row, (A,).
        alpha (float): share of candidates above the threshold that is aimed at, in (0, 1).

    Returns:
        Tensor: float64 (A,), in [alpha - 1, alpha]; 0 for a row without candidates. It is wide so that rows of one image
        that balance each other cancel: Adam would turn a rounding error into a whole step.

    Raises:
        ValueError: if shapes do not fit, or alpha is outside (0, 1).

    Example:
        >>> threshold_gradient(torch.tensor([[0.9, 0.2, 0.1, -0.3]]), torch.tensor([0.5]), alpha=0.5)
        tensor([0.2500], dtype=torch.float64)
    """
    check_alpha(alpha)
    _check_shapes(similarity, threshold)
    above = (similarity > threshold.unsqueeze(1)).sum(dim=1, dtype=torch.int32)
    present = (similarity > -torch.inf).sum(dim=1, dtype=torch.int32)
    gradient = alpha - above.double() / present.clamp(min=1)
    return torch.where(present > 0, gradient, 0)


def sgd_step(threshold: Tensor, gradient: Tensor, learning_rate: float) -> Tensor:
    """One step of gradient descent, clipped to [-1, 1] (GloFND, Eq. 4).

    Args:
        threshold (Tensor): one per row, (A,).
        gradient (Tensor): one per row, (A,).
        learning_rate (float): > 0, in units of similarity.

    Returns:
        Tensor: new thresholds, (A,).

    Example:
        >>> sgd_step(torch.tensor([0.5, -0.99]), gradient=torch.tensor([0.1, 0.5]), learning_rate=1.)
        tensor([ 0.4000, -1.0000])
    """
    return (threshold - learning_rate * gradient).clamp(LOWEST, HIGHEST)


def adam_step(threshold: Tensor, gradient: Tensor, first_moment: Tensor, second_moment: Tensor, step: Tensor,
              learning_rate: float, betas: tuple[float, float] = (0.9, 0.98), epsilon: float = 1e-8,
              ) -> tuple[Tensor, Tensor, Tensor]:
    """One step of Adam in which each row counts its own steps, clipped to [-1, 1].

    Args:
        threshold (Tensor): one per row, (A,).
        gradient (Tensor): one per row, (A,).
        first_moment (Tensor): decaying mean of each row's gradients, (A,).
        second_moment (Tensor): decaying mean of their squares, (A,).
        step (Tensor): the number of this step for each row, from 1 on, (A,); the bias correction divides by
            ``1 - beta ** step``.
        learning_rate (float): > 0, in units of similarity; about the length of a step.
        betas (tuple[float, float]): decay of the two moments.
        epsilon (float): added to the denominator.

    Returns:
        tuple[Tensor, Tensor, Tensor]: new thresholds, first and second moments, (A,) each.

    Example:
        >>> start, gradient, step = torch.zeros(1), torch.tensor([0.1]), torch.ones(1)
        >>> threshold, _, _ = adam_step(torch.tensor([0.5]), gradient, start, start, step, learning_rate=0.05)
        >>> threshold
        tensor([0.4500])
    """
    first_moment = betas[0] * first_moment + (1 - betas[0]) * gradient
    second_moment = betas[1] * second_moment + (1 - betas[1]) * gradient.square()
    mean = first_moment / _seen_share(betas[0], step)
    square = second_moment / _seen_share(betas[1], step)
    threshold = threshold - learning_rate * mean / (square.sqrt() + epsilon)
    return threshold.clamp(LOWEST, HIGHEST), first_moment, second_moment


def decayed_rate(learning_rate: float, progress: float, final_share: float = 0.06) -> float:
    """The rate at ``progress`` in [0, 1], which falls exponentially from ``learning_rate`` to ``final_share`` of it.

    A step of Adam has a fixed length, so that thresholds never come to rest at a constant rate; at a rate of 0 they could
    not follow quantiles that drift while the encoder learns. ``tools/benchmarks/thresholds.py`` measures both.

    Example:
        >>> [round(decayed_rate(0.05, progress), 4) for progress in (0., 0.5, 1.)]
        [0.05, 0.0122, 0.003]
    """
    return float(learning_rate * final_share**min(max(progress, 0.), 1.))


def batch_quantile(similarity: Tensor, alpha: float) -> Tensor:
    """The (1 - alpha)-quantile of each row's candidates, interpolated linearly as ``torch.quantile`` does.

    Args:
        similarity (Tensor): cosine similarities to the candidates, (A, C); -inf where there is none.
        alpha (float): share of candidates above the quantile, in (0, 1).

    Returns:
        Tensor: (A,); 1, which nothing exceeds, for a row without candidates.

    Raises:
        ValueError: if shapes do not fit, or alpha is outside (0, 1).

    Example:
        >>> batch_quantile(torch.tensor([[0.1, 0.2, 0.3, 0.4, -torch.inf]]), alpha=0.5)
        tensor([0.2500])
    """
    check_alpha(alpha)
    _check_shapes(similarity)
    present = similarity > -torch.inf
    count = present.sum(dim=1, dtype=torch.int32)
    if not similarity.shape[1]:
        return similarity.new_full((len(similarity),), HIGHEST)
    # Counted from the top, only the largest few are needed. float64: an integer rank must stay one.
    most = min(similarity.shape[1], int(alpha * (similarity.shape[1] - 1)) + 2)
    largest = similarity.masked_fill(~present, -torch.inf).topk(most, dim=1).values
    rank = alpha * (count - 1).clamp(min=0).double()
    upper = rank.floor().long()
    lower = torch.minimum(upper + 1, (count - 1).clamp(min=0)).clamp(max=most - 1)
    ends = largest.gather(1, torch.stack([upper, lower], dim=1))
    quantile = torch.lerp(ends[:, 0], ends[:, 1], (rank - upper).to(ends.dtype))
    return torch.where(count > 0, quantile, HIGHEST)


def _seen_share(beta: float, step: Tensor) -> Tensor:
    """The share ``1 - beta ** step`` without cancellation."""
    return -torch.expm1(step * math.log(beta)) if beta > 0 else torch.ones_like(step)


def _check_shapes(similarity: Tensor, threshold: Tensor | None = None) -> None:
    if similarity.dim() != 2:
        raise ValueError(f'similarity has shape {tuple(similarity.shape)}; expected (A, C)')
    if threshold is not None and threshold.shape != similarity.shape[:1]:
        raise ValueError(f'threshold has shape {tuple(threshold.shape)}; expected ({len(similarity)},), one per row')
