"""The error of thresholds against quantiles over augmented views, as GloFND's notebook measures it (its Fig. 3).

Shapes: N images, V views of each, D channels, A anchors. The similarities of an anchor are those of each of its views to each
view of other images, pooled. As in the notebook, an anchor that is drawn among the others stays there.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from mmifnd.checks import check_inside

from .threshold_error import ThresholdError

_CHUNK = 64  # anchors at a time


def view_quantiles(views: Tensor, alpha: float, anchors: Tensor | None = None, draws: int = 100_000, block: int = 4096,
                   seed: int = 0) -> tuple[Tensor, Tensor]:
    """The two neighbours of the (1 - alpha)-quantile of each anchor's similarities to random images.

    Args:
        views (Tensor): (N, V, D), of any length.
        alpha (float): share of the similarities above the quantile, in (0, 1).
        anchors (Tensor, optional): int64 (A,); default: all images.
        draws (int): images that anchors are compared with, all of them if there are no more.
        block (int): anchors that are compared with the same draw.
        seed (int): of the draws.

    Returns:
        tuple[Tensor, Tensor]: the lower and the higher neighbour, (A,) each; equal if the quantile is itself a similarity.

    Raises:
        ValueError: if alpha is outside (0, 1).

    Example:
        >>> low, high = view_quantiles(torch.tensor([[[1., 0.]], [[0.6, 0.8]], [[0., 1.]]]), alpha=0.4)
        >>> [round(value, 4) for value in low.tolist()], [round(value, 4) for value in high.tolist()]
        ([0.6, 0.8, 0.8], [1.0, 1.0, 1.0])
    """
    check_inside('alpha', alpha, 0, 1, 'neither', remedy='it is a share, 0.01 in the paper')
    unit = F.normalize(views.float(), dim=2)
    anchors = torch.arange(len(unit), device=unit.device) if anchors is None else anchors
    generator = torch.Generator().manual_seed(seed)
    quantiles = []
    for part in anchors.split(block):
        others = unit if draws >= len(unit) else unit[torch.randperm(len(unit), generator=generator)[:draws].to(unit.device)]
        quantiles += [_neighbours(unit[chunk], others, alpha) for chunk in part.split(_CHUNK)]
    lower, higher = zip(*quantiles)
    return torch.cat(lower), torch.cat(higher)


def batch_view_quantiles(views: Tensor, alpha: float, batch_size: int, seed: int = 0) -> Tensor:
    """The (1 - alpha)-quantile of each image's similarities to a random batch of images, itself among them, (N,).

    It is what a detector that takes its thresholds from each batch would take (FNC in GloFND's comparison), interpolated.

    Args:
        views (Tensor): (N, V, D), of any length.
        alpha (float): share of the similarities above the quantile.
        batch_size (int): images of a batch; all batches are about as large.
        seed (int): of the batches.

    Example:
        >>> batch_view_quantiles(torch.eye(4).unsqueeze(1), 0.5, 4).tolist()
        [0.0, 0.0, 0.0, 0.0]
    """
    unit = F.normalize(views.float(), dim=2)
    order = torch.randperm(len(unit), generator=torch.Generator().manual_seed(seed)).to(unit.device)
    quantiles = unit.new_empty(len(unit))
    for batch in order.tensor_split(max(1, round(len(order) / batch_size))):
        quantiles[batch] = torch.quantile(_pooled(unit[batch], unit[batch]), 1 - alpha, dim=1)
    return quantiles


def view_threshold_error(thresholds: Tensor, lower: Tensor, higher: Tensor) -> ThresholdError:
    """The error of thresholds (A,): the distance to the nearer neighbour of the quantile.

    Example:
        >>> lower, higher = torch.tensor([0.2, 0.5]), torch.tensor([0.4, 0.5])
        >>> round(view_threshold_error(torch.tensor([0.1, 0.8]), lower, higher).mae, 4)
        0.2
    """
    thresholds, lower, higher = (value.double() for value in (thresholds, lower, higher))
    distance = torch.minimum((thresholds - lower).abs(), (thresholds - higher).abs())
    return ThresholdError(distance.mean().item(), distance.square().mean().sqrt().item())


def _pooled(anchors: Tensor, others: Tensor) -> Tensor:
    """Similarities of all views (A, V, D) and (M, V, D), (A, V V M)."""
    return torch.einsum('avd,mwd->avmw', anchors, others).flatten(1)


def _neighbours(anchors: Tensor, others: Tensor, alpha: float) -> tuple[Tensor, Tensor]:
    similarity = _pooled(anchors, others)
    position = (1 - alpha) * (similarity.shape[1] - 1)
    below = math.floor(position + 1e-9)
    count = similarity.shape[1] - below
    largest = similarity.topk(count, dim=1).values
    is_between = position - below > 1e-9
    return largest[:, -1], largest[:, -2 if is_between else -1]
