"""The nearest centroid of every row, and how sure that is, without a matrix of all rows by all centroids."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from mmifnd.checks import check_divisor

from . import fused

#: How products may be computed. TF32 and bfloat16 round the factors, not the sums: the inertia differs in the fifth digit.
PRECISIONS = ('float32', 'tf32', 'bfloat16')

#: Products held at a time: 4 MiB stay in the cache of a CPU core, 256 MiB keep a GPU busy.
_PRODUCTS_CPU, _PRODUCTS_GPU = 1 << 20, 1 << 26
#: Rows at a time where products are not held.
_ROWS_FUSED = 1 << 19


@dataclass(frozen=True)
class Assignment:
    """Result of :func:`nearest`.

    Attributes:
        labels (Tensor): nearest centroid of each row, int64 (N,).
        distances (Tensor): squared Euclidean distance to it, float32 or wider, (N,).
        confidence (Tensor | None): softmax probability of it, (N,); None if no temperature was given.
    """

    labels: Tensor
    distances: Tensor
    confidence: Tensor | None


@torch.no_grad()
def nearest(rows: Tensor, centroids: Tensor, spherical: bool = False, temperature: float | None = None,
            precision: str = 'float32') -> Assignment:
    """Assign every row to its nearest centroid, and weigh the assignment in the same pass (IFND, Eq. 2).

    One chunk of rows is multiplied with all centroids at a time, on the device of the centroids. The largest value of
    ``<v, c> - |c|^2 / 2`` gives the label, and the same products give the confidence

        ``exp(cos(v, c_y) / t) / sum_j exp(cos(v, c_j) / t)``,

    so that memory is O(N + K D) besides a chunk of products.

    Args:
        rows (Tensor): (N, D), on any device; of unit length if ``temperature`` is given.
        centroids (Tensor): float32 or wider, (K, D); of unit length if ``spherical``.
        spherical (bool): assign by cosine.
        temperature (float, optional): > 0, of the confidence.
        precision (str): of the products: ``'float32'``, ``'tf32'`` or ``'bfloat16'``.

    Returns:
        Assignment: on the device of the centroids.

    Raises:
        ValueError: if the temperature is out of range.

    Example:
        >>> nearest(torch.tensor([[1., 0.], [0., 1.]]), torch.tensor([[0., 2.], [0.9, 0.]])).labels
        tensor([1, 0])
    """
    if temperature is not None:
        check_divisor('temperature', temperature, remedy='usual values are 0.07 to 1')
    penalty = _penalty(centroids, spherical)
    scale = None if temperature is None else 1 / (centroids.norm(dim=1).clamp(min=1e-12) * temperature)
    labels = torch.empty(len(rows), dtype=torch.int64, device=centroids.device)
    distances = torch.empty(len(rows), dtype=centroids.dtype, device=centroids.device)
    confidence = None if scale is None else torch.empty_like(distances)
    for here, part, nearest_label, _, certainty in _chosen(rows, centroids, penalty, scale, precision):
        labels[here] = nearest_label
        distances[here] = (part - centroids[nearest_label]).square_().sum(dim=1)
        if confidence is not None and certainty is not None:
            confidence[here] = certainty
    return Assignment(labels, distances, confidence)


@torch.no_grad()
def labels_and_inertia(rows: Tensor, centroids: Tensor, spherical: bool = False,
                       precision: str = 'float32') -> tuple[Tensor, Tensor]:
    """The part of :func:`nearest` that an iteration of k-means needs: cheaper, and with sums of distances to seven digits.

    Returns:
        tuple[Tensor, Tensor]: labels int64 (N,), and the sum of the squared distances, float64 where the device has it.

    Example:
        >>> labels_and_inertia(torch.eye(2), 2 * torch.eye(2))
        (tensor([0, 1]), tensor(2., dtype=torch.float64))
    """
    labels = torch.empty(len(rows), dtype=torch.int64, device=centroids.device)
    wide = widest(centroids.device)
    inertia = torch.full((), float(len(rows) if spherical else 0), dtype=wide, device=centroids.device)  # |c|^2 = 1
    for here, part, nearest_label, best, _ in _chosen(rows, centroids, _penalty(centroids, spherical), None, precision):
        labels[here] = nearest_label
        inertia += part.square().sum(dtype=wide) - 2 * best.sum(dtype=wide)
    return labels, inertia


def widest(device: torch.device) -> torch.dtype:
    """The type to sum in: float64 but where a device does not have it.

    Example:
        >>> widest(torch.device('cpu'))
        torch.float64
    """
    return torch.float32 if device.type == 'mps' else torch.float64


def rows_at_a_time(num_centroids: int, device: torch.device) -> int:
    """Rows whose products with all centroids are held at once.

    Example:
        >>> rows_at_a_time(1024, torch.device('cpu'))
        1024
    """
    products = _PRODUCTS_CPU if device.type == 'cpu' else _PRODUCTS_GPU
    return max(64, products // num_centroids)


def _penalty(centroids: Tensor, spherical: bool) -> Tensor:
    """What is added to the products with each centroid, (K,): minus half its squared length, or nothing."""
    return centroids.new_zeros(len(centroids)) if spherical else centroids.square().sum(dim=1).mul_(-0.5)


#: A slice of the rows, those rows, their labels, best scores and, if asked for, confidence.
_Choice = tuple[slice, Tensor, Tensor, Tensor, Tensor | None]


def _chosen(rows: Tensor, centroids: Tensor, penalty: Tensor, scale: Tensor | None, precision: str) -> Iterator[_Choice]:
    """Choose a centroid for each row, a chunk of rows at a time: without products in memory if the device can."""
    tile = fused.tile_for(rows, centroids, precision, scale is not None)
    if tile is None:
        yield from _by_products(rows, centroids, penalty, scale, precision)
        return
    for begin in range(0, len(rows), _ROWS_FUSED):
        here = slice(begin, begin + _ROWS_FUSED)
        part = rows[here].to(centroids.device, centroids.dtype, non_blocking=True)
        yield here, part, *fused.nearest_scores(part, centroids, penalty, scale, precision, tile)


def _by_products(rows: Tensor, centroids: Tensor, penalty: Tensor, scale: Tensor | None, precision: str) -> Iterator[_Choice]:
    """Choose by matrices of products."""
    chunk = rows_at_a_time(len(centroids), centroids.device)
    buffer = centroids.new_empty(min(chunk, len(rows)), len(centroids))
    factors = centroids.bfloat16() if precision == 'bfloat16' else centroids
    with _tf32(precision == 'tf32'):
        for begin in range(0, len(rows), chunk):
            here = slice(begin, begin + chunk)
            part = rows[here].to(centroids.device, centroids.dtype, non_blocking=True)
            scores = buffer[:len(part)]
            if precision == 'bfloat16':
                torch.add(_bfloat16_product(part, factors), penalty, out=scores)
            else:
                torch.addmm(penalty, part, factors.T, out=scores)
            best, nearest_label = scores.max(dim=1)
            confidence = None if scale is None else _softmax_of(nearest_label, scores, penalty, scale)
            yield here, part, nearest_label, best, confidence


def _bfloat16_product(rows: Tensor, factors: Tensor) -> Tensor:
    """Products of values rounded to bfloat16, summed in float32."""
    if rows.device.type == 'cpu':
        return rows.bfloat16().float() @ factors.float().T
    return torch.mm(rows.bfloat16(), factors.T, out_dtype=torch.float32)  # pragma: no cover (needs a GPU)


def _softmax_of(labels: Tensor, scores: Tensor, penalty: Tensor, scale: Tensor) -> Tensor:
    """Confidence of ``labels``, (n,); ``scores`` (n, K) are used up."""
    # (score - penalty) * scale is the cosine over the temperature. Relative to that of the own cluster, which adds exactly 1,
    # only a cosine that is larger by 88 temperatures overflows: a confidence of 0.
    torch.addcmul((-penalty * scale).expand_as(scores), scores, scale.expand_as(scores), out=scores)
    own_score = scores.gather(1, labels.unsqueeze(1))
    return scores.sub_(own_score).exp_().sum(dim=1).reciprocal_()


@contextmanager
def _tf32(wanted: bool) -> Iterator[None]:
    """Meanwhile, let float32 products on a GPU round their factors to TF32."""
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = wanted
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before
