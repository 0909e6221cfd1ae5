"""The distance between the embeddings of images and of their texts (Liang et al., NeurIPS 2022)."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ._inputs import ArrayLike, as_features, as_labels, check_same_length, check_same_width


class ModalityGap(NamedTuple):
    """How far images are from texts on the unit sphere; see :func:`modality_gap`.

    Attributes:
        gap (float): length of the difference of the two means, in [0, 2]; 0 if images and texts share one region.
        positive_cosine (float): mean cosine similarity of an image and a text that describes it.
        negative_cosine (float): mean cosine similarity of an image and any other text; nan if there is none.
    """

    gap: float
    positive_cosine: float
    negative_cosine: float


def modality_gap(image_features: ArrayLike, text_features: ArrayLike, owner: ArrayLike | None = None) -> ModalityGap:
    """The length of the difference of mean image and mean text embedding (Liang et al., section 4.2), and mean similarities.

    All are exact and computed from sums, in time and memory O(M + T).

    Args:
        image_features (array-like): (M, D), of any length.
        text_features (array-like): (T, D).
        owner (array-like, optional): integers (T,), the image 0 to M - 1 of each text; default: text t describes image t.

    Raises:
        ValueError: if shapes do not fit, or ``owner`` is out of range.

    Example:
        >>> modality_gap([[1., 0.], [0., 1.]], [[1., 0.], [0., 1.]])
        ModalityGap(gap=0.0, positive_cosine=1.0, negative_cosine=0.0)
    """
    images, texts = (F.normalize(as_features(values, name, torch.float64), dim=1) for values, name in
                     ((image_features, 'image_features'), (text_features, 'text_features')))
    texts = texts.to(images.device)
    check_same_width(images, texts)
    owners = torch.arange(len(texts)) if owner is None else torch.from_numpy(as_labels(owner, 'owner'))
    check_same_length(owners, 'owner', texts, 'text_features')
    if int(owners.max()) >= len(images):
        raise ValueError(f'owner names image {int(owners.max())}, but there are {len(images)} images, from 0 on')
    positive = (images[owners.to(images.device)] * texts).sum()
    negatives = len(texts) * (len(images) - 1)
    negative = (images.sum(0) @ texts.sum(0) - positive) / negatives if negatives else torch.tensor(float('nan'))
    return ModalityGap(_value((images.mean(0) - texts.mean(0)).norm()), _value(positive / len(texts)), _value(negative))


def _value(number: Tensor) -> float:
    return float(number)
