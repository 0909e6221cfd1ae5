"""How far learned thresholds are from the exact quantiles over the data set."""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class ThresholdError(NamedTuple):
    """Mean absolute and root mean squared distance to the exact quantile, in units of cosine similarity."""

    mae: float
    rmse: float


def exact_quantiles(embedding: Tensor, alpha: float, chunk_size: int = 1024, anchors: Tensor | None = None) -> Tensor:
    """The ceil(alpha n)-th largest of each image's n = N - 1 similarities to all others (GloFND, Lemma 3.1).

    Args:
        embedding (Tensor): (N, D), of any length.
        alpha (float): share of the others above the quantile, in (0, 1).
        chunk_size (int): rows at a time; memory is chunk_size x N.
        anchors (Tensor, optional): int64 indices of the images that are asked for, (A,); all unless given.

    Returns:
        Tensor: (A,).

    Raises:
        ValueError: where alpha is outside (0, 1), or there are fewer than two images.
    """
    if not 0 < alpha < 1:
        raise ValueError(f'alpha={alpha} is outside (0, 1); it is a share, 0.01 in the paper')
    if len(embedding) < 2:
        raise ValueError(f'{len(embedding)} image has nobody to be compared with; give at least 2')
    unit = F.normalize(embedding.float(), dim=1)
    rank = max(1, math.ceil(alpha * (len(unit) - 1) - 1e-9))
    anchors = torch.arange(len(unit), device=unit.device) if anchors is None else anchors
    quantiles = []
    for own in anchors.split(chunk_size):
        similarity = (unit[own] @ unit.T).scatter_(1, own.unsqueeze(1), -torch.inf)
        quantiles.append(similarity.topk(rank, dim=1).values[:, -1])
    return torch.cat(quantiles)


def threshold_error(thresholds: Tensor, exact: Tensor) -> ThresholdError:
    """Distance of ``thresholds`` (N,) to ``exact`` (N,).

    Raises:
        ValueError: where the lengths differ.
    """
    if thresholds.shape != exact.shape:
        raise ValueError(f'{tuple(thresholds.shape)} thresholds for {tuple(exact.shape)} images; give one an image')
    distance = (thresholds.double() - exact.double()).abs()
    return ThresholdError(distance.mean().item(), distance.square().mean().sqrt().item())
