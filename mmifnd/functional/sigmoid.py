"""The sigmoid loss of image-text pairs (SigLIP: Zhai et al., ICCV 2023, Eq. 1): each pair is a yes-or-no question of its own.

Shapes: A anchors, C candidates, G granularities. A negative similarity of -inf says "no candidate here".
"""

import torch
import torch.nn.functional as F
from torch import Tensor

ACTIONS = ('eliminate', 'attract')


def sigmoid_loss(positive: Tensor, negative: Tensor, false_negative: Tensor, temperature: float | Tensor,
                 bias: float | Tensor, action: str = 'eliminate', positive_weight: float = 1.) -> Tensor:
    """``-log sigmoid(z * (s / t + b))`` summed over the pairs of an anchor; z is 1 of a positive pair and -1 of a negative.

    Args:
        positive (Tensor): cosine similarity of each anchor to its positive, (A, 1).
        negative (Tensor): cosine similarities to the candidates, (A, C); -inf where there is none.
        false_negative (Tensor): bool, true where candidate c means the same as anchor a; (A, C) or (G, A, C).
        temperature (float | Tensor): > 0, a scalar; the paper's scale is 1 / temperature.
        bias (float | Tensor): b, a scalar; -10 at the start of the paper's training.
        action (str): what becomes of a false negative: its term is left out (``'eliminate'``), or it is a positive pair
            (``'attract'``).
        positive_weight (float): weight of the terms of positive pairs, the attracted ones among them.

    Returns:
        Tensor: scalar, the mean over anchors of the sums over their pairs, averaged over granularities.

    Raises:
        ValueError: if shapes do not fit, or the action is unknown.

    Example:
        >>> similarity = torch.tensor([[0.9, 0.1]])
        >>> keep_all = torch.zeros(1, 1, dtype=torch.bool)
        >>> round(sigmoid_loss(similarity[:, :1], similarity[:, 1:], keep_all, temperature=0.1, bias=-5.).item(), 4)
        0.0363
    """
    _check(positive, negative, false_negative, action)
    wide = torch.promote_types(torch.promote_types(positive.dtype, negative.dtype), torch.float32)
    positive, negative = positive.to(wide), negative.to(wide)
    present = negative > -torch.inf
    own = positive_weight * F.softplus(-(positive / temperature + bias)).mean()
    logit = negative.masked_fill(~present, 0) / temperature + bias
    repelled = torch.where(present & ~false_negative, F.softplus(logit), 0).sum(dim=-1).mean()
    if action == 'eliminate':
        return own + repelled
    attracted = torch.where(present & false_negative, F.softplus(-logit), 0).sum(dim=-1).mean()
    return own + repelled + positive_weight * attracted


def _check(positive: Tensor, negative: Tensor, false_negative: Tensor, action: str) -> None:
    if action not in ACTIONS:
        raise ValueError(f'action={action!r} of sigmoid_loss is unknown; choose one of {", ".join(ACTIONS)}')
    if positive.dim() != 2 or negative.dim() != 2 or positive.shape != (len(negative), 1):
        raise ValueError(f'positive and negative have shapes {tuple(positive.shape)} and {tuple(negative.shape)}; '
                         'expected (A, 1) and (A, C)')
    if false_negative.dtype != torch.bool or false_negative.shape[-2:] != negative.shape or false_negative.dim() > 3:
        raise ValueError(f'false_negative is {false_negative.dtype} {tuple(false_negative.shape)}; expected bool '
                         f'{tuple(negative.shape)} or (G, {negative.shape[0]}, {negative.shape[1]})')
