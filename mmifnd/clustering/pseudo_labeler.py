"""The way from features to accepted pseudo labels, for several granularities (IFND, Algorithm 1, lines 4 to 9)."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from mmifnd.checks import check_divisor
from mmifnd.functional import concentration

from .acceptance import ConfidenceAcceptance
from .checks import check_num_clusters, refuse_not_finite
from .confidence import CONFIDENCES, concentration_confidence
from .kmeans import KMeans
from .row_share import RowShare

#: Warm starts are accompanied by cold restarts every so many clusterings.
COLD_EVERY = 10


@dataclass(frozen=True)
class Granularity:
    """One clustering of all N samples into K clusters; rows that were not seen hold assignment -1 and confidence 0.

    Attributes:
        assignment (Tensor): int64 (N,), cluster of each sample.
        confidence (Tensor): float32 (N,).
        centroids (Tensor): float32 (K, D), as k-means found them.
        concentration (Tensor): float32 (K,), phi of each cluster (PCL, Eq. 9).
        seconds (float): wall time of k-means and confidence.
    """

    assignment: Tensor
    confidence: Tensor
    centroids: Tensor
    concentration: Tensor
    seconds: float = 0.


@dataclass(frozen=True)
class PseudoLabels:
    """Pseudo labels of all N samples at G granularities.

    Attributes:
        labels (Tensor): int64 (G, N), the cluster where accepted, else -1 = "equal to nobody".
        granularities (list[Granularity]): the clusterings behind them.
        rate (float): share that was to be accepted.
        progress (float): share of the training that was completed.
    """

    labels: Tensor
    granularities: list[Granularity]
    rate: float
    progress: float

    def cpu(self) -> 'PseudoLabels':
        """A copy in host memory; the same where it is there already."""
        levels = [replace(level, assignment=level.assignment.cpu(), confidence=level.confidence.cpu(),
                          centroids=level.centroids.cpu(), concentration=level.concentration.cpu())
                  for level in self.granularities]
        return replace(self, labels=self.labels.cpu(), granularities=levels)

    def statistics(self) -> list[dict[str, float]]:
        """What is worth logging of each granularity."""
        return [_statistics(labels, level) for labels, level in zip(self.labels, self.granularities)]


class PseudoLabeler:
    """Cluster, weigh, accept.

    Args:
        num_clusters (Sequence[int]): K of each granularity (ImageNet in the paper: 1000, 3000, 10000).
        acceptance (ConfidenceAcceptance): which labels are trusted yet.
        temperature (float): of the confidence, Eq. 2.
        kmeans (KMeans, optional): the clustering; default: PCL's settings.
        confidence (str): ``'softmax'`` over all centroids (IFND, Eq. 2), or ``'concentration'`` of the cluster (PCL, Eq. 9).

    Raises:
        ValueError: if ``num_clusters`` is empty or a count is below 2, the confidence is unknown, or the temperature out of
            range.
    """

    def __init__(self, num_clusters: Sequence[int], acceptance: ConfidenceAcceptance, temperature: float,
                 kmeans: KMeans | None = None, confidence: str = 'softmax') -> None:
        if not num_clusters or min(num_clusters) < 2:
            raise ValueError(f'num_clusters={num_clusters} must hold a count of at least 2 for each granularity, such as '
                             '(10, 30, 100)')
        if confidence not in CONFIDENCES:
            raise ValueError(f'confidence={confidence!r} is unknown; choose one of {", ".join(CONFIDENCES)}')
        check_divisor('temperature', temperature, 'PseudoLabeler', 'usual values are 0.07 to 1')
        self.num_clusters = tuple(int(k) for k in num_clusters)
        self.acceptance, self.temperature = acceptance, temperature
        self.kmeans = kmeans or KMeans()
        self.confidence = confidence
        self._clusterings = 0
        self._previous: list[Tensor | None] = [None] * len(self.num_clusters)

    def __call__(self, features: Tensor, progress: float, seen: Tensor | None = None,
                 report: Callable[[int], None] = lambda done: None) -> PseudoLabels:
        """Pseudo labels of ``features`` (N, D) at ``progress`` in [0, 1].

        Args:
            seen (Tensor, optional): bool (N,), rows that hold a feature; the others take no part.
            report: called with the number of granularities done.
        """
        levels = []
        for position in range(len(self.num_clusters)):
            levels.append(self.cluster(features, position, seen))
            report(len(levels))
        self.remember(levels)
        return self.accept(levels, progress, seen)

    def check(self, num_samples: int) -> None:
        """Refuse, before training starts, a granularity that ``num_samples`` images cannot fill."""
        for count in self.num_clusters:
            check_num_clusters(count, num_samples)

    def cluster(self, features: Tensor, position: int, seen: Tensor | None = None, gpu: int = 0) -> Granularity:
        """The granularity at ``position``: k-means with that seed (as PCL does) on unit features, and its confidence."""
        rows = features if seen is None else features[seen]
        share = RowShare(rows, torch.arange(len(rows), device=rows.device), len(rows))
        return self._expanded(self._clustered(share, position, gpu), seen)

    def cluster_share(self, share: RowShare, position: int, seen: Tensor | None = None, gpu: int = 0) -> Granularity:
        """Cluster features that stay on their processes, which call this together; each gets the result for all N samples.

        Needs k-means that :attr:`~mmifnd.clustering.KMeans.runs_on_shares`.

        Args:
            seen (Tensor, optional): bool (N,), images that have a row on some process; the others take no part.
        """
        return self._expanded(self._clustered(share if seen is None else share.compact(seen), position, gpu), seen)

    def _clustered(self, share: RowShare, position: int, gpu: int) -> Granularity:
        started = time.perf_counter()
        refuse_not_finite(share.not_finite(), share.total)
        share = replace(share, features=F.normalize(share.features.float(), dim=1))
        softmax = self.confidence == 'softmax'
        clusters = self.kmeans.fit_share(
            share, self.num_clusters[position], seed=position, gpu=gpu, previous=self._previous[position],
            also_cold=(self._clusterings + 1) % COLD_EVERY == 0, temperature=self.temperature if softmax else None)
        centroids, labels = cast(Tensor, clusters.centroids), cast(Tensor, clusters.labels)  # tensors in, tensors out
        phi = concentration(share.features, centroids, labels, reduce=share.reduce)
        confidence = cast(Tensor, clusters.confidence) if softmax else concentration_confidence(phi, labels)
        labels, confidence = share.spread(labels.int()).long(), share.spread(confidence)
        seconds = share.reduce(torch.tensor(time.perf_counter() - started, device=phi.device), 'max').item()
        return Granularity(labels, confidence, centroids, phi, seconds)

    def _expanded(self, level: Granularity, seen: Tensor | None) -> Granularity:
        """Expand a granularity of the seen images, (n,), to all images, (N,)."""
        if seen is None:
            return level
        seen = seen.to(level.assignment.device)
        assignment = level.assignment.new_full(seen.shape, -1).masked_scatter_(seen, level.assignment)
        confidence = level.confidence.new_zeros(seen.shape).masked_scatter_(seen, level.confidence)
        return replace(level, assignment=assignment, confidence=confidence)

    def remember(self, levels: list[Granularity]) -> None:
        """Keep the centroids, from which ``kmeans.init='previous'`` starts the next time."""
        self._clusterings += 1
        if self.kmeans.init == 'previous':
            self._previous = [level.centroids for level in levels]

    def state_dict(self) -> dict:
        """The state for a checkpoint: the number of clusterings, and the last centroids if the next ones start from them."""
        previous = [centroids.cpu() for centroids in self._previous if centroids is not None]
        return dict(clusterings=self._clusterings, centroids=previous)

    def load_state_dict(self, state: dict) -> None:
        """Restore what :meth:`state_dict` gave. Centroids that no longer fit the clusters asked for are ignored."""
        self._clusterings = state['clusterings']
        if len(state['centroids']) == len(self.num_clusters):
            self._previous = list(state['centroids'])

    def accept(self, levels: list[Granularity], progress: float, seen: Tensor | None = None) -> PseudoLabels:
        """Keep the label of the accepted samples of each granularity; the rest is -1."""
        labels = torch.stack([self._accepted(level, progress, seen) for level in levels])
        return PseudoLabels(labels, levels, self.acceptance.rate(progress), progress)

    def _accepted(self, level: Granularity, progress: float, seen: Tensor | None) -> Tensor:
        if seen is None:
            accepted = self.acceptance.accept(level.confidence, progress, level.assignment)
        else:
            of_seen = self.acceptance.accept(level.confidence[seen], progress, level.assignment[seen])
            accepted = torch.zeros_like(seen).masked_scatter_(seen, of_seen)
        return level.assignment.masked_fill(~accepted, -1)


def _statistics(labels: Tensor, level: Granularity) -> dict[str, float]:
    count = len(level.centroids)
    sizes = torch.bincount(level.assignment[level.assignment >= 0], minlength=count)
    accepted = labels >= 0
    threshold = level.confidence[accepted].min().item() if accepted.any() else 1.
    return dict(
        num_clusters=count,
        accepted_share=accepted.float().mean().item(),
        cluster_size_min=int(sizes.min()),
        cluster_size_max=int(sizes.max()),
        empty_clusters=int((sizes == 0).sum()),
        confidence_threshold=threshold,
        seconds=level.seconds)
