"""Classification of images by texts about the classes (CLIP: Radford et al., ICML 2021, section 3.1).

Shapes: Q images, K classes, P prompts per class, D dimensions.
"""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ._inputs import ArrayLike, as_features, as_labels, check_same_length, check_same_width
from ._similarities import chunks


class ZeroShotAccuracy(NamedTuple):
    """Accuracies in percent; see :func:`zero_shot_accuracy`.

    Attributes:
        top1 (float): images whose class is the most similar one.
        top5 (float): images whose class is among the five most similar ones.
        per_class (float): mean of ``recalls`` over the classes that have images.
        recalls (np.ndarray): top-1 accuracy of each class, float64 (K,); nan for a class without images.
    """

    top1: float
    top5: float
    per_class: float
    recalls: np.ndarray


def class_weights(prompt_features: ArrayLike) -> Tensor:
    """The unit vector of each class: the mean of its prompts' unit vectors, brought to length 1 again.

    Args:
        prompt_features (array-like): (K, P, D), the embeddings of P prompts of each class.

    Returns:
        Tensor: (K, D), float64 if the prompts are, else float32.

    Raises:
        ValueError: if the shape is another one, or a value is not finite.

    Example:
        >>> class_weights([[[2., 0.], [0., 1.]]])
        tensor([[0.7071, 0.7071]])
    """
    prompts = torch.as_tensor(prompt_features)
    if prompts.ndim != 3 or not prompts.numel():
        raise ValueError(f'prompt_features has shape {tuple(prompts.shape)}; expected (K, P, D): classes, prompts, dimensions')
    rows = as_features(prompts.flatten(0, 1), 'prompt_features')
    return F.normalize(F.normalize(rows, dim=1).unflatten(0, prompts.shape[:2]).mean(1), dim=1)


def group_weights(weights: ArrayLike, group: ArrayLike) -> Tensor:
    """The unit vector of each group of classes: the mean of the classes' unit vectors, brought to length 1 again.

    Args:
        weights (array-like): (K, D), of :func:`class_weights`.
        group (array-like): integers (K,), 0 to G - 1.

    Returns:
        Tensor: (G, D).

    Raises:
        ValueError: if the lengths differ.

    Example:
        >>> group_weights([[1., 0.], [0., 1.], [0., 1.]], [0, 0, 1])
        tensor([[0.7071, 0.7071],
                [0.0000, 1.0000]])
    """
    rows = F.normalize(as_features(weights, 'weights'), dim=1)
    groups = torch.from_numpy(as_labels(group, 'group')).to(rows.device)
    check_same_length(rows, 'weights', groups, 'group')
    sums = rows.new_zeros(int(groups.max()) + 1, rows.shape[1]).index_add_(0, groups, rows)
    return F.normalize(sums, dim=1)


def zero_shot_accuracy(image_features: ArrayLike, weights: ArrayLike, labels: ArrayLike) -> ZeroShotAccuracy:
    """The accuracy of the class whose unit vector is most similar to the image's; of equally similar ones the lower class.

    Args:
        image_features (array-like): (Q, D), of any length; computed on their device.
        weights (array-like): (K, D), of :func:`class_weights`.
        labels (array-like): true classes, integers 0 to K - 1, (Q,).

    Raises:
        ValueError: if shapes do not fit, or a label is out of range.

    Example:
        >>> zero_shot_accuracy([[1., 0.1], [0.1, 1.]], [[1., 0.], [0., 1.]], [0, 0]).top1
        50.0
    """
    images = F.normalize(as_features(image_features, 'image_features'), dim=1)
    classes = F.normalize(as_features(weights, 'weights').to(images), dim=1)
    check_same_width(images, classes)
    truth = torch.from_numpy(as_labels(labels, 'labels')).to(images.device)
    check_same_length(images, 'image_features', truth, 'labels')
    if int(truth.max()) >= len(classes):
        raise ValueError(f'labels hold {int(truth.max())}, but weights are those of {len(classes)} classes, from 0 on')
    ranks = _ranks(images, classes, truth)
    is_first = (ranks == 1).double()
    hits = torch.bincount(truth, is_first, minlength=len(classes)).cpu().numpy()
    sizes = torch.bincount(truth, minlength=len(classes)).cpu().numpy()
    recalls = np.divide(100 * hits, sizes, out=np.full(len(classes), np.nan), where=sizes > 0)
    top5 = 100 * float((ranks <= 5).double().mean())
    return ZeroShotAccuracy(100 * float(is_first.mean()), top5, float(np.nanmean(recalls)), recalls)


def _ranks(images: Tensor, classes: Tensor, truth: Tensor) -> Tensor:
    """The rank of the true class of each image, int64 (Q,)."""
    ranks, number = [], torch.arange(len(classes), device=classes.device)
    for rows in chunks(len(images), len(classes)):
        similarity, own = images[rows] @ classes.mT, truth[rows, None]
        of_own = similarity.gather(1, own)
        ranks.append(1 + ((similarity > of_own) | ((similarity == of_own) & (number < own))).sum(1))
    return torch.cat(ranks)
