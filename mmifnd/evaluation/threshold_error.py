"""The error of learned thresholds against the exact quantiles over the data set."""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from mmifnd.checks import check_inside


class ThresholdError(NamedTuple):
    """The mean absolute and root mean squared error against exact quantiles, in units of cosine similarity."""

    mae: float
    rmse: float


def exact_quantiles(embedding: Tensor, alpha: float, chunk_size: int = 1024, anchors: Tensor | None = None,
                    candidates: Tensor | None = None) -> Tensor:
    """The ceil(alpha n)-th largest of each image's n = N - 1 similarities to the others (GloFND, Lemma 3.1).

    Args:
        embedding (Tensor): (N, D), of any length.
        alpha (float): share of the others above the quantile, in (0, 1).
        chunk_size (int): rows at a time; memory is chunk_size x N.
        anchors (Tensor, optional): int64 indices of the anchors, (A,); default: all images.
        candidates (Tensor, optional): what the anchors are compared with, (N, D), whose i-th row belongs to anchor i and is
            none of its candidates, such as the texts of images; default: the images themselves.

    Returns:
        Tensor: (A,).

    Raises:
        ValueError: if alpha is outside (0, 1), or there are fewer than two images.

    Example:
        >>> exact_quantiles(torch.tensor([[1., 0.], [0.6, 0.8], [0., 1.]]), alpha=0.5)
        tensor([0.6000, 0.8000, 0.8000])
    """
    check_inside('alpha', alpha, 0, 1, 'neither', remedy='it is a share, 0.01 in the paper')
    if len(embedding) < 2:
        raise ValueError(f'{len(embedding)} image has no other to be compared with; give at least 2')
    unit = F.normalize(embedding.float(), dim=1)
    others = unit if candidates is None else F.normalize(candidates.float(), dim=1)
    if others.shape != unit.shape:
        raise ValueError(f'candidates {tuple(others.shape)} and embedding {tuple(unit.shape)} differ; give one candidate for '
                         'each anchor')
    rank = max(1, math.ceil(alpha * (len(unit) - 1) - 1e-9))
    anchors = torch.arange(len(unit), device=unit.device) if anchors is None else anchors
    quantiles = []
    for chunk in anchors.split(chunk_size):
        similarity = (unit[chunk] @ others.T).scatter_(1, chunk.unsqueeze(1), -torch.inf)
        quantiles.append(similarity.topk(rank, dim=1).values[:, -1])
    return torch.cat(quantiles)


def threshold_error(thresholds: Tensor, exact: Tensor) -> ThresholdError:
    """The error of ``thresholds`` (N,) against ``exact`` (N,).

    Raises:
        ValueError: if the lengths differ.

    Example:
        >>> round(threshold_error(torch.tensor([0.5, 0.7]), torch.tensor([0.6, 0.7])).mae, 4)
        0.05
    """
    if thresholds.shape != exact.shape:
        raise ValueError(f'{tuple(thresholds.shape)} thresholds for {tuple(exact.shape)} images; give one per image')
    distance = (thresholds.double() - exact.double()).abs()
    return ThresholdError(distance.mean().item(), distance.square().mean().sqrt().item())
