"""The global contrastive loss by moving averages (SogCLR: Yuan et al., ICML 2022; iSogCLR: Qiu et al., ICML 2023;
FastCLIP: Wei et al., 2024).

The denominator of an anchor is the mean over the *whole data set*, which a moving average u of batch means estimates,
so that small batches suffice. Averages of exponentials are kept as logarithms: they hold at a temperature of 0.01, too.

Shapes: A anchors, C candidates, G granularities. A negative similarity of -inf says "no candidate here".
"""

import math

import torch
from torch import Tensor

from .contrastive import divide_present


def log_mean_exp(negative: Tensor, false_negative: Tensor, temperature: float | Tensor) -> Tensor:
    """Logarithm of the batch's estimate of the denominator, ``log mean over kept negatives of exp(s / t)``.

    Args:
        negative (Tensor): cosine similarities to the candidates, (A, C); -inf where there is none.
        false_negative (Tensor): bool, true where a candidate is left out, (A, C) or (G, A, C).
        temperature (float | Tensor): > 0; a scalar, or of each anchor if (A,).

    Returns:
        Tensor: (A,), or (G, A); -inf where no negative is kept.
    """
    return _log_mean(_kept(negative, false_negative, temperature))


def moving_log_average(log_average: Tensor, log_estimate: Tensor, gamma: float) -> Tensor:
    """``log((1 - gamma) * u + gamma * g)`` of logarithms: the moving average of SogCLR.

    Args:
        log_average (Tensor): log u; -inf where there has been no estimate yet.
        log_estimate (Tensor): log g, broadcastable to it; -inf where there is none.
        gamma (float): weight of the new estimate, in (0, 1].

    Returns:
        Tensor: the first estimate itself where there was no average; unchanged where there is no estimate.
    """
    old_weight = math.log1p(-gamma) if gamma < 1 else -math.inf
    moved = torch.logaddexp(log_average + old_weight, log_estimate + math.log(gamma))
    moved = torch.where(log_average > -torch.inf, moved, log_estimate)
    return torch.where(log_estimate > -torch.inf, moved, log_average)


def global_contrastive_loss(positive: Tensor, negative: Tensor, false_negative: Tensor, log_average: Tensor,
                            temperature: float | Tensor) -> Tensor:
    """The dynamic contrastive loss of SogCLR, with the detected false negatives left out (GloFND, Algorithm 1).

    ``-p + mean over kept j of stop_gradient(exp(s_j / t) / u) * s_j``: a surrogate whose *gradient* is that of
    ``t * log u - p``; its value may be negative. It is t times the scale of InfoNCE.

    Args:
        positive (Tensor): cosine similarity of each anchor to its positive, (A, 1).
        negative (Tensor): cosine similarities to the candidates, (A, C); -inf where there is none.
        false_negative (Tensor): bool, (A, C) or (G, A, C).
        log_average (Tensor): log u of each row, already moved by this step's estimate, (A,) or (G, A).
        temperature (float | Tensor): > 0; of each anchor if (A,).

    Returns:
        Tensor: scalar, the mean over anchors, averaged over granularities. An anchor that has lost all negatives keeps
        only its alignment term ``-p``.

    Raises:
        ValueError: where shapes do not fit; the message shows what was got and what was expected.
    """
    _check_shapes(positive, negative, false_negative, log_average)
    wide = torch.promote_types(negative.dtype, torch.float32)
    weight = negative_weight(negative, false_negative, log_average, temperature)
    repulsion = (weight * negative.to(wide).masked_fill(weight == 0, 0)).sum(dim=-1)
    return (repulsion - positive.to(wide).squeeze(1)).mean()


def relative_contrastive_loss(difference: Tensor, false_negative: Tensor, log_average: Tensor,
                              temperature: float | Tensor) -> Tensor:
    """The global contrastive loss of FastCLIP, of similarities relative to the positive's (Wei et al., arXiv 2407.01445).

    ``mean over anchors of g / u`` with ``g = mean over kept j of exp((s_j - p) / t)``: u is a number, the gradient goes
    through g, also to a learned temperature.

    Args:
        difference (Tensor): ``s_j - p`` of each anchor and candidate, both with their gradient, (A, C); -inf where there is
            no candidate.
        false_negative (Tensor): bool, true where a candidate is left out, (A, C) or (G, A, C).
        log_average (Tensor): log u of each row, already moved by this step's estimate, (A,) or (G, A).
        temperature (float | Tensor): > 0; a scalar, or of each anchor if (A,).

    Returns:
        Tensor: scalar, the mean over anchors, averaged over granularities. An anchor that has lost all negatives contributes
        0, and gradient 0.

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
    """``exp(s_j / t) / (u * kept)`` of kept negatives, 0 elsewhere, in the shape of ``false_negative``; no gradient."""
    kept = _kept(negative.detach(), false_negative, temperature)
    present = kept > -torch.inf
    count = present.sum(dim=-1, keepdim=True, dtype=torch.int32).clamp(min=1)
    return torch.where(present, (kept - log_average.unsqueeze(-1)).exp() / count, 0)


def temperature_gradient(negative: Tensor, false_negative: Tensor, log_average: Tensor, temperature: Tensor,
                         rho: float) -> Tensor:
    """Gradient of iSogCLR's objective in each row's temperature: ``log u + rho - mean_j (exp(s_j / t) / u) * s_j / t``.

    Args:
        negative (Tensor): cosine similarities to the candidates, (A, C); -inf where there is none.
        false_negative (Tensor): bool, (A, C) or (G, A, C).
        log_average (Tensor): log u of each row, already moved, (A,) or (G, A).
        temperature (Tensor): of each anchor, (A,).
        rho (float): weight of the constraint; larger values lower the temperatures.

    Returns:
        Tensor: (A,) or (G, A); of no meaning where no negative is kept.
    """
    weight = negative_weight(negative, false_negative, log_average, temperature)
    scaled = _scaled(negative.detach(), temperature).masked_fill(weight == 0, 0)
    return log_average + rho - (weight * scaled).sum(dim=-1)


def cosine_gamma(gamma: float, epoch: int, decay_epochs: int) -> float:
    """Weight of the new estimate: falls from 1 in epoch 0 to ``gamma`` in epoch ``decay_epochs`` on half a cosine."""
    if epoch >= decay_epochs:
        return gamma
    return 0.5 * (1 + math.cos(math.pi * epoch / decay_epochs)) * (1 - gamma) + gamma


def _log_mean(kept: Tensor) -> Tensor:
    """``log mean exp`` over the entries of each row that are not -inf."""
    count = (kept > -torch.inf).sum(dim=-1, dtype=torch.int32).clamp(min=1)
    return kept.logsumexp(dim=-1) - count.to(kept.dtype).log()


def _kept(negative: Tensor, false_negative: Tensor, temperature: float | Tensor) -> Tensor:
    """``s / t`` of the kept negatives; -inf elsewhere, also at NaN, which must not stay in an average."""
    scaled = _scaled(negative, temperature)
    return scaled.masked_fill(false_negative | ~(scaled > -torch.inf), -torch.inf)


def _scaled(negative: Tensor, temperature: float | Tensor) -> Tensor:
    """``s / t`` in float32 or wider."""
    wide = negative.to(torch.promote_types(negative.dtype, torch.float32))
    is_per_anchor = isinstance(temperature, Tensor) and temperature.dim() == 1
    return divide_present(wide, temperature.unsqueeze(1) if is_per_anchor else temperature)


def _check_shapes(positive: Tensor, negative: Tensor, false_negative: Tensor, log_average: Tensor) -> None:
    if positive.dim() != 2 or negative.dim() != 2 or positive.shape != (len(negative), 1):
        raise ValueError(f'positive and negative have shapes {tuple(positive.shape)} and {tuple(negative.shape)}; '
                         'expected (A, 1) and (A, C)')
    if false_negative.dtype != torch.bool or false_negative.shape[-2:] != negative.shape or false_negative.dim() > 3:
        raise ValueError(f'false_negative is {false_negative.dtype} {tuple(false_negative.shape)}; expected bool '
                         f'{tuple(negative.shape)} or (G, {negative.shape[0]}, {negative.shape[1]})')
    if log_average.shape != false_negative.shape[:-1]:
        raise ValueError(
            f'log_average has shape {tuple(log_average.shape)}; expected {tuple(false_negative.shape[:-1])}')
