"""k-means behind one small interface; faiss does the work on CPUs, torch on GPUs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmifnd.checks import check_choice

from . import faiss_kmeans, fused
from .assignment import PRECISIONS, labels_and_inertia, nearest, widest
from .checks import check_counts, check_gpu, check_num_clusters, check_precision, refuse_not_finite
from .faiss_kmeans import faiss_threads
from .faiss_library import faiss_kernel, gpu_count, require_faiss
from .initial_centroids import STARTS, seeds_of
from .lloyd import Assign, lloyd
from .row_share import RowShare

BACKENDS = ('auto', 'faiss', 'torch')
DEVICES = ('auto', 'cpu', 'gpu')

#: With fewer clusters a warm start is accompanied by fresh restarts. On the digits a chain of warm starts got stuck at 10,
#: 11 % above the inertia of restarts, and ended below that at 30, 100 and 300.
MANY_CLUSTERS = 30


@dataclass(frozen=True)
class Clusters:
    """Result of one k-means: arrays if it was given an array, else tensors on the device of the computation.

    Attributes:
        centroids (np.ndarray | Tensor): float32 (K, D).
        labels (np.ndarray | Tensor): nearest centroid of each row, int64 (N,).
        inertia (float): sum of the squared distances of all rows to their nearest centroid.
        confidence (np.ndarray | Tensor | None): softmax probability of the labels (IFND, Eq. 2), (N,), if it was asked for.

    Example:
        >>> KMeans(num_redo=1).fit(np.eye(2), 2).inertia
        0.0
    """

    centroids: np.ndarray | Tensor
    labels: np.ndarray | Tensor
    inertia: float
    confidence: np.ndarray | Tensor | None = None


class KMeans:
    """k-means over all features: by faiss on the CPU, by torch on a GPU.

    Defaults are those of PCL, which IFND follows: 20 iterations, 5 restarts, at most 1000 training points per centroid,
    plain L2 (not spherical).

    Args:
        num_iterations (int): Lloyd iterations at most.
        num_redo (int): restarts; the best is kept.
        spherical (bool): centroids of unit length, assignment by cosine.
        max_points_per_centroid (int): training points drawn for each centroid at most; every point is assigned.
        device (str): ``'auto'`` (a GPU if there is one), ``'cpu'`` or ``'gpu'``.
        num_threads (int, optional): threads on the CPU; default: what OMP_NUM_THREADS says.
        backend (str): ``'faiss'``; ``'torch'``, which needs no faiss, and which all processes run together, each on its own
            rows; or ``'auto'``, the faster one: torch on a GPU, faiss on the CPU.
        init (str): ``'random'`` rows; ``'k-means++'``, which finds clusters that lie far apart more reliably; or
            ``'previous'``: the centroids of the clustering before, if there are any, in a single run instead of
            ``num_redo``. Below 30 clusters, where such a chain can get stuck, restarts from random rows are made, too, and the
            best result is kept.
        precision (str): of the products on a GPU: ``'float32'``, or ``'tf32'`` or ``'bfloat16'``, which are faster and change
            the inertia in the fifth digit.

    Raises:
        ValueError: if a value is out of range, or a GPU is asked for that does not exist or does not have the precision.
        ImportError: if faiss is needed and not installed.

    Example:
        >>> KMeans(num_redo=1).fit(np.array([[0., 0.], [0., 1.], [9., 9.]]), 2).labels.shape
        (3,)
    """

    def __init__(self, num_iterations: int = 20, num_redo: int = 5, spherical: bool = False,
                 max_points_per_centroid: int = 1000, device: str = 'auto', num_threads: int | None = None,
                 backend: str = 'auto', init: str = 'random', precision: str = 'float32') -> None:
        owner = type(self).__name__
        check_counts(owner, num_iterations=num_iterations, num_redo=num_redo, max_points_per_centroid=max_points_per_centroid,
                     num_threads=1 if num_threads is None else num_threads)
        for name, value, choices in (('device', device, DEVICES), ('backend', backend, BACKENDS),
                                     ('init', init, tuple(STARTS)), ('precision', precision, PRECISIONS)):
            check_choice(name, value, choices, owner)
        self.backend = _resolved(backend, device)
        if self.backend == 'faiss':
            require_faiss()
        has_gpu = gpu_count() > 0 if self.backend == 'faiss' and device != 'cpu' else torch.cuda.is_available()
        self.on_gpu = device != 'cpu' and has_gpu
        check_gpu(owner, self.backend, device, self.on_gpu)
        check_precision(owner, self.backend, precision, self.on_gpu)
        self.num_iterations, self.num_redo = num_iterations, num_redo
        self.spherical, self.max_points_per_centroid = spherical, max_points_per_centroid
        self.num_threads = num_threads
        self.init, self.precision = init, precision

    @property
    def runs_on_shares(self) -> bool:
        """Whether all processes cluster together, each the rows that it has (:meth:`fit_share`)."""
        return self.backend == 'torch'

    def describe(self) -> str:
        """Back-end and device, for a line in a log."""
        device = torch.cuda.get_device_name() if self.on_gpu else 'CPU'
        if self.backend == 'torch':
            kernels = ' in fused kernels' if self.on_gpu and fused.sums_run_on(torch.device('cuda')) else ''
            return f'torch {torch.__version__} on {device}, {self.precision} products{kernels}, all ranks at once'
        return f'{faiss_kernel()}, on {device}'

    def fit(self, features: np.ndarray | Tensor, num_clusters: int, seed: int = 0, gpu: int = 0,
            **options: Any) -> Clusters:
        """Cluster ``features`` (N, D) into ``num_clusters``; equal seeds give equal centroids.

        Args:
            gpu (int): number of the GPU to use, if one is used.
            **options: see :meth:`fit_share`.

        Raises:
            ValueError: if ``num_clusters`` is outside [1, N], or a feature is not finite (the row is named).
        """
        is_array = isinstance(features, np.ndarray)
        rows = (torch.from_numpy(np.ascontiguousarray(features, dtype=np.float32)) if isinstance(features, np.ndarray)
                else features)
        share = RowShare(rows, torch.arange(len(rows), device=rows.device), len(rows))
        clusters = self.fit_share(share, num_clusters, seed, gpu, **options)
        if not is_array:
            return clusters
        confidence = None if clusters.confidence is None else _as_array(clusters.confidence)
        return Clusters(_as_array(clusters.centroids), _as_array(clusters.labels), clusters.inertia, confidence)

    def fit_share(self, share: RowShare, num_clusters: int, seed: int = 0, gpu: int = 0, previous: Tensor | None = None,
                  also_cold: bool = False, temperature: float | None = None) -> Clusters:
        """Cluster the rows of all processes, which call this together; labels are those of this process's rows, (n,).

        Args:
            share (RowShare): this process's rows; of unit length if ``spherical`` or if confidence is asked for. On several
                processes, ``backend='torch'`` or :class:`DistributedKMeans` is needed.
            gpu (int): number of the GPU to use, if one is used.
            previous (Tensor, optional): centroids of the clustering before, (K, D), for ``init='previous'``.
            also_cold (bool): make restarts beside the warm start, however many clusters there are.
            temperature (float, optional): of the confidence to return; if None, none is computed.

        Raises:
            ValueError: on every process, if ``num_clusters`` is outside [1, N], or a feature is not finite.
        """
        if share.world_size > 1 and not self.runs_on_shares:
            raise ValueError(f"backend='faiss' of {type(self).__name__} cannot cluster rows that lie on {share.world_size} "
                             "processes; use backend='torch' or DistributedKMeans")
        check_num_clusters(num_clusters, share.total)
        refuse_not_finite(share.not_finite(), share.total)
        with self._threads():
            centroids = self._trained(share, num_clusters, seed, gpu, self._usable(previous, share, num_clusters), also_cold)
            centroids = centroids.to(self._device(share, gpu))
            labels, inertia, confidence = self._assigned(share, centroids, gpu, temperature)
        return Clusters(centroids, labels, share.reduce(inertia, 'sum').item(), confidence)

    def _assigned(self, share: RowShare, centroids: Tensor, gpu: int,
                  temperature: float | None) -> tuple[Tensor, Tensor, Tensor | None]:
        """Labels, inertia and confidence of this process's rows; the back-end, faster on a CPU, gives no confidence."""
        if temperature is None and not self.on_gpu:
            return *self._assign(gpu)(share.features, centroids), None
        found = nearest(share.features, centroids, self.spherical, temperature, self.precision)
        return found.labels, found.distances.sum(dtype=widest(centroids.device)), found.confidence

    def _trained(self, share: RowShare, num_clusters: int, seed: int, gpu: int, previous: Tensor | None,
                 also_cold: bool) -> Tensor:
        """Centroids of a warm start, of cold restarts, or the better ones of both."""
        tried = [] if previous is None else [self._improved(share, previous, gpu)]
        if previous is None or also_cold or num_clusters < MANY_CLUSTERS:
            tried.append(self._restarted(share, num_clusters, seed, gpu))
        return tried[0] if len(tried) == 1 else min(tried, key=partial(self._inertia, share, gpu))

    def _restarted(self, share: RowShare, num_clusters: int, seed: int, gpu: int) -> Tensor:
        """Centroids of the best restart."""
        if self.backend == 'faiss' and self.init != 'k-means++':
            return self._faiss_centroids(share, num_clusters, seed, gpu)
        share = self._training_rows(share, num_clusters, seed)
        starts = STARTS[self.init](share, num_clusters, seeds_of(seed, self.num_redo))
        if self.backend == 'faiss':
            tried = [self._faiss_centroids(share, num_clusters, seed, gpu, start) for start in starts]
            return min(tried, key=partial(self._inertia, share, gpu))
        return min((self._lloyd(share, start, gpu) for start in starts), key=lambda result: result[1])[0]

    def _improved(self, share: RowShare, centroids: Tensor, gpu: int) -> Tensor:
        """Centroids after the iterations that begin with ``centroids``."""
        if self.backend == 'faiss':
            return self._faiss_centroids(share, len(centroids), 0, gpu, centroids)
        return self._lloyd(self._training_rows(share, len(centroids), 0), centroids, gpu)[0]

    def _lloyd(self, share: RowShare, centroids: Tensor, gpu: int) -> tuple[Tensor, float]:
        centroids = centroids.to(self._device(share, gpu))
        return lloyd(share, centroids, self.num_iterations, self.spherical, self._assign(gpu))

    def _faiss_centroids(self, share: RowShare, num_clusters: int, seed: int, gpu: int, start: Tensor | None = None,
                         num_redo: int | None = None) -> Tensor:
        rows = np.ascontiguousarray(share.features.cpu().numpy(), dtype=np.float32)
        return torch.from_numpy(faiss_kmeans.train(
            rows, num_clusters, seed, self.num_iterations, num_redo or self.num_redo, self.spherical,
            self.max_points_per_centroid, gpu if self.on_gpu else None, None if start is None else start.cpu().numpy()))

    def _inertia(self, share: RowShare, gpu: int, centroids: Tensor) -> float:
        return share.reduce(self._assign(gpu)(share.features, centroids)[1], 'sum').item()

    def _training_rows(self, share: RowShare, num_clusters: int, seed: int) -> RowShare:
        count = num_clusters * self.max_points_per_centroid
        return share if share.total <= count else share.subset(count, seed)

    def _assign(self, gpu: int) -> Assign:
        if self.backend == 'faiss':
            return partial(faiss_kmeans.labels_and_inertia, spherical=self.spherical, gpu=gpu if self.on_gpu else None)
        return partial(labels_and_inertia, spherical=self.spherical, precision=self.precision)

    def _usable(self, previous: Tensor | None, share: RowShare, num_clusters: int) -> Tensor | None:
        fits = previous is not None and previous.shape == (num_clusters, share.features.shape[1])
        return previous if fits and self.init == 'previous' else None

    def _device(self, share: RowShare, gpu: int) -> torch.device:
        """The device of the centroids: the GPU if one is used, else that of the rows."""
        if self.on_gpu:
            return torch.device('cuda', gpu)  # pragma: no cover (needs a GPU)
        return share.device if self.backend == 'torch' else torch.device('cpu')

    @contextmanager
    def _threads(self) -> Iterator[None]:
        before = torch.get_num_threads()
        if self.num_threads:
            torch.set_num_threads(self.num_threads)
        try:
            if self.backend == 'faiss':
                with faiss_threads(self.num_threads):
                    yield
            else:
                yield
        finally:
            torch.set_num_threads(before)


def _resolved(backend: str, device: str) -> str:
    """The faster back-end: torch on a GPU, faiss on the CPU."""
    if backend != 'auto':
        return backend
    return 'torch' if device != 'cpu' and torch.cuda.is_available() else 'faiss'


def _as_array(values: np.ndarray | Tensor) -> np.ndarray:
    return values.cpu().numpy() if isinstance(values, Tensor) else values
