"""k-means of rows that stay on their processes, also without a GPU."""

from typing import Any

import torch
from torch import Tensor

from .initial_centroids import seeds_of, spread_rows
from .kmeans import KMeans
from .row_share import RowShare


class DistributedKMeans(KMeans):
    """k-means for features that outgrow one machine: sums and sizes of clusters travel, features do not.

    Restarts see a sample. With faiss each of them is faiss' k-means of a copy of the sample that every process gets, the i-th
    on process i mod W; with torch all processes work on one after the other, and the sample stays where it is. Lloyd's
    iterations over all rows continue from the best of them: every process assigns its own rows, and adds its float64 sums to
    those of the others. An empty cluster takes half of the largest one. For any number of processes the result is the same up
    to rounding.

    Args:
        num_iterations (int): of each restart, and of Lloyd over all rows, at most; the latter end when no label changes.
        num_redo (int): restarts.
        max_points_per_centroid (int): rows that the sample has for each centroid at most; with faiss it takes 4 K D bytes times
            that on each process, 1.3 GB for 10,000 clusters of 128 dimensions.
        **kwargs: see :class:`KMeans`.

    Raises:
        ValueError: if a value is out of range, or a GPU is asked for that does not exist.

    Example:
        >>> share = RowShare(torch.tensor([[0.], [1.], [8.], [9.]]), torch.arange(4), 4)
        >>> DistributedKMeans(device='cpu').fit_share(share, 2).inertia
        1.0
    """

    def __init__(self, num_iterations: int = 20, num_redo: int = 5, max_points_per_centroid: int = 256,
                 **kwargs: Any) -> None:
        super().__init__(num_iterations, num_redo, max_points_per_centroid=max_points_per_centroid, **kwargs)

    @property
    def runs_on_shares(self) -> bool:
        """Always: see :class:`KMeans`."""
        return True

    def _restarted(self, share: RowShare, num_clusters: int, seed: int, gpu: int) -> Tensor:
        if self.backend == 'torch':
            start = super()._restarted(share, num_clusters, seed, gpu)
        else:
            start = self._best_of_sample(share, num_clusters, seed, gpu)
        return self._improved(share, start, gpu)

    def _improved(self, share: RowShare, centroids: Tensor, gpu: int) -> Tensor:
        return self._lloyd(share, centroids, gpu)[0]

    def _best_of_sample(self, share: RowShare, num_clusters: int, seed: int, gpu: int) -> Tensor:
        """Centroids of the restart with the smallest inertia of the sample, made by the process whose turn it was."""
        rows = share.sample(min(share.total, num_clusters * self.max_points_per_centroid), seed).cpu()
        sample = RowShare(rows, torch.arange(len(rows)), len(rows))
        inertia, local_centroids = torch.full((self.num_redo,), torch.inf, dtype=torch.float64), {}
        for restart, restart_seed in enumerate(seeds_of(seed, self.num_redo)):
            if restart % share.world_size == share.rank:
                local_centroids[restart] = self._restart_of_sample(sample, num_clusters, restart_seed, gpu)
                inertia[restart] = self._inertia(sample, gpu, local_centroids[restart])
        best = int(share.reduce(inertia, 'min').argmin())
        return share.reduce(local_centroids.get(best, torch.zeros(num_clusters, rows.shape[1])), 'sum')

    def _restart_of_sample(self, sample: RowShare, num_clusters: int, seed: int, gpu: int) -> Tensor:
        start = spread_rows(sample, num_clusters, [seed])[0] if self.init == 'k-means++' else None
        return self._faiss_centroids(sample, num_clusters, seed, gpu, start, num_redo=1)
