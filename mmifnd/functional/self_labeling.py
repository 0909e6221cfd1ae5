"""Self-labeling refinement (SANE: Zhou et al., NeurIPS 2021, arXiv 2106.14749, Eq. 4 and 5).

Shapes: A anchors, C candidates, G granularities. The paper's key set B of an anchor is its positive and its candidates. The
paper does not say which encoder compares a key with the other keys; here both sides are the momentum encoder's, so that a
key's similarity to itself is 1.
"""

import math
from collections.abc import Collection

import torch
from torch import Tensor

from mmifnd.checks import check_inside

from ._checks import check_temperature
from .soft_labels import soft_label_loss

#: The two parts of a refined label: the softmax over all keys, and that over all keys but the anchor's own.
PARTS = ('p', 'q')


def self_labeling_loss(positive: Tensor, negative: Tensor, key_similarity: Tensor, false_negative: Tensor,
                       temperature: float, sharpening: float, prior: float, parts: Collection[str] = PARTS,
                       share: float = 1., weight: Tensor | None = None) -> Tensor:
    """The cross entropy with refined labels, without the detected false negatives (SANE, Eq. 4 and 5).

    ``-sum_k y_k log softmax_k(q . k / t)`` with ``y = (1 - share) * one_hot + share * refined``, see :func:`refined_label`.

    Args:
        positive (Tensor): cosine similarity of each anchor to its positive, (A, 1).
        negative (Tensor): cosine similarities to the candidates, (A, C); -inf where there is none.
        key_similarity (Tensor): cosine similarities of each anchor's positive to the candidates, (A, C); no gradient.
        false_negative (Tensor): bool, true where a candidate is removed from label and prediction; (A, C), or (G, A, C)
            for G granularities, over which the loss is averaged.
        temperature (float): t of the prediction, > 0; 0.2 in the paper.
        sharpening (float): see :func:`refined_label`.
        prior (float): see :func:`refined_label`.
        parts (Collection[str]): see :func:`refined_label`.
        share (float): of the refined label, in [0, 1]; 0 is InfoNCE.
        weight (Tensor, optional): factor on each anchor's loss in the mean, (A,).

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
        tensor(0.6891)
    """
    check_inside('share', share, 0, 1, remedy='it weighs the refined label, 1 is usual')

    def label(similarity: Tensor) -> tuple[Tensor, Tensor]:
        own, others = refined_label(similarity, temperature, sharpening, prior, parts)
        return 1 - share + share * own, share * others

    return soft_label_loss(positive, negative, key_similarity, false_negative, temperature, label, weight)


@torch.no_grad()
def refined_label(key_similarity: Tensor, temperature: float, sharpening: float, prior: float,
                  parts: Collection[str] = PARTS) -> tuple[Tensor, Tensor]:
    """The refined label ``(1 - a - b) * one_hot + a * p + b * q`` (SANE, Eq. 5).

    p is the softmax over ``temperature * sharpening`` of the positive's similarities, to itself (cosine 1) and to the
    candidates; q the same without itself. ``a = prior * max p / z``, ``b = prior * max q / z``,
    ``z = 1 + prior * max p + prior * max q``, where 1 is the confidence of the one-hot label.

    Args:
        key_similarity (Tensor): of each anchor's positive to the candidates, (A, C); -inf where there is none.
        temperature (float): > 0.
        sharpening (float): in (0, 1]; smaller values sharpen. 0.8 on CIFAR-10, 1 on ImageNet.
        prior (float): confidence in the refinery, >= 0; 0 leaves the one-hot label.
        parts (Collection[str]): ``('p', 'q')``, or one of them, as in the rows of Table 4.

    Returns:
        tuple[Tensor, Tensor]: shares of the positive (A, 1) and of the candidates (A, C), which sum to 1. q of an anchor
        without candidates is left out.

    Raises:
        ValueError: if a value is out of range.

    Example:
        >>> refined_label(torch.tensor([[0.9, 0.1]]), temperature=0.2, sharpening=0.8, prior=1.)
        (tensor([[0.5381]]), tensor([[0.4588, 0.0031]]))
    """
    check_temperature(temperature, '0.2 is usual')
    check_inside('sharpening', sharpening, 0, 1, 'right', remedy='0.8 and 1 are usual')
    check_inside('prior', prior, 0, math.inf, 'left', 'the refined label', '0 to 10 is usual')
    check_parts(parts)
    scaled = torch.cat([torch.ones_like(key_similarity[:, :1]), key_similarity], dim=1) / (temperature * sharpening)
    p, q = scaled.softmax(dim=1), scaled[:, 1:].softmax(dim=1).nan_to_num(0.)  # NaN if there is no candidate at all
    first = prior * p.amax(dim=1, keepdim=True) * ('p' in parts)
    second = prior * q.amax(dim=1, keepdim=True) * ('q' in parts)
    a, b = first / (1 + first + second), second / (1 + first + second)
    return 1 - a - b + a * p[:, :1], a * p[:, 1:] + b * q


def check_parts(parts: Collection[str], owner: str = '') -> None:
    """Refuse parts of a refined label that do not exist.

    Raises:
        ValueError: naming them and what there is.
    """
    if not parts or not set(parts) <= set(PARTS):
        raise ValueError(f"parts={tuple(parts)!r}{f' of {owner}' if owner else ''} must be ('p', 'q'), ('p',) or ('q',)")


def prior_confidence(progress: float, start: float, end: float) -> float:
    """The prior mu at ``progress`` in [0, 1] of the training: from ``start`` to ``end`` on half a cosine, as SANE moves it.

    ``end - (end - start) * (cos(pi * progress) + 1) / 2``; 0 to 1 on CIFAR-10, 0.5 to 10 on ImageNet.

    Example:
        >>> [prior_confidence(progress, start=0.5, end=10.) for progress in (0., 0.5, 1.)]
        [0.5, 5.25, 10.0]
    """
    return end - (end - start) * (math.cos(math.pi * progress) + 1) / 2
