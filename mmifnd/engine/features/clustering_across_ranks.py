"""Each granularity is clustered on its own rank, or by all ranks together; all ranks end with the same labels."""

import os

import torch
from torch import Tensor

from mmifnd.clustering import Granularity, PseudoLabeler, PseudoLabels, RowShare
from mmifnd.distributed import broadcast, rank, wait_for_all, world_size
from mmifnd.machine import available_cores

from ..progress import Report, reported
from .epoch_features import EpochFeatures


def label_features(labeler: PseudoLabeler, features: EpochFeatures, progress: float) -> PseudoLabels:
    """Pseudo labels of what was taken at the end of an epoch, with a progress bar; every rank must call it."""
    with reported('k-means', len(labeler.num_clusters)) as report:
        if isinstance(features.features, RowShare):
            return label_share(labeler, features.features, progress, report, features.seen)
        return label_across_ranks(labeler, features.features, progress, features.seen, report)


def label_across_ranks(labeler: PseudoLabeler, features: Tensor, progress: float, seen: Tensor | None = None,
                       report: Report = lambda done: None) -> PseudoLabels:
    """Call ``labeler(features, progress, seen)`` with granularity g on rank ``g % W``.

    Args:
        features (Tensor): (N, D) on the host, the same on every rank.
        seen (Tensor, optional): bool (N,), rows that hold a feature.
    """
    world = world_size()
    total = len(labeler.num_clusters)
    local_levels: dict[int, Granularity] = {}
    if world > 1 and labeler.kmeans.num_threads is None:  # the other ranks wait: their cores are free
        labeler.kmeans.num_threads = max(1, available_cores() // min(total, int(os.environ.get('LOCAL_WORLD_SIZE', world))))
    for position in range(rank(), total, world):
        local_levels[position] = labeler.cluster(features, position, seen, gpu=_local_gpu())
        report(min(len(local_levels) * world, total))
    wait_for_all()
    levels = [_shared(local_levels.get(g), labeler.num_clusters[g], features, source=g % world) for g in range(total)]
    labeler.remember(levels)
    return labeler.accept(levels, progress, seen)


def label_share(labeler: PseudoLabeler, share: RowShare, progress: float, report: Report = lambda done: None,
                seen: Tensor | None = None) -> PseudoLabels:
    """Label features that stay on their ranks: one granularity after the other, each on all ranks.

    Args:
        seen (Tensor, optional): bool (N,), images that have a row on some rank.
    """
    levels = []
    for position in range(len(labeler.num_clusters)):
        levels.append(labeler.cluster_share(share, position, seen, gpu=_local_gpu()))
        report(len(levels))
    labeler.remember(levels)
    return labeler.accept(levels, progress, seen)


def _shared(level: Granularity | None, count: int, features: Tensor, source: int) -> Granularity:
    if world_size() == 1:
        return level
    samples, dim = features.shape
    if level is None:
        level = Granularity(
            torch.empty(samples, dtype=torch.int64), torch.empty(samples), torch.empty(count, dim), torch.empty(count))
    seconds = torch.tensor([level.seconds], dtype=torch.float64)
    tensors = level.assignment, level.confidence, level.centroids, level.concentration
    for tensor in (*tensors, seconds):
        broadcast(tensor, source)
    return Granularity(*tensors, seconds.item())


def _local_gpu() -> int:
    return torch.cuda.current_device() if torch.cuda.is_available() else 0
