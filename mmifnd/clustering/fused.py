"""Products with all centroids that never leave the chip: the kernels of :mod:`.triton_kernels`, on GPUs that run them.

On an H100, one assignment of 1.28 million rows of 128 channels to 10,000 centroids takes 44 ms instead of 124 ms in float32. A
kernel is tried once, on a few rows, before it is relied on: Triton needs a C compiler, and a tile must fit into the GPU.
"""

from functools import cache
from importlib.util import find_spec

import torch
from torch import Tensor

#: Channels of rows and centroids that fit into a tile.
MAX_CHANNELS = 128

#: How Triton multiplies float32 numbers: three products of TF32 parts are as exact as one of float32.
_PRODUCTS = dict(float32='tf32x3', tf32='tf32', bfloat16='tf32')
#: Tiles to try, the fastest on an H100 first.
_TILES = dict(float32=('wide', 'square', 'small'), tf32=('square', 'small'), bfloat16=('wide', 'square', 'small'))
#: Rows and centroids of a trial.
_TRIAL = (300, 70)
#: Errors that a kernel may make in a trial: of products of unit vectors, and of confidence relative to its value.
_TOLERANCE = dict(float32=1e-4, tf32=0.05, bfloat16=0.3)


def tile_for(rows: Tensor, centroids: Tensor, precision: str, has_confidence: bool) -> str | None:
    """The tile with which these can be compared on their GPU, or None: there, and on other devices, products go to memory.

    Rows must be float32 on an NVIDIA GPU of compute capability 8 or more, of 128 channels at most.

    Example:
        >>> tile_for(torch.eye(2), torch.eye(2), 'float32', False)
    """
    if centroids.device.type != 'cuda' or centroids.dtype != torch.float32 or rows.shape[1] > MAX_CHANNELS:
        return None
    return _tile_of_gpu(_number_of(centroids.device), precision, has_confidence)  # pragma: no cover (needs a GPU)


def sums_run_on(device: torch.device) -> bool:
    """Whether :func:`cluster_sums` runs on a device.

    Example:
        >>> sums_run_on(torch.device('cpu'))
        False
    """
    return device.type == 'cuda' and _adds_up(_number_of(device))


def nearest_scores(rows: Tensor, centroids: Tensor, penalty: Tensor, scale: Tensor | None, precision: str,
                   tile: str) -> tuple[Tensor, Tensor, Tensor | None]:  # pragma: no cover (needs a GPU)
    """Compute label, best score ``<v, c> + penalty`` and, with ``scale``, confidence of each row.

    Args:
        rows (Tensor): float32 (n, D).
        centroids (Tensor): float32 (K, D).
        penalty (Tensor): (K,).
        scale (Tensor, optional): turns a product into a cosine over the temperature, (K,).
        precision (str): of the products: ``'float32'``, ``'tf32'`` or ``'bfloat16'``.
        tile (str): see :func:`tile_for`.

    Returns:
        tuple[Tensor, Tensor, Tensor | None]: int64 (n,), float32 (n,), float32 (n,).
    """
    from .triton_kernels import nearest_scores as kernel
    if precision == 'bfloat16':
        rows, centroids = rows.bfloat16(), centroids.bfloat16()
    with torch.cuda.device(rows.device):
        return kernel(rows.contiguous(), centroids.contiguous(), penalty, scale, _PRODUCTS[precision], tile)


def cluster_sums(rows: Tensor, labels: Tensor, num_clusters: int) -> tuple[Tensor, Tensor]:  # pragma: no cover (needs a GPU)
    """Sum each cluster's rows, float64 (K, D), and count them, int64 (K,), always in the same order.

    Args:
        rows (Tensor): (n, D).
        labels (Tensor): in [0, K), (n,).
    """
    from .triton_kernels import cluster_sums as kernel
    with torch.cuda.device(rows.device):
        return kernel(rows.contiguous(), labels, num_clusters)


def _number_of(device: torch.device) -> int:  # pragma: no cover (needs a GPU)
    return torch.cuda.current_device() if device.index is None else device.index


@cache
def _tile_of_gpu(gpu: int, precision: str, has_confidence: bool) -> str | None:  # pragma: no cover (needs a GPU)
    """The first tile whose results are right on a GPU, if any is."""
    if not _has_triton(gpu):
        return None
    tiles = _TILES[precision]
    if precision == 'bfloat16' and has_confidence:
        tiles = tiles[1:]
    return next((tile for tile in tiles if _is_right(torch.device('cuda', gpu), precision, has_confidence, tile)), None)


@cache
def _has_triton(gpu: int) -> bool:  # pragma: no cover (needs a GPU)
    is_nvidia = torch.version.hip is None and torch.cuda.get_device_capability(gpu) >= (8, 0)
    return is_nvidia and find_spec('triton') is not None


def _is_right(device: torch.device, precision: str, has_confidence: bool, tile: str) -> bool:
    rows, centroids = _trial(device)
    penalty = -0.5 * centroids.square().sum(dim=1)
    scale = 5 / centroids.norm(dim=1) if has_confidence else None
    exact = rows.double() @ centroids.double().T
    scores = exact + penalty
    try:
        labels, best, confidence = nearest_scores(rows, centroids, penalty, scale, precision, tile)
    except Exception:  # no compiler, no room for the tile, another version: whatever it is, products go to memory instead
        return False
    errors = [best - scores.amax(dim=1), scores.gather(1, labels.unsqueeze(1)).squeeze(1) - scores.amax(dim=1)]
    if scale is not None and confidence is not None:
        shares = (exact * scale).softmax(dim=1).gather(1, labels.unsqueeze(1)).squeeze(1)
        errors.append(confidence / shares - 1)
    return all(bool((error.abs() <= _TOLERANCE[precision]).all()) for error in errors)


@cache
def _adds_up(gpu: int) -> bool:  # pragma: no cover (needs a GPU)
    if not _has_triton(gpu):
        return False
    rows, centroids = _trial(torch.device('cuda', gpu))
    labels = torch.arange(len(rows), device=rows.device) % len(centroids)
    expected = torch.zeros_like(centroids, dtype=torch.float64).index_add_(0, labels, rows.double())
    try:
        sums, sizes = cluster_sums(rows, labels, len(centroids))
    except Exception:  # as above
        return False
    return torch.allclose(sums, expected) and torch.equal(sizes, torch.bincount(labels, minlength=len(centroids)))


def _trial(device: torch.device) -> tuple[Tensor, Tensor]:
    """Unit rows and centroids of the widest kind, without drawing from the run's random numbers."""
    count, clusters = _TRIAL
    waves = torch.arange(count * MAX_CHANNELS, dtype=torch.float64, device=device).view(count, MAX_CHANNELS)
    rows = torch.nn.functional.normalize((waves * 0.7317).sin() + (waves * waves * 0.0131).cos(), dim=1).float()
    return rows, 0.8 * rows[::4][:clusters].contiguous()
