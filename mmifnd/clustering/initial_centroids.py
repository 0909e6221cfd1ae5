"""The initial centroids of k-means: random rows, or rows spread out by k-means++."""

from collections.abc import Callable

import torch
from torch import Tensor

from mmifnd.functional import counter_hash, counter_uniform

from .assignment import widest
from .row_share import RowShare

#: Rows per centroid among which k-means++ chooses.
_CANDIDATES = 16
#: Tells the draws of k-means++ from those of the candidates.
_DRAW = 1


def random_rows(share: RowShare, num_clusters: int, seeds: list[int]) -> list[Tensor]:
    """``num_clusters`` distinct rows for each seed, float32 (K, D): the same on every process, for any number of processes.

    Example:
        >>> share = RowShare(torch.eye(4), torch.arange(4), 4)
        >>> [start.sum().item() for start in random_rows(share, 2, [0, 1])]
        [2.0, 2.0]
    """
    return [share.sample(num_clusters, seed) for seed in seeds]


def spread_rows(share: RowShare, num_clusters: int, seeds: list[int]) -> list[Tensor]:
    """Draw rows one after the other, each far from those before (k-means++: Arthur and Vassilvitskii, SODA 2007).

    A row's probability is proportional to its squared distance to the nearest of the rows that were drawn before.

    The candidates are 16 random rows per centroid, which every process holds; the i-th of the seeds is worked on by process
    i mod W, and its result is the same on all.

    Returns:
        list[Tensor]: for each seed, float32 (K, D).

    Example:
        >>> share = RowShare(torch.tensor([[0.], [0.], [5.], [5.]]), torch.arange(4), 4)
        >>> sorted(spread_rows(share, 2, [0])[0].flatten().tolist())
        [0.0, 5.0]
    """
    starts = []
    for number, seed in enumerate(seeds):
        candidates = share.sample(min(share.total, _CANDIDATES * num_clusters), seed)
        start = torch.zeros(num_clusters, candidates.shape[1], device=candidates.device)
        if number % share.world_size == share.rank:
            start = _plus_plus(candidates, num_clusters, seed)
        starts.append(share.reduce(start, 'sum'))
    return starts


#: By name, as in ``KMeans(init=...)``.
STARTS: dict[str, Callable[[RowShare, int, list[int]], list[Tensor]]] = {
    'random': random_rows, 'k-means++': spread_rows, 'previous': random_rows}


def seeds_of(seed: int, num_redo: int) -> list[int]:
    """One seed for each restart.

    Example:
        >>> len(set(seeds_of(0, 5)))
        5
    """
    return [int(counter_hash(seed, restart)) & 0x7FFFFFFF for restart in range(num_redo)]


def _plus_plus(candidates: Tensor, num_clusters: int, seed: int) -> Tensor:
    """Nothing waits for the device: the number of the chosen row stays on it."""
    wide = widest(candidates.device)
    draws = counter_uniform(seed, _DRAW, torch.arange(num_clusters, device=candidates.device), dtype=wide)
    chosen = (draws * len(candidates)).long()  # the first is final
    lengths = candidates.square().sum(dim=1)
    distance = torch.full_like(lengths, torch.inf)
    for number in range(1, num_clusters):
        before = chosen[number - 1:number]
        last = candidates.index_select(0, before).squeeze(0)
        to_last = lengths - 2 * (candidates @ last) + last.square().sum()
        distance = torch.minimum(distance, to_last.clamp_(min=0)).index_fill_(0, before, 0)
        total = distance.cumsum(0, dtype=wide)
        chosen[number:number + 1] = torch.searchsorted(total, draws[number:number + 1] * total[-1], right=True)
        chosen.clamp_(max=len(candidates) - 1)
    return candidates[chosen]
