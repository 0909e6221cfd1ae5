"""Self-labeling refinement, SANE (Zhou et al., NeurIPS 2021, arXiv 2106.14749). PROVISIONAL: written from memory.

The paper's text was not available when this was written, and no public code was found to compare with. The method's outline
(soft labels from the positive's similarities, mixed with the one-hot label) is taken from the abstract; every formula and
constant below is a recollection, and each constant is an argument. Check them against the paper before you compare numbers
with its own.
"""

import math

import torch
from torch import Tensor

from mmifnd.checks import check_choice, check_inside

from ._checks import check_temperature
from .soft_labels import soft_label_loss

#: The second part of a refined label: all on the nearest candidate, the softmax over candidates alone, or nothing.
SECOND_LABELS = ('nearest', 'candidates', 'none')


def self_labeling_loss(positive: Tensor, negative: Tensor, key_similarity: Tensor, false_negative: Tensor,
                       temperature: float, sharpening: float, prior: float, second_label: str = 'nearest') -> Tensor:
    """The cross entropy with SANE's refined labels (provisional), without the detected false negatives.

    ``-sum_k y_k log softmax_k(q . k / t)`` with y of :func:`refined_label`.

    Args:
        positive (Tensor): cosine similarity of each anchor to its positive, (A, 1).
        negative (Tensor): cosine similarities to the candidates, (A, C); -inf where there is none.
        key_similarity (Tensor): cosine similarities of each anchor's positive to the candidates, (A, C); no gradient.
        false_negative (Tensor): bool, true where a candidate is removed from label and prediction; (A, C), or (G, A, C)
            for G granularities, over which the loss is averaged.
        temperature (float): t of the prediction, > 0.
        sharpening (float): see :func:`refined_label`.
        prior (float): see :func:`refined_label`.
        second_label (str): see :func:`refined_label`.

    Returns:
        Tensor: scalar, the mean over anchors. An anchor without negatives contributes 0.

    Raises:
        ValueError: if shapes or values do not fit; the message shows what was got and what was expected.

    Example:
        >>> positive, negative = torch.tensor([[0.9]]), torch.tensor([[0.8, -0.3]])
        >>> options = dict(false_negative=torch.zeros(1, 2, dtype=torch.bool), temperature=0.2, sharpening=0.8)
        >>> self_labeling_loss(positive, negative, negative, prior=0., **options)  # InfoNCE
        tensor(0.4756)
        >>> self_labeling_loss(positive, negative, negative, prior=1., **options)
        tensor(0.5751)
    """
    return soft_label_loss(positive, negative, key_similarity, false_negative, temperature,
                           lambda similarity: refined_label(similarity, temperature, sharpening, prior, second_label))


@torch.no_grad()
def refined_label(key_similarity: Tensor, temperature: float, sharpening: float, prior: float,
                  second_label: str = 'nearest') -> tuple[Tensor, Tensor]:
    """SANE's refined label ``(1 - a - b) * one_hot + a * p + b * q`` (provisional).

    p is the softmax of the positive's similarities over ``temperature * sharpening``, to itself (cosine 1) and to the
    candidates. q says which candidate is nearest. Confidences: ``a = prior * max p / s``, ``b = prior * (the nearest
    candidate's confidence) / s``, ``s = 1 + prior * (both)``, where 1 is the confidence of the one-hot label.

    Args:
        key_similarity (Tensor): of each anchor's positive to the candidates, (A, C); -inf where there is none.
        temperature (float): > 0.
        sharpening (float): in (0, 1]; smaller values sharpen.
        prior (float): confidence in the refinery, >= 0; 0 leaves the one-hot label.
        second_label (str): ``'nearest'``: q is one-hot at the nearest candidate, its confidence is p there;
            ``'candidates'``: q is p without its positive, scaled to sum 1, its confidence is its largest entry;
            ``'none'``: b = 0.

    Returns:
        tuple[Tensor, Tensor]: shares of the positive (A, 1) and of the candidates (A, C), which sum to 1.

    Raises:
        ValueError: if a value is out of range.

    Example:
        >>> refined_label(torch.tensor([[0.9, 0.1]]), temperature=0.2, sharpening=0.8, prior=1.)
        (tensor([[0.7120]]), tensor([[0.2873, 0.0008]]))
    """
    check_temperature(temperature, '0.2 is usual')
    check_inside('sharpening', sharpening, 0, 1, 'right', remedy='0.8 and 1 are usual')
    check_inside('prior', prior, 0, math.inf, 'left', 'the refined label', '0 to 10 is usual')
    check_choice('second_label', second_label, SECOND_LABELS)
    scaled = torch.cat([torch.ones_like(key_similarity[:, :1]), key_similarity], dim=1) / (temperature * sharpening)
    p = scaled.softmax(dim=1)
    first, (q, second) = p.amax(dim=1, keepdim=True), _second_label(scaled[:, 1:], p[:, 1:], second_label)
    total = 1 + prior * (first + second)
    a, b = prior * first / total, prior * second / total
    return 1 - a - b + a * p[:, :1], a * p[:, 1:] + b * q


def _second_label(scaled: Tensor, p: Tensor, kind: str) -> tuple[Tensor, Tensor]:
    """The label q (A, C) and its confidence (A, 1), from logits and shares of the candidates."""
    if kind == 'nearest':
        nearest = p.max(dim=1, keepdim=True)
        return torch.zeros_like(p).scatter_(1, nearest.indices, 1.), nearest.values
    if kind == 'candidates':
        q = scaled.softmax(dim=1).nan_to_num(0.)  # NaN where there is no candidate at all
        return q, q.amax(dim=1, keepdim=True)
    return torch.zeros_like(p), torch.zeros_like(p[:, :1])


def prior_confidence(progress: float, start: float, end: float) -> float:
    """The prior at ``progress`` in [0, 1] of the training: from ``start`` to ``end`` on half a cosine (provisional).

    ``end - (end - start) * (cos(pi * progress) + 1) / 2``; 0 to 1 on CIFAR-10, 0.5 to 10 on ImageNet.

    Example:
        >>> [prior_confidence(progress, start=0.5, end=10.) for progress in (0., 0.5, 1.)]
        [0.5, 5.25, 10.0]
    """
    return end - (end - start) * (math.cos(math.pi * progress) + 1) / 2
