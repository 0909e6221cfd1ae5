"""The contrastive losses of IFND (Chen et al., ICLR 2022) as pure functions of cosine similarities.

Shapes: A anchors, C candidates, G granularities. A negative similarity of -inf says "no candidate here" (the anchor itself,
its positive, an empty slot of a queue) and is left out of every sum. All sums are taken in float32 or wider.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from ._checks import check_false_negative, check_pair, check_temperature


def instance_loss(positive: Tensor, negative: Tensor, temperature: float | Tensor) -> Tensor:
    """InfoNCE: every other image is a negative (IFND, Eq. 1).

    ``-log( exp(p / t) / (exp(p / t) + sum_n exp(s_n / t)) )``, the mean over anchors.

    Args:
        positive (Tensor): cosine similarity of each anchor to its positive, (A, 1).
        negative (Tensor): cosine similarities to the candidates, (A, C); -inf where there is none.
        temperature (float | Tensor): > 0; a scalar.

    Returns:
        Tensor: scalar, the mean over anchors. An anchor without negatives contributes 0.

    Raises:
        ValueError: if shapes or temperature do not fit; the message shows what was got and what was expected.

    Example:
        >>> similarity = torch.tensor([[0.9, 0.1, -0.3]])
        >>> round(instance_loss(similarity[:, :1], similarity[:, 1:], temperature=0.5).item(), 4)
        0.2567
    """
    positive, negative = logits(positive, negative, temperature)
    return _cross_entropy(positive, negative).mean()


def elimination_loss(positive: Tensor, negative: Tensor, false_negative: Tensor, temperature: float | Tensor,
                     reweight: bool = False, weight: Tensor | None = None) -> Tensor:
    """InfoNCE whose denominator leaves out the detected false negatives (IFND, Eq. 3).

    Args:
        positive (Tensor): cosine similarity of each anchor to its positive, (A, 1).
        negative (Tensor): cosine similarities to the candidates, (A, C); -inf where there is none.
        false_negative (Tensor): bool, true where candidate c means the same as anchor a; (A, C), or (G, A, C) for G
            granularities, over which the loss is averaged.
        temperature (float | Tensor): > 0; a scalar.
        reweight (bool): scale the kept negatives to the original count, ``(C / kept) * sum over the kept`` (the released
            code of GloFND, ICML 2025); a row that keeps none counts as keeping one.
        weight (Tensor, optional): factor on each anchor's loss in the mean, (A,).

    Returns:
        Tensor: scalar, the mean over anchors. An anchor that has lost all negatives contributes 0, and gradient 0.

    Raises:
        ValueError: if shapes or temperature do not fit; the message shows what was got and what was expected.

    Example:
        >>> positive, negative = torch.tensor([[0.9]]), torch.tensor([[0.8, -0.3]])
        >>> detected = torch.tensor([[True, False]])
        >>> round(elimination_loss(positive, negative, detected, temperature=0.5).item(), 4)
        0.0868
    """
    positive, negative = logits(positive, negative, temperature)
    removed = stacked(false_negative, negative)
    # All granularities at once, the positive in the first column.
    kept = torch.cat([positive, negative], dim=1).masked_fill(F.pad(removed, (1, 0)), -torch.inf)
    if reweight:
        kept = kept + F.pad(_log_share_kept(negative, kept[..., 1:]).expand(removed.shape), (1, 0))
    losses = kept.logsumexp(dim=2) - positive.squeeze(1)
    return (losses if weight is None else losses * weight).mean()


def attraction_loss(positive: Tensor, negative: Tensor, false_negative: Tensor, temperature: float | Tensor) -> Tensor:
    """InfoNCE whose detected false negatives are further positives (IFND, Eq. 4; SupCon's L_out if labels are given).

    Positives and false negatives stay in the denominator; the numerator is their mean logit.

    Args:
        positive (Tensor): cosine similarity of each anchor to its positive, (A, 1).
        negative (Tensor): cosine similarities to the candidates, (A, C); -inf where there is none.
        false_negative (Tensor): bool, true where candidate c means the same as anchor a; (A, C) or (G, A, C).
        temperature (float | Tensor): > 0; a scalar.

    Returns:
        Tensor: scalar, the mean over anchors, averaged over granularities.

    Raises:
        ValueError: if shapes or temperature do not fit; the message shows what was got and what was expected.

    Example:
        >>> positive, negative = torch.tensor([[0.9]]), torch.tensor([[0.8, -0.3]])
        >>> detected = torch.tensor([[True, False]])
        >>> round(attraction_loss(positive, negative, detected, temperature=0.5).item(), 4)
        0.7468
    """
    positive, negative = logits(positive, negative, temperature)
    log_denominator = torch.cat([positive, negative], dim=1).logsumexp(dim=1)
    same = stacked(false_negative, negative) & (negative > -torch.inf)
    attracted = positive.squeeze(1) + negative.masked_fill(~same, 0).sum(dim=2)
    return (log_denominator - attracted / (1 + same.sum(dim=2))).mean()


def softmax_mass(positive: Tensor, negative: Tensor, chosen: Tensor, temperature: float | Tensor) -> Tensor:
    """The share of each anchor's softmax that some of its candidates hold: what they are to the denominator of Eq. 1.

    ``sum_{chosen} exp(s / t) / (exp(p / t) + sum_n exp(s_n / t))``. Of the false negatives by true label it says how much of
    the gradient that pushes away is spent on them, and so how much their removal can change.

    Args:
        positive (Tensor): cosine similarity of each anchor to its positive, (A, 1).
        negative (Tensor): cosine similarities to the candidates, (A, C); -inf where there is none.
        chosen (Tensor): bool (A, C), or (G, A, C).
        temperature (float | Tensor): > 0; a scalar, or one an anchor, (A, 1).

    Returns:
        Tensor: in [0, 1], (A,) or (G, A).

    Raises:
        ValueError: if shapes or temperature do not fit.

    Example:
        >>> positive, negative = torch.tensor([[0.]]), torch.tensor([[0., 0., -torch.inf]])
        >>> softmax_mass(positive, negative, torch.tensor([[True, False, True]]), temperature=0.5)
        tensor([0.3333])
    """
    check_false_negative(chosen, negative)
    positive, negative = logits(positive, negative, temperature)
    shares = torch.cat([positive, negative], dim=1).softmax(dim=1)[:, 1:]
    return (shares * chosen).sum(dim=-1)


def _cross_entropy(positive: Tensor, negative: Tensor) -> Tensor:
    """``-log softmax`` of the positive among positive and negatives, (A,). The finite positive keeps -inf rows finite."""
    return torch.cat([positive, negative], dim=1).logsumexp(dim=1) - positive.squeeze(1)


def _log_share_kept(negative: Tensor, kept: Tensor) -> Tensor:
    """``log(number of negatives / number kept)`` of each row of (A, C) and (G, A, C), (G, A, 1)."""
    total = (negative > -torch.inf).sum(dim=1, keepdim=True)
    remaining = (kept > -torch.inf).sum(dim=2, keepdim=True)
    return total.clamp(min=1).to(kept.dtype).log() - remaining.clamp(min=1).to(kept.dtype).log()


def stacked(false_negative: Tensor, negative: Tensor) -> Tensor:
    """The mask (G, A, C) of (A, C) or (G, A, C), after a check of type and shape."""
    check_false_negative(false_negative, negative)
    return false_negative if false_negative.dim() == 3 else false_negative.unsqueeze(0)


def logits(positive: Tensor, negative: Tensor, temperature: float | Tensor) -> tuple[Tensor, Tensor]:
    """Divide similarities by the temperature in float32 or wider, after a check of the shapes."""
    check_pair(positive, negative)
    check_temperature(temperature)
    wide = torch.promote_types(torch.promote_types(positive.dtype, negative.dtype), torch.float32)
    return positive.to(wide) / temperature, divide_present(negative.to(wide), temperature)


def divide_present(negative: Tensor, temperature: float | Tensor) -> Tensor:
    """Divide by the temperature; entries of -inf give no gradient to a learned temperature."""
    if not isinstance(temperature, Tensor):
        return negative / temperature
    absent = negative == -torch.inf
    return (negative.masked_fill(absent, 0) / temperature).masked_fill(absent, -torch.inf)
