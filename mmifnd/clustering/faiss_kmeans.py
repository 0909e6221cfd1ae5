"""k-means by faiss, of rows in host memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from .faiss_library import gpu_resources, load_faiss

if TYPE_CHECKING:
    pass


def train(rows: np.ndarray, num_clusters: int, seed: int, num_iterations: int, num_redo: int, spherical: bool,
          max_points_per_centroid: int, gpu: int | None = None, start: np.ndarray | None = None) -> np.ndarray:
    """Centroids of ``rows`` by ``faiss.Clustering``, float32 (K, D).

    Args:
        rows (np.ndarray): float32 (N, D), contiguous.
        gpu (int, optional): number of the GPU to use; if None, the CPU.
        start (np.ndarray, optional): centroids (K, D) to begin with, once; if None, random rows ``num_redo`` times.

    Example:
        >>> train(np.float32([[0], [1], [8], [9]]), 2, 0, 10, 1, False, 100, start=np.float32([[0], [1]])).tolist()
        [[0.5], [8.5]]
    """
    faiss = load_faiss()
    clustering = faiss.Clustering(rows.shape[1], num_clusters)
    clustering.niter, clustering.nredo, clustering.seed = num_iterations, num_redo if start is None else 1, seed
    clustering.spherical = spherical
    clustering.max_points_per_centroid = max_points_per_centroid
    clustering.min_points_per_centroid = 1  # few points per centroid are the caller's decision, checked before training
    if start is not None:
        faiss.copy_array_to_vector(np.ascontiguousarray(start, dtype=np.float32).ravel(), clustering.centroids)
    clustering.train(rows, _index(rows.shape[1], spherical, gpu))
    return np.array(faiss.vector_float_to_array(clustering.centroids)).reshape(num_clusters, -1)


def labels_and_inertia(rows: Tensor, centroids: Tensor, spherical: bool = False,
                       gpu: int | None = None) -> tuple[Tensor, Tensor]:
    """Compute :func:`mmifnd.clustering.assignment.labels_and_inertia` by faiss: rows and centroids in host memory.

    Example:
        >>> labels_and_inertia(torch.eye(2), 2 * torch.eye(2))
        (tensor([0, 1]), tensor(2., dtype=torch.float64))
    """
    index = _index(centroids.shape[1], spherical, gpu)
    index.add(np.ascontiguousarray(centroids.numpy(), dtype=np.float32))
    scores, labels = index.search(np.ascontiguousarray(rows.numpy(), dtype=np.float32), 1)
    inertia = scores.sum(dtype=np.float64)
    if spherical:  # |x - c|^2 from x . c; centroids have unit length, rows need not have it
        inertia = rows.square().sum(dtype=torch.float64).item() + len(rows) - 2 * inertia
    return torch.from_numpy(labels[:, 0].astype(np.int64)), torch.tensor(inertia, dtype=torch.float64)


@contextmanager
def faiss_threads(count: int | None) -> Iterator[None]:
    """Let faiss use ``count`` threads on the CPU inside the block; as many as before if None.

    Example:
        >>> with faiss_threads(1):
        ...     load_faiss().omp_get_max_threads()
        1
    """
    faiss = load_faiss()
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(count or before)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _index(dim: int, spherical: bool, gpu: int | None) -> Any:
    faiss = load_faiss()
    if gpu is None:
        return faiss.IndexFlatIP(dim) if spherical else faiss.IndexFlatL2(dim)
    config = faiss.GpuIndexFlatConfig()  # pragma: no cover (needs a GPU)
    config.device = gpu  # pragma: no cover (needs a GPU)
    flat = faiss.GpuIndexFlatIP if spherical else faiss.GpuIndexFlatL2  # pragma: no cover (needs a GPU)
    return flat(gpu_resources(gpu), dim, config)  # pragma: no cover (needs a GPU)
