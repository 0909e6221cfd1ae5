"""Mean true positive and true negative rates of any detector, asked anchor by anchor."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import torch
from torch import Tensor

from mmifnd.checks import check_at_least

from ._inputs import ArrayLike, as_labels

#: A function from anchor indices, int64 (a,), to a bool mask (a, N).
Detect: TypeAlias = Callable[[Tensor], ArrayLike]


def pairwise_rates(detect: Detect, labels: ArrayLike, anchors: ArrayLike | None = None,
                   chunk_size: int = 256) -> tuple[float, float]:
    """The mean true positive rate and mean true negative rate of any detector over pairs of a data set.

    For an anchor i and the images j != i, TPR_i is the share of its class that the detector marks, and TNR_i the share of
    the other images that it does not mark. Both are plain means over the anchors that have such images. If ``detect`` is
    equality of pseudo labels and the anchors are all images, this is :func:`~mmifnd.evaluation.true_rates`. Memory is
    chunk_size x N.

    Args:
        detect (callable): takes anchor indices, a tensor int64 (a,) on the device of ``labels`` (CPU for arrays), and
            returns a bool tensor or array (a, N), true where image j is detected as a false negative of the anchor.
            Its answer for the anchor itself is ignored.
        labels (array-like): true class of each image, integers >= 0, (N,).
        anchors (array-like, optional): indices of the anchors in [0, N), (A,); default: all images.
        chunk_size (int): anchors asked at once, >= 1.

    Returns:
        tuple[float, float]: (mtpr, mtnr) in [0, 1]; nan if no anchor has such a rate.

    Raises:
        ValueError: if labels or anchors are empty or out of range, or the answer is not a bool (a, N).

    Example:
        >>> pseudo_labels = torch.tensor([7, 7, 7, 8])
        >>> pairwise_rates(lambda anchors: pseudo_labels[anchors, None] == pseudo_labels, [0, 0, 1, 1])
        (0.5, 0.5)
    """
    classes = torch.from_numpy(as_labels(labels, 'labels'))
    rates = [_rates_of_anchors(detected, classes, chunk)
             for chunk, detected in ask_in_chunks(detect, labels, anchors, chunk_size)]
    true_positive, true_negative = (torch.cat(parts) for parts in zip(*rates, strict=True))
    return true_positive.nanmean().item(), true_negative.nanmean().item()


def ask_in_chunks(detect: Detect, labels: ArrayLike, anchors: ArrayLike | None = None,
                  chunk_size: int = 256) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield chunks of anchors, int64 (a,), and what ``detect`` returns for them, bool (a, N), both on the host.

    Arguments and errors are those of :func:`pairwise_rates`.
    """
    device = labels.device if isinstance(labels, torch.Tensor) else 'cpu'
    num_images = len(as_labels(labels, 'labels'))
    anchors = _as_anchors(anchors, num_images)
    check_at_least('chunk_size', chunk_size, 1, remedy='it counts the anchors that are asked at once')
    for chunk in anchors.split(chunk_size):
        yield chunk, _ask(detect, chunk.to(device), num_images).cpu()


def _as_anchors(anchors: ArrayLike | None, num_images: int) -> Tensor:
    if anchors is None:
        return torch.arange(num_images)
    index = torch.from_numpy(as_labels(anchors, 'anchors'))
    if index.max() >= num_images:
        raise ValueError(f'anchors hold {index.max()}, but there are {num_images} images; expected indices in '
                         f'[0, {num_images})')
    return index


def _ask(detect: Detect, anchors: Tensor, num_images: int) -> Tensor:
    detected = torch.as_tensor(detect(anchors))
    if detected.dtype != torch.bool or detected.shape != (len(anchors), num_images):
        raise ValueError(f'detect returned {detected.dtype} of shape {tuple(detected.shape)}; expected torch.bool of '
                         f'shape {(len(anchors), num_images)}, one row per anchor and one column per image')
    return detected.to(anchors.device)


def _rates_of_anchors(detected: Tensor, labels: Tensor, anchors: Tensor) -> tuple[Tensor, Tensor]:
    """The rates (TPR_i, TNR_i) of a chunk, float64 (a,) each; nan (0 / 0) for an anchor without such images."""
    other = torch.ones_like(detected).scatter_(1, anchors[:, None], False)
    same_class = labels[anchors, None] == labels
    positive, negative = same_class & other, ~same_class
    true_positive = (detected & positive).sum(1).double() / positive.sum(1)
    true_negative = (~detected & negative).sum(1).double() / negative.sum(1)
    return true_positive, true_negative
