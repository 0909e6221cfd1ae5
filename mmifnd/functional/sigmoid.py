"""The sigmoid loss of image-text pairs (SigLIP: Zhai et al., ICCV 2023, Eq. 1): each pair is a separate yes-or-no question.

Shapes: A anchors, C candidates, G granularities. A negative similarity of -inf says "no candidate here".
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from mmifnd.checks import check_choice

from ._checks import check_false_negative, check_pair, check_temperature

ACTIONS = ('eliminate', 'attract')


def sigmoid_loss(positive: Tensor, negative: Tensor, false_negative: Tensor, temperature: float | Tensor,
                 bias: float | Tensor, action: str = 'eliminate', positive_weight: float = 1.) -> Tensor:
    """The sum of ``-log sigmoid(z * (s / t + b))`` over the pairs of an anchor, with z = 1 for positive pairs, else -1.

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
        ValueError: if shapes or temperature do not fit, or the action is unknown.

    Example:
        >>> similarity = torch.tensor([[0.9, 0.1]])
        >>> keep_all = torch.zeros(1, 1, dtype=torch.bool)
        >>> round(sigmoid_loss(similarity[:, :1], similarity[:, 1:], keep_all, temperature=0.1, bias=-5.).item(), 4)
        0.0363
    """
    check_choice('action', action, ACTIONS, 'sigmoid_loss')
    check_pair(positive, negative)
    check_false_negative(false_negative, negative)
    check_temperature(temperature, '0.1 is usual')
    wide = torch.promote_types(torch.promote_types(positive.dtype, negative.dtype), torch.float32)
    positive, negative = positive.to(wide), negative.to(wide)
    present = negative > -torch.inf
    aligned = positive_weight * F.softplus(-(positive / temperature + bias)).mean()
    logit = negative.masked_fill(~present, 0) / temperature + bias
    repelled = torch.where(present & ~false_negative, F.softplus(logit), 0).sum(dim=-1).mean()
    if action == 'eliminate':
        return aligned + repelled
    attracted = torch.where(present & false_negative, F.softplus(-logit), 0).sum(dim=-1).mean()
    return aligned + repelled + positive_weight * attracted
