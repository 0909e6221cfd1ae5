"""k-means behind one small interface; faiss does the work."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .faiss_library import gpu_count, gpu_resources, load_faiss, require_faiss

if TYPE_CHECKING:
    import faiss


@dataclass(frozen=True)
class Clusters:
    """Result of one k-means: ``centroids`` float32 (K, D), ``labels`` int64 (N,), ``inertia`` (sum of squared distances)."""

    centroids: np.ndarray
    labels: np.ndarray
    inertia: float


class KMeans:
    """k-means over all features by faiss, on the GPU where faiss-gpu and a GPU are there.

    Defaults are those of PCL, which IFND follows: 20 iterations, 5 restarts, at most 1000 training points a centroid,
    plain L2 (not spherical).

    Args:
        num_iterations (int): Lloyd iterations at most.
        num_redo (int): restarts; the best is kept.
        spherical (bool): centroids of unit length, assignment by cosine.
        max_points_per_centroid (int): training points drawn for each centroid at most; every point is assigned.
        device (str): ``'auto'``, ``'cpu'`` or ``'gpu'``.
        num_threads (int, optional): of faiss on the CPU; what OMP_NUM_THREADS says unless given.

    Raises:
        ValueError: where a value is out of range, or a GPU is asked for and faiss sees none.
    """

    def __init__(self, num_iterations: int = 20, num_redo: int = 5, spherical: bool = False,
                 max_points_per_centroid: int = 1000, device: str = 'auto', num_threads: int | None = None) -> None:
        positive = dict(
            num_iterations=num_iterations, num_redo=num_redo, max_points_per_centroid=max_points_per_centroid,
            num_threads=1 if num_threads is None else num_threads)
        for name, value in positive.items():
            if value < 1:
                raise ValueError(f'{name}={value} of {type(self).__name__} is below 1; give a positive count')
        if device not in ('auto', 'cpu', 'gpu'):
            raise ValueError(f"device={device!r} of {type(self).__name__} is unknown; choose 'auto', 'cpu' or 'gpu'")
        require_faiss()
        if device == 'gpu' and not gpu_count():
            raise ValueError(f"device='gpu' of {type(self).__name__} needs faiss-gpu and a GPU; use 'auto' or 'cpu'")
        self.num_iterations, self.num_redo = num_iterations, num_redo
        self.spherical, self.max_points_per_centroid = spherical, max_points_per_centroid
        self.num_threads = num_threads
        self.on_gpu = device != 'cpu' and gpu_count() > 0

    def fit(self, features: np.ndarray, num_clusters: int, seed: int = 0, gpu: int = 0) -> Clusters:
        """Cluster ``features`` (N, D) into ``num_clusters``; equal seeds give equal centroids.

        Args:
            gpu (int): number of the GPU to use, where one is used.

        Raises:
            ValueError: where ``num_clusters`` is outside [1, N], or a feature is not finite (the row is named).
        """
        features = np.ascontiguousarray(features, dtype=np.float32)
        check_num_clusters(num_clusters, len(features))
        check_finite(features)
        index = self._index(features.shape[1], gpu)
        clustering = self._clustering(features.shape[1], num_clusters, seed)
        with threads(self.num_threads):
            clustering.train(features, index)
            distances, labels = index.search(features, 1)
        centroids = load_faiss().vector_float_to_array(clustering.centroids).reshape(num_clusters, -1)
        inertia = (2 * len(features) - 2 * distances.sum()) if self.spherical else distances.sum(dtype=np.float64)
        return Clusters(centroids.copy(), labels[:, 0].astype(np.int64), float(inertia))

    def _clustering(self, dim: int, num_clusters: int, seed: int) -> 'faiss.Clustering':
        clustering = load_faiss().Clustering(dim, num_clusters)
        clustering.niter, clustering.nredo, clustering.seed = self.num_iterations, self.num_redo, seed
        clustering.spherical = self.spherical
        clustering.max_points_per_centroid = self.max_points_per_centroid
        clustering.min_points_per_centroid = 1  # few points a centroid is the caller's decision, checked before training
        return clustering

    def _index(self, dim: int, gpu: int) -> 'faiss.Index':
        faiss = load_faiss()
        if not self.on_gpu:
            return faiss.IndexFlatIP(dim) if self.spherical else faiss.IndexFlatL2(dim)
        config = faiss.GpuIndexFlatConfig()
        config.device = gpu
        flat = faiss.GpuIndexFlatIP if self.spherical else faiss.GpuIndexFlatL2
        return flat(gpu_resources(gpu), dim, config)


def check_num_clusters(num_clusters: int, num_samples: int) -> None:
    """Refuse a number of clusters that the data cannot fill, in one line."""
    if not 1 <= num_clusters <= num_samples:
        raise ValueError(f'num_clusters={num_clusters} exceeds the {num_samples} images of the training set; choose at '
                         f'most {num_samples} (a third or less is usual)' if num_clusters > num_samples else
                         f'num_clusters={num_clusters} is below 1; give a positive count')


def check_finite(features: np.ndarray) -> None:
    """Refuse features that are not finite, naming the first rows."""
    refuse_not_finite(np.flatnonzero(~np.isfinite(features).all(axis=1)), len(features))


def refuse_not_finite(bad: np.ndarray, total: int) -> None:
    """Refuse, in one line, the features of ``bad`` images of ``total``; nothing where there is none."""
    if len(bad):
        rows = ', '.join(map(str, bad[:5]))
        raise ValueError(f'{len(bad)} of {total} features are NaN or infinite (images {rows}'
                         f'{", ..." if len(bad) > 5 else ""}); look at these images, or lower the learning rate')


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Meanwhile, let faiss use ``count`` threads on the CPU; as many as before where None."""
    faiss = load_faiss()
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(count or before)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)

