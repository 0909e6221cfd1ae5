"""The global contrastive loss by moving averages.

SogCLR: Yuan et al., ICML 2022; iSogCLR: Qiu et al., ICML 2023; FastCLIP: Wei et al., arXiv 2407.01445.

The denominator of an anchor is the mean over the *whole data set*, which a moving average u of batch means estimates,
so that small batches suffice. Averages of exponentials are kept as logarithms, which do not overflow at a temperature of 0.01.

Shapes: A anchors, C candidates, G granularities. A negative similarity of -inf says "no candidate here".
"""

import math

import torch
from torch import Tensor

from ._checks import check_false_negative, check_pair, check_temperature
from .contrastive import divide_present


def log_mean_exp(negative: Tensor, false_negative: Tensor, temperature: float | Tensor) -> Tensor:
    """Logarithm of the batch's estimate of the denominator, ``log mean over kept negatives of exp(s / t)``.

    Args:
        negative (Tensor): cosine similarities to the candidates, (A, C); -inf where there is none.
        false_negative (Tensor): bool, true where a candidate is left out, (A, C) or (G, A, C).
        temperature (float | Tensor): > 0; a scalar, or one per anchor if (A,).

    Returns:
        Tensor: (A,), or (G, A); -inf where no negative is kept.

    Example:
        >>> log_mean_exp(torch.tensor([[0.2, 0.2]]), torch.zeros(1, 2, dtype=torch.bool), temperature=0.1)
        tensor([2.])
    """
    return _log_mean(_kept(negative, false_negative, temperature))


def moving_log_average(log_average: Tensor, log_estimate: Tensor, gamma: float) -> Tensor:
    """The moving average of SogCLR in logarithms, ``log((1 - gamma) * u + gamma * g)``.

    Args:
        log_average (Tensor): log u; -inf where there has been no estimate yet.
        log_estimate (Tensor): log g, broadcastable to it; -inf where there is none.
        gamma (float): weight of the new estimate, in (0, 1].

    Returns:
        Tensor: the first estimate itself if there was no average; unchanged if there is no estimate.

    Example:
        >>> first, absent = torch.tensor([-torch.inf]), torch.tensor([-torch.inf])
        >>> moving_log_average(first, torch.tensor([1.]), gamma=0.9), moving_log_average(torch.tensor([2.]), absent, gamma=0.9)
        (tensor([1.]), tensor([2.]))
    """
    old_weight = math.log1p(-gamma) if gamma < 1 else -math.inf
    moved = torch.logaddexp(log_average + old_weight, log_estimate + math.log(gamma))
    moved = torch.where(log_average > -torch.inf, moved, log_estimate)
    return torch.where(log_estimate > -torch.inf, moved, log_average)


def global_contrastive_loss(positive: Tensor, negative: Tensor, false_negative: Tensor, log_average: Tensor,
                            temperature: float | Tensor) -> Tensor:
    """The dynamic contrastive loss of SogCLR without the detected false negatives (GloFND, Algorithm 1).

    ``-p + mean over kept j of stop_gradient(exp(s_j / t) / u) * s_j``: a surrogate whose *gradient* is that of
    ``t * log u - p``; its value may be negative. It is t times the scale of InfoNCE.

    Args:
        positive (Tensor): cosine similarity of each anchor to its positive, (A, 1).
        negative (Tensor): cosine similarities to the candidates, (A, C); -inf where there is none.
        false_negative (Tensor): bool, (A, C) or (G, A, C).
        log_average (Tensor): log u of each row, already moved by this step's estimate, (A,) or (G, A).
        temperature (float | Tensor): > 0; one per anchor if (A,).

    Returns:
        Tensor: scalar, the mean over anchors, averaged over granularities. An anchor that has lost all negatives keeps
        only its alignment term ``-p``.

    Raises:
        ValueError: if shapes do not fit; the message shows what was got and what was expected.

    Example:
        >>> positive, negative = torch.tensor([[0.9]]), torch.tensor([[0.8, -0.3]])
        >>> detected = torch.tensor([[True, False]])
        >>> estimate = log_mean_exp(negative, detected, temperature=0.5)
        >>> global_contrastive_loss(positive, negative, detected, estimate, temperature=0.5)  # u = g: -0.9 - 0.3
        tensor(-1.2000)
    """
    _check_shapes(positive, negative, false_negative, log_average)
    wide = torch.promote_types(negative.dtype, torch.float32)
    weight = negative_weight(negative, false_negative, log_average, temperature)
    repulsion = (weight * negative.to(wide).masked_fill(weight == 0, 0)).sum(dim=-1)
    return (repulsion - positive.to(wide).squeeze(1)).mean()


def relative_contrastive_loss(difference: Tensor, false_negative: Tensor, log_average: Tensor,
                              temperature: float | Tensor) -> Tensor:
    """The global contrastive loss of FastCLIP, which takes similarities relative to the positive's.

    ``mean over anchors of g / u`` with ``g = mean over kept j of exp((s_j - p) / t)``: u is a number, the gradient goes
    through g, also to a learned temperature.

    Args:
        difference (Tensor): ``s_j - p`` of each anchor and candidate, both with their gradient, (A, C); -inf where there is
            no candidate.
        false_negative (Tensor): bool, true where a candidate is left out, (A, C) or (G, A, C).
        log_average (Tensor): log u of each row, already moved by this step's estimate, (A,) or (G, A).
        temperature (float | Tensor): > 0; a scalar, or one per anchor if (A,).

    Returns:
        Tensor: scalar, the mean over anchors, averaged over granularities. An anchor that has lost all negatives contributes
        0 to the loss and to the gradient.

    Raises:
        ValueError: if shapes do not fit; the message shows what was got and what was expected.

    Example:
        >>> difference = torch.tensor([[-0.5, 0.]])
        >>> keep_all = torch.zeros(1, 2, dtype=torch.bool)
        >>> estimate = log_mean_exp(difference, keep_all, temperature=0.1)
        >>> relative_contrastive_loss(difference, keep_all, estimate, temperature=0.1)  # u = g
        tensor(1.)
    """
    _check_shapes(difference[:, :1], difference, false_negative, log_average)
    kept = _kept(difference, false_negative, temperature)
    has_negative = (kept > -torch.inf).any(dim=-1)
    # A row without negatives becomes finite before the sum: the gradient of logsumexp at -inf alone is no number.
    estimate = _log_mean(kept.masked_fill(~has_negative.unsqueeze(-1), 0))
    ratio = (estimate - log_average.masked_fill(~has_negative, 0)).exp()
    return torch.where(has_negative, ratio, 0).mean()


def negative_weight(
        negative: Tensor, false_negative: Tensor, log_average: Tensor, temperature: float | Tensor) -> Tensor:
    """The weight ``exp(s_j / t) / (u * kept)`` of kept negatives, 0 elsewhere, shaped as ``false_negative``; no gradient."""
    kept = _kept(negative.detach(), false_negative, temperature)
    present = kept > -torch.inf
    count = present.sum(dim=-1, keepdim=True, dtype=torch.int32).clamp(min=1)
    return torch.where(present, (kept - log_average.unsqueeze(-1)).exp() / count, 0)


def temperature_gradient(negative: Tensor, false_negative: Tensor, log_average: Tensor, temperature: Tensor,
                         rho: float) -> Tensor:
    """The gradient of iSogCLR's objective in the temperature, ``log u + rho - mean_j (exp(s_j / t) / u) * s_j / t``.

    Args:
        negative (Tensor): cosine similarities to the candidates, (A, C); -inf where there is none.
        false_negative (Tensor): bool, (A, C) or (G, A, C).
        log_average (Tensor): log u of each row, already moved, (A,) or (G, A).
        temperature (Tensor): of each anchor, (A,).
        rho (float): weight of the constraint; larger values lower the temperatures.

    Returns:
        Tensor: (A,) or (G, A); meaningless where no negative is kept.

    Example:
        >>> negative, keep_all, temperature = torch.tensor([[0.2]]), torch.tensor([[False]]), torch.tensor([0.1])
        >>> estimate = log_mean_exp(negative, keep_all, temperature)
        >>> temperature_gradient(negative, keep_all, estimate, temperature, rho=0.3)  # u = g: 2 + 0.3 - 2
        tensor([0.3000])
    """
    weight = negative_weight(negative, false_negative, log_average, temperature)
    scaled = _scaled(negative.detach(), temperature).masked_fill(weight == 0, 0)
    return log_average + rho - (weight * scaled).sum(dim=-1)


def cosine_gamma(gamma: float, epoch: int, decay_epochs: int) -> float:
    """The weight of the new estimate, which falls from 1 to ``gamma`` in ``decay_epochs`` epochs on half a cosine.

    Example:
        >>> [cosine_gamma(0.9, epoch, decay_epochs=10) for epoch in (0, 5, 10)]
        [1.0, 0.95, 0.9]
    """
    if epoch >= decay_epochs:
        return gamma
    return 0.5 * (1 + math.cos(math.pi * epoch / decay_epochs)) * (1 - gamma) + gamma


def _log_mean(kept: Tensor) -> Tensor:
    """The logarithm of the mean of exponentials over the entries of each row that are not -inf."""
    count = (kept > -torch.inf).sum(dim=-1, dtype=torch.int32).clamp(min=1)
    return kept.logsumexp(dim=-1) - count.to(kept.dtype).log()


def _kept(negative: Tensor, false_negative: Tensor, temperature: float | Tensor) -> Tensor:
    """Divide the kept negatives by t; -inf elsewhere, also at NaN, which must not stay in an average."""
    scaled = _scaled(negative, temperature)
    return scaled.masked_fill(false_negative | ~(scaled > -torch.inf), -torch.inf)


def _scaled(negative: Tensor, temperature: float | Tensor) -> Tensor:
    """Divide similarities by t in float32 or wider."""
    check_temperature(temperature)
    wide = negative.to(torch.promote_types(negative.dtype, torch.float32))
    if isinstance(temperature, Tensor) and temperature.dim() == 1:
        temperature = temperature.unsqueeze(1)
    return divide_present(wide, temperature)


def _check_shapes(positive: Tensor, negative: Tensor, false_negative: Tensor, log_average: Tensor) -> None:
    check_pair(positive, negative)
    check_false_negative(false_negative, negative)
    if log_average.shape != false_negative.shape[:-1]:
        raise ValueError(
            f'log_average has shape {tuple(log_average.shape)}; expected {tuple(false_negative.shape[:-1])}')
