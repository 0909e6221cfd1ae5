"""Contrastive losses whose labels are distributions over the positive and the candidates: soft instead of one-hot.

Shapes: A anchors, C candidates, G granularities. A label is a pair: its share of the positive (A, 1) and of the candidates
(A, C), which sum to 1. A negative similarity of -inf says "no candidate here": it has no share and stands in no sum.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from .contrastive import _granularities, _logits

#: What makes a label of the similarities between each anchor's positive and the candidates, (A, C).
Labeler = Callable[[Tensor], tuple[Tensor, Tensor]]


def similarity_contrastive_loss(positive: Tensor, negative: Tensor, key_similarity: Tensor, false_negative: Tensor,
                                temperature: float, key_temperature: float, weight: float) -> Tensor:
    """The loss of SCE (Denize et al., WACV 2023, arXiv 2111.14585), with the detected false negatives left out.

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
        ValueError: where shapes or values do not fit; the message shows what was got and what was expected.
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
        tuple[Tensor, Tensor]: shares of the positive (A, 1) and of the candidates (A, C). Where there is no candidate,
        the positive has all.

    Raises:
        ValueError: where a value is out of range.
    """
    if not key_temperature > 0 or not 0 <= weight <= 1:
        raise ValueError(f'key_temperature={key_temperature} must be positive and weight={weight} in [0, 1]; '
                         '0.05 and 0.5 are usual')
    present = (key_similarity > -torch.inf).any(dim=1, keepdim=True)
    shares = torch.where(present, (key_similarity / key_temperature).softmax(dim=1), 0)
    return 1 - (1 - weight) * present.to(shares.dtype), (1 - weight) * shares


def soft_label_loss(positive: Tensor, negative: Tensor, key_similarity: Tensor, false_negative: Tensor,
                    temperature: float, labeler: Labeler) -> Tensor:
    """Cross entropy between labels made of ``key_similarity`` and ``softmax([positive | negatives] / temperature)``.

    Args:
        labeler (Labeler): from (A, C) similarities, -inf where there is no candidate or it was removed, to a label.
        positive, negative, key_similarity, false_negative, temperature: see :func:`similarity_contrastive_loss`.

    Returns:
        Tensor: scalar, the mean over anchors, averaged over granularities.

    Raises:
        ValueError: where shapes or temperature do not fit; the message shows what was got and what was expected.
    """
    positive, negative = _logits(positive, negative, temperature)
    if key_similarity.shape != negative.shape:
        raise ValueError(f'key_similarity has shape {tuple(key_similarity.shape)}; expected {tuple(negative.shape)}, '
                         'as the negatives')
    key_similarity = key_similarity.detach().to(negative.dtype)
    losses = []
    for removed in _granularities(false_negative, negative):
        kept = negative.masked_fill(removed, -torch.inf)
        absent = kept == -torch.inf
        label = labeler(key_similarity.masked_fill(absent, -torch.inf))
        losses.append(_soft_cross_entropy(positive, kept, absent, label).mean())
    return torch.stack(losses).mean()


def _soft_cross_entropy(positive: Tensor, kept: Tensor, absent: Tensor, label: tuple[Tensor, Tensor]) -> Tensor:
    """``-sum_k y_k log softmax_k`` of each anchor, (A,), for labels y that sum to 1."""
    expected = label[0] * positive + (label[1] * kept.masked_fill(absent, 0)).sum(dim=1, keepdim=True)
    return torch.cat([positive, kept], dim=1).logsumexp(dim=1) - expected.squeeze(1)
