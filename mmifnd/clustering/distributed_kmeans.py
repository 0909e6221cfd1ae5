"""k-means of rows that stay on their processes."""

import numpy as np
import torch

from mmifnd.functional import counter_hash

from .faiss_library import load_faiss
from .kmeans import Clusters, KMeans, check_num_clusters, refuse_not_finite, threads
from .row_share import RowShare

#: Rows that are widened to float64 at a time.
_CHUNK = 65_536
#: How far the halves of a cluster that is split move apart, relative to each coordinate; as in faiss.
_NUDGE = 1 / 1024


class DistributedKMeans(KMeans):
    """k-means for features that outgrow one machine: sums and sizes of clusters travel, features do not.

    Each restart is faiss' k-means of a sample that every process gets, the i-th on process i mod W. From the best of them
    Lloyd's iterations over all rows go on: every process assigns its own (faiss), and adds its float64 sums to the others'.
    A cluster that is left empty takes half of the largest one. For any number of processes the result is the same up to
    rounding.

    Args:
        num_iterations (int): of each restart, and of Lloyd over all rows, at most; the latter end when no label changes.
        num_redo (int): restarts.
        max_points_per_centroid (int): rows that the sample holds for each centroid at most; it takes 4 K D bytes times that
            on each process, 1.3 GB for 10,000 clusters of 128 dimensions.
        **kwargs: see :class:`KMeans`.

    Raises:
        ValueError: where a value is out of range, or a GPU is asked for and faiss sees none.
    """

    def __init__(self, num_iterations: int = 20, num_redo: int = 5, max_points_per_centroid: int = 256, **kwargs) -> None:
        super().__init__(num_iterations, num_redo, max_points_per_centroid=max_points_per_centroid, **kwargs)

    def fit_share(self, share: RowShare, num_clusters: int, seed: int = 0, gpu: int = 0) -> Clusters:
        """Cluster the rows of all processes, which call this together; ``labels`` are of this one's rows, (n,).

        Args:
            share (RowShare): this process's rows; of unit length where ``spherical``.
            gpu (int): number of the GPU to use, where one is used.

        Raises:
            ValueError: on every process, where ``num_clusters`` is outside [1, N], or a feature is not finite.
        """
        check_num_clusters(num_clusters, share.total)
        refuse_not_finite(share.not_finite().numpy(), share.total)
        rows = np.ascontiguousarray(share.features.numpy(), dtype=np.float32)
        with threads(self.num_threads):
            centroids, labels = self._start(share, num_clusters, seed, gpu), None
            for _ in range(self.num_iterations):
                before, (labels, _) = labels, self._assigned(rows, centroids, gpu)
                if before is not None and not share.reduce(torch.tensor((labels != before).sum()), 'sum'):
                    break
                centroids = self._means(share, rows, labels, num_clusters)
            labels, distances = self._assigned(rows, centroids, gpu)
        inertia = share.reduce(torch.tensor(distances.sum(dtype=np.float64)), 'sum')
        return Clusters(centroids, labels, inertia.item())

    def _start(self, share: RowShare, num_clusters: int, seed: int, gpu: int) -> np.ndarray:
        """Centroids of the restart with the smallest inertia of the sample."""
        sample = share.sample(min(share.total, num_clusters * self.max_points_per_centroid), seed).numpy()
        inertia, own = torch.full((self.num_redo,), torch.inf, dtype=torch.float64), {}
        for restart in range(share.rank, self.num_redo, share.world_size):
            own[restart] = self._restarted(sample, num_clusters, int(counter_hash(seed, restart)) & 0x7FFFFFFF, gpu)
            inertia[restart] = self._assigned(sample, own[restart], gpu)[1].sum(dtype=np.float64)
        best = int(share.reduce(inertia, 'min').argmin())
        return share.reduce(torch.from_numpy(own.get(best, np.zeros_like(sample[:num_clusters]))), 'sum').numpy()

    def _restarted(self, sample: np.ndarray, num_clusters: int, seed: int, gpu: int) -> np.ndarray:
        clustering = self._clustering(sample.shape[1], num_clusters, seed)
        clustering.nredo = 1
        clustering.train(sample, self._index(sample.shape[1], gpu))
        return load_faiss().vector_float_to_array(clustering.centroids).reshape(num_clusters, -1)

    def _assigned(self, rows: np.ndarray, centroids: np.ndarray, gpu: int) -> tuple[np.ndarray, np.ndarray]:
        """Nearest centroid of each row, int64 (n,), and its squared distance, (n,)."""
        index = self._index(centroids.shape[1], gpu)
        index.add(centroids)
        found, labels = index.search(rows, 1)
        return labels[:, 0].astype(np.int64), 2 - 2 * found[:, 0] if self.spherical else found[:, 0]

    def _means(self, share: RowShare, rows: np.ndarray, labels: np.ndarray, num_clusters: int) -> np.ndarray:
        """Mean of each cluster's rows on all processes, float32 (K, D)."""
        sums = torch.zeros(num_clusters, rows.shape[1] + 1, dtype=torch.float64)  # the last column counts
        for part, own in zip(torch.from_numpy(rows).split(_CHUNK), torch.from_numpy(labels).split(_CHUNK)):
            sums.index_add_(0, own, torch.nn.functional.pad(part.double(), (0, 1), value=1.))
        sums = share.reduce(sums, 'sum').numpy()
        sizes = sums[:, -1]
        means = split_largest(sums[:, :-1] / np.maximum(sizes, 1)[:, None], sizes)
        if self.spherical:
            means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), np.finfo(np.float64).tiny)
        return means.astype(np.float32)


def split_largest(means: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Give each empty cluster, in order, half of the cluster that is the largest by then; the halves move apart a little.

    Args:
        means (np.ndarray): of each cluster, (K, D).
        sizes (np.ndarray): rows in each cluster, (K,).

    Returns:
        np.ndarray: (K, D).
    """
    means, sizes = means.copy(), sizes.astype(np.float64)
    apart = np.where(np.arange(means.shape[1]) % 2, -_NUDGE, _NUDGE)
    for empty in np.flatnonzero(sizes == 0):
        largest = sizes.argmax()
        means[empty], means[largest] = means[largest] * (1 + apart), means[largest] * (1 - apart)
        sizes[[empty, largest]] = sizes[largest] / 2
    return means
