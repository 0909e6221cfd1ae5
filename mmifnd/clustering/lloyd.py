"""Lloyd's iterations on tensors, of rows that stay on their processes and devices."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from . import fused
from .assignment import labels_and_inertia, widest
from .row_share import RowShare

#: Rows that are widened to float64 at a time.
_ROWS_CPU, _ROWS_GPU = 16_384, 262_144
#: Rows at a time where they are not widened in memory.
_ROWS_FUSED = 1 << 21
#: How far the halves of a cluster that is split move apart, relative to each coordinate; as in faiss.
_NUDGE = 1 / 1024

#: Takes rows (n, D) and centroids (K, D); gives labels int64 (n,) and the sum of squared distances, a scalar.
Assign = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def lloyd(share: RowShare, centroids: Tensor, num_iterations: int, spherical: bool = False,
          assign: Assign = labels_and_inertia) -> tuple[Tensor, float]:
    """Improve ``centroids`` (K, D) until no label changes, ``num_iterations`` times at most.

    Args:
        share (RowShare): this process's rows; of unit length if ``spherical``.
        assign: gives the label of each of the rows (n, D), and the sum of their squared distances.

    Returns:
        tuple[Tensor, float]: centroids, the same bits on every process, and the inertia of the last assignment: that of the
        result if labels no longer change, else a little more.

    Example:
        >>> share = RowShare(torch.tensor([[0.], [1.], [8.], [9.]]), torch.arange(4), 4)
        >>> lloyd(share, torch.tensor([[0.], [1.]]), 10)
        (tensor([[0.5000],
                [8.5000]]), 1.0)
    """
    labels, inertia = None, torch.inf
    for _ in range(num_iterations):
        before = labels
        labels, local_inertia = assign(share.features, centroids)
        changed = torch.ones_like(local_inertia) if before is None else (labels != before).any().to(local_inertia.dtype)
        inertia, changed = share.reduce(torch.stack([local_inertia, changed]), 'sum').tolist()
        if not changed:
            break
        centroids = means(share, labels, len(centroids), spherical)
    return centroids, inertia


def means(share: RowShare, labels: Tensor, num_clusters: int, spherical: bool = False) -> Tensor:
    """The mean of each cluster's rows on all processes, float32 (K, D); an empty cluster takes half of the largest one.

    Sums are float64 (float32 on devices without it) and taken in a fixed order, so that they are the same in each run, and for
    any number of processes up to the rounding of float64.

    Args:
        labels (Tensor): cluster of each of these rows, (n,).
        spherical (bool): scale the means to unit length.

    Example:
        >>> means(RowShare(torch.tensor([[2.], [4.]]), torch.arange(2), 2), torch.tensor([1, 1]), 2).flatten().tolist()
        [3.0029296875, 2.9970703125]
    """
    sums = _sums_and_sizes(share.features, labels, num_clusters)
    sums = share.reduce(sums, 'sum')
    sizes = sums[:, -1]
    centroids = sums[:, :-1] / sizes.clamp(min=1).unsqueeze(1)
    if (sizes == 0).any():
        halved = split_largest(centroids.cpu().numpy(), sizes.cpu().numpy())
        centroids = torch.from_numpy(halved).to(centroids.device)
    if spherical:
        centroids = torch.nn.functional.normalize(centroids, dim=1)
    return centroids.float()


def _sums_and_sizes(features: Tensor, labels: Tensor, num_clusters: int) -> Tensor:
    """The sum of each cluster's rows, and their number in the last column, (K, D + 1)."""
    sums = torch.zeros(num_clusters, features.shape[1] + 1, dtype=widest(labels.device), device=labels.device)
    if fused.sums_run_on(labels.device):
        for begin in range(0, len(labels), _ROWS_FUSED):
            rows = features[begin:begin + _ROWS_FUSED].to(labels.device, non_blocking=True)
            part, sizes = fused.cluster_sums(rows, labels[begin:begin + _ROWS_FUSED], num_clusters)
            sums += torch.cat([part, sizes.unsqueeze(1)], dim=1)
        return sums
    step = _ROWS_CPU if labels.device.type == 'cpu' else _ROWS_GPU
    for begin in range(0, len(labels), step):
        rows = features[begin:begin + step].to(labels.device, sums.dtype, non_blocking=True)
        add_by_label(sums, torch.nn.functional.pad(rows, (0, 1), value=1.), labels[begin:begin + step])
    return sums


def add_by_label(sums: Tensor, rows: Tensor, labels: Tensor) -> None:
    """Add each row (n, C) to the sum (K, C) of its label, in the order of the rows, on any device.

    Atomic additions, as of ``index_add_`` on a GPU, would come in another order each time: there, rows are sorted by label, and
    one thread sums those of a label.

    Example:
        >>> sums = torch.zeros(2, 1)
        >>> add_by_label(sums, torch.tensor([[1.], [2.], [4.]]), torch.tensor([1, 0, 1]))
        >>> sums.flatten().tolist()
        [2.0, 5.0]
    """
    if sums.device.type == 'cpu':
        sums.index_add_(0, labels, rows)
    else:
        _add_sorted(sums, rows, labels)


def split_largest(centroids: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Give each empty cluster, in order, half of the cluster that is the largest by that time; the halves move apart a little.

    Args:
        centroids (np.ndarray): mean of each cluster, (K, D).
        sizes (np.ndarray): rows in each cluster, (K,).

    Returns:
        np.ndarray: (K, D).

    Example:
        >>> split_largest(np.array([[1.], [0.]]), np.array([4, 0])).round(3).tolist()
        [[0.999], [1.001]]
    """
    centroids, sizes = centroids.copy(), sizes.astype(np.float64)
    apart = np.where(np.arange(centroids.shape[1]) % 2, -_NUDGE, _NUDGE)
    for empty in np.flatnonzero(sizes == 0):
        largest = sizes.argmax()
        half = centroids[largest]
        centroids[empty], centroids[largest] = half * (1 + apart), half * (1 - apart)
        sizes[[empty, largest]] = sizes[largest] / 2
    return centroids


def _add_sorted(sums: Tensor, rows: Tensor, labels: Tensor) -> None:
    labels, order = labels.sort(stable=True)
    bounds = torch.searchsorted(labels, torch.arange(len(sums) + 1, device=labels.device))
    sums += torch.segment_reduce(rows[order], 'sum', offsets=bounds, axis=0, unsafe=True)

