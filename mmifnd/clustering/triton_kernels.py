"""Nearest centroids and sums of clusters on NVIDIA GPUs, without a matrix of products in memory.

Written in Triton, which comes with torch's builds for CUDA; :mod:`.fused` imports this module where it can run.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

#: Rows and centroids of one tile, warps and stages of its pipeline: the first two were the fastest on an H100.
TILES = dict(
    wide=dict(ROWS=128, COLUMNS=64, num_warps=8, num_stages=2),
    square=dict(ROWS=64, COLUMNS=64, num_warps=4, num_stages=2),
    small=dict(ROWS=32, COLUMNS=32, num_warps=4, num_stages=1))
#: Rows and channels that a program sums at a time.
SUMS_TILE = dict(ROWS=32, CHANNELS=128, num_warps=4)


@triton.jit
def _nearest(rows, centroids, penalty, scale, labels, best, confidence, num_rows, num_centroids,
             DIM: tl.constexpr, WIDTH: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr, PRECISION: tl.constexpr,
             HAS_CONFIDENCE: tl.constexpr):
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    channel = tl.arange(0, WIDTH)
    is_row, is_channel = row < num_rows, channel < DIM
    own = tl.load(rows + row[:, None].to(tl.int64) * DIM + channel[None, :],
                  mask=is_row[:, None] & is_channel[None, :], other=0.)
    top = tl.full((ROWS,), float('-inf'), tl.float32)
    label = tl.zeros((ROWS,), tl.int32)
    highest = tl.full((ROWS,), float('-inf'), tl.float32)
    total = tl.zeros((ROWS,), tl.float32)
    own_logit = tl.zeros((ROWS,), tl.float32)
    for begin in range(0, num_centroids, COLUMNS):
        place = tl.arange(0, COLUMNS)
        is_column = begin + place < num_centroids
        factors = tl.load(centroids + (begin + place)[None, :] * DIM + channel[:, None],
                          mask=is_column[None, :] & is_channel[:, None], other=0.)
        product = tl.dot(own, factors, input_precision=PRECISION)
        score = product + tl.load(penalty + begin + place, mask=is_column, other=float('-inf'))[None, :]
        value, where = tl.max(score, axis=1, return_indices=True)
        is_better = value > top
        label = tl.where(is_better, begin + where, label)
        top = tl.maximum(top, value)
        if HAS_CONFIDENCE:
            logit = product * tl.load(scale + begin + place, mask=is_column, other=0.)[None, :]
            logit = tl.where(is_column[None, :], logit, float('-inf'))
            higher = tl.maximum(highest, tl.max(logit, axis=1))
            total = total * tl.exp(highest - higher) + tl.sum(tl.exp(logit - higher[:, None]), axis=1)
            highest = higher
            chosen = tl.sum(tl.where(place[None, :] == where[:, None], logit, 0.), axis=1)
            own_logit = tl.where(is_better, chosen, own_logit)
    tl.store(labels + row, label.to(tl.int64), mask=is_row)
    tl.store(best + row, top, mask=is_row)
    if HAS_CONFIDENCE:
        tl.store(confidence + row, tl.exp(own_logit - highest) / total, mask=is_row)


@triton.jit
def _sums(rows, order, bounds, sums, DIM: tl.constexpr, ROWS: tl.constexpr, CHANNELS: tl.constexpr):
    cluster = tl.program_id(0)
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    begin, end = tl.load(bounds + cluster), tl.load(bounds + cluster + 1)
    total = tl.zeros((CHANNELS,), tl.float64)
    for start in range(begin, end, ROWS):
        place = start + tl.arange(0, ROWS)
        is_row = place < end
        row = tl.load(order + place, mask=is_row, other=0)
        part = tl.load(rows + row[:, None] * DIM + channel[None, :], mask=is_row[:, None] & (channel < DIM)[None, :], other=0.)
        total += tl.sum(part.to(tl.float64), axis=0)
    tl.store(sums + cluster * DIM + channel, total, mask=channel < DIM)


def nearest_scores(rows: Tensor, centroids: Tensor, penalty: Tensor, scale: Tensor | None, precision: str,
                   tile: str = 'wide') -> tuple[Tensor, Tensor, Tensor | None]:
    """Label, best score and, with ``scale``, confidence of each row.

    Args:
        rows (Tensor): (N, D), contiguous, on a GPU.
        centroids (Tensor): (K, D) of the type of the rows, contiguous.
        penalty (Tensor): float32 (K,), added to the products.
        scale (Tensor, optional): float32 (K,), turns a product into a cosine over the temperature.
        precision (str): how float32 numbers are multiplied: ``'tf32x3'``, as exact as in float32, or ``'tf32'``.
        tile (str): key of ``TILES``.

    Returns:
        tuple[Tensor, Tensor, Tensor | None]: int64 (N,), float32 (N,) and float32 (N,).
    """
    labels = torch.empty(len(rows), dtype=torch.int64, device=rows.device)
    best = torch.empty(len(rows), dtype=torch.float32, device=rows.device)
    confidence = None if scale is None else torch.empty_like(best)
    dim, sizes = rows.shape[1], TILES[tile]
    _nearest[(triton.cdiv(len(rows), sizes['ROWS']),)](
        rows, centroids, penalty, penalty if scale is None else scale, labels, best, best if confidence is None else confidence,
        len(rows), len(centroids), DIM=dim, WIDTH=max(16, triton.next_power_of_2(dim)), PRECISION=precision,
        HAS_CONFIDENCE=scale is not None, **sizes)
    return labels, best, confidence


def cluster_sums(rows: Tensor, labels: Tensor, num_clusters: int) -> tuple[Tensor, Tensor]:
    """Sum of each cluster's rows, float64 (K, D), and its size, int64 (K,); the order of additions is fixed.

    Args:
        rows (Tensor): (N, D), contiguous, on a GPU.
        labels (Tensor): in [0, K), (N,).
    """
    ordered, order = labels.int().sort(stable=True)
    bounds = torch.searchsorted(ordered, torch.arange(num_clusters + 1, dtype=torch.int32, device=labels.device))
    sums = torch.empty(num_clusters, rows.shape[1], dtype=torch.float64, device=rows.device)
    _sums[(num_clusters, triton.cdiv(rows.shape[1], SUMS_TILE['CHANNELS']))](
        rows, order, bounds, sums, DIM=rows.shape[1], **SUMS_TILE)
    return sums, bounds.diff()
