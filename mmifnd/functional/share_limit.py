"""A bound on how many candidates of each anchor are taken for false negatives."""

import torch
from torch import Tensor

from mmifnd.checks import check_inside

from ._checks import check_false_negative


def limit_share(false_negative: Tensor, negative: Tensor, max_share: float) -> Tensor:
    """Keep the most similar of the detected candidates, at most a share of each anchor's candidates.

    Args:
        false_negative (Tensor): bool, (A, C), or (G, A, C) for G granularities.
        negative (Tensor): cosine similarities to the candidates, (A, C); -inf where there is none.
        max_share (float): in (0, 1]; of n candidates floor(max_share n) may stay, but always one.

    Returns:
        Tensor: bool, of the shape of ``false_negative``.

    Raises:
        ValueError: if shapes do not fit or the share is out of range.

    Example:
        >>> detected = torch.tensor([[True, True, False, True]])
        >>> limit_share(detected, torch.tensor([[0.2, 0.9, 0.95, 0.5]]), max_share=0.5)
        tensor([[False,  True, False,  True]])
    """
    check_inside('max_share', max_share, 0, 1, 'right', remedy='it is a share of the candidates')
    check_false_negative(false_negative, negative)
    count = (negative > -torch.inf).sum(dim=1, keepdim=True)
    allowed = (count * max_share).floor().clamp(min=1)
    similarity = negative.expand(false_negative.shape).masked_fill(~false_negative, -torch.inf)
    order = similarity.argsort(dim=-1, descending=True, stable=True)
    rank = torch.empty_like(order).scatter_(-1, order, torch.arange(order.shape[-1], device=order.device).expand_as(order))
    return false_negative & (rank < allowed)
