"""Contrastive losses whose labels are distributions over the positive and the candidates: soft instead of one-hot.

Shapes: A anchors, C candidates, G granularities. A label is a pair: its share of the positive (A, 1) and of the candidates
(A, C), which sum to 1. A negative similarity of -inf says "no candidate here": it has no share and is left out of every sum.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from mmifnd.checks import check_divisor, check_inside

from .contrastive import logits, stacked

#: A function from the similarities (A, C) between each anchor's positive and the candidates to a label.
Labeler = Callable[[Tensor], tuple[Tensor, Tensor]]


def similarity_contrastive_loss(positive: Tensor, negative: Tensor, key_similarity: Tensor, false_negative: Tensor,
                                temperature: float, key_temperature: float, weight: float) -> Tensor:
    """The loss of SCE (Denize et al., WACV 2023, arXiv 2111.14585) without the detected false negatives.

    ``-sum_k w_k log softmax_k(q . k / t)``, ``w = weight * one_hot + (1 - weight) * s``, where s is the softmax of the
    positive's similarities to the *other* keys over ``key_temperature``. (The released code gives the positive's own
    slot in s a logit of 0 instead of none; the equation, which this follows, excludes it.)

    Args:
        positive (Tensor): cosine similarity of each anchor to its positive, (A, 1).
        negative (Tensor): cosine similarities to the candidates, (A, C); -inf where there is none.
        key_similarity (Tensor): cosine similarities of each anchor's positive to the candidates, (A, C); no gradient.
        false_negative (Tensor): bool, true where a candidate is removed from label and prediction; (A, C), or (G, A, C)
            for G granularities, over which the loss is averaged.
        temperature (float): of the prediction, > 0; 0.1 in the paper.
        key_temperature (float): of the label, > 0; 0.05 in the paper.
        weight (float): of the one-hot label, in [0, 1]; 0.5 in the paper, 1 is InfoNCE.

    Returns:
        Tensor: scalar, the mean over anchors. An anchor without negatives contributes 0.

    Raises:
        ValueError: if shapes or values do not fit; the message shows what was got and what was expected.

    Example:
        >>> positive, negative = torch.tensor([[0.9]]), torch.tensor([[0.8, -0.3]])
        >>> options = dict(false_negative=torch.zeros(1, 2, dtype=torch.bool), temperature=0.1, key_temperature=0.05)
        >>> similarity_contrastive_loss(positive, negative, negative, weight=1., **options)  # InfoNCE
        tensor(0.3133)
        >>> similarity_contrastive_loss(positive, negative, negative, weight=0.5, **options)
        tensor(0.8133)
    """
    return soft_label_loss(positive, negative, key_similarity, false_negative, temperature,
                           lambda similarity: relational_label(similarity, key_temperature, weight))


@torch.no_grad()
def relational_label(key_similarity: Tensor, key_temperature: float, weight: float) -> tuple[Tensor, Tensor]:
    """SCE's label ``weight * one_hot + (1 - weight) * softmax(key_similarity / key_temperature)``.

    Args:
        key_similarity (Tensor): of each anchor's positive to the candidates, (A, C); -inf where there is none.
        key_temperature (float): > 0.
        weight (float): in [0, 1].

    Returns:
        tuple[Tensor, Tensor]: shares of the positive (A, 1) and of the candidates (A, C). If there is no candidate, the
        positive has everything.

    Raises:
        ValueError: if a value is out of range.

    Example:
        >>> relational_label(torch.tensor([[0.3, 0.3]]), key_temperature=0.05, weight=0.5)
        (tensor([[0.5000]]), tensor([[0.2500, 0.2500]]))
    """
    check_divisor('key_temperature', key_temperature, remedy='0.05 is usual')
    check_inside('weight', weight, 0, 1, remedy='it weighs the one-hot label, 0.5 is usual')
    present = (key_similarity > -torch.inf).any(dim=1, keepdim=True)
    shares = torch.where(present, (key_similarity / key_temperature).softmax(dim=1), 0)
    return 1 - (1 - weight) * present.to(shares.dtype), (1 - weight) * shares


def soft_label_loss(positive: Tensor, negative: Tensor, key_similarity: Tensor, false_negative: Tensor,
                    temperature: float, labeler: Labeler, weight: Tensor | None = None) -> Tensor:
    """The cross entropy between labels made from ``key_similarity`` and ``softmax([positive | negatives] / temperature)``.

    Args:
        positive (Tensor): see :func:`similarity_contrastive_loss`, (A, 1).
        negative (Tensor): as above, (A, C).
        key_similarity (Tensor): as above, (A, C).
        false_negative (Tensor): as above, (A, C) or (G, A, C).
        temperature (float): as above.
        labeler (Labeler): from (A, C) similarities, -inf where there is no candidate or it was removed, to a label.
        weight (Tensor, optional): factor on each anchor's loss in the mean, (A,).

    Returns:
        Tensor: scalar, the mean over anchors, averaged over granularities.

    Raises:
        ValueError: if shapes or temperature do not fit; the message shows what was got and what was expected.

    Example:
        >>> positive, negative = torch.tensor([[0.9]]), torch.tensor([[0.8, -0.3]])
        >>> half = lambda similarity: (torch.full((1, 1), 0.5), 0.5 * similarity.softmax(dim=1))
        >>> keep_all = torch.zeros(1, 2, dtype=torch.bool)
        >>> soft_label_loss(positive, negative, negative, keep_all, temperature=0.1, labeler=half)
        tensor(2.1868)
    """
    positive, negative = logits(positive, negative, temperature)
    if key_similarity.shape != negative.shape:
        raise ValueError(f'key_similarity has shape {tuple(key_similarity.shape)}; expected {tuple(negative.shape)}, '
                         'as the negatives')
    key_similarity = key_similarity.detach().to(negative.dtype)
    losses = []
    for removed in stacked(false_negative, negative):
        kept = negative.masked_fill(removed, -torch.inf)
        absent = kept == -torch.inf
        label = labeler(key_similarity.masked_fill(absent, -torch.inf))
        entropy = _soft_cross_entropy(positive, kept, absent, label)
        losses.append((entropy if weight is None else entropy * weight).mean())
    return torch.stack(losses).mean()


def _soft_cross_entropy(positive: Tensor, kept: Tensor, absent: Tensor, label: tuple[Tensor, Tensor]) -> Tensor:
    """The cross entropy ``-sum_k y_k log softmax_k`` of each anchor, (A,), for labels y that sum to 1."""
    expected = label[0] * positive + (label[1] * kept.masked_fill(absent, 0)).sum(dim=1, keepdim=True)
    return torch.cat([positive, kept], dim=1).logsumexp(dim=1) - expected.squeeze(1)
