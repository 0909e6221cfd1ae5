"""An order for disks that read best in sequence: a window of shards at a time."""

import math
from collections.abc import Iterator

import torch
from torch.utils.data import Dataset, Sampler

from mmifnd.checks import check_at_least
from mmifnd.distributed import rank, world_size
from mmifnd.functional.counter_random import counter_hash
from mmifnd.registry import DATA_SAMPLERS

from .shards import PairShards


@DATA_SAMPLERS.register_module()
class ShardWindowSampler(Sampler):
    """Shuffles the shards, and then the pairs of ``window`` neighbouring shards at a time.

    Reads stay within a few files, which suits spinning disks and network file systems. The order is a function of (seed,
    epoch), so that a resumed run goes on in the middle of an epoch; every process takes every W-th pair of it.

    Args:
        dataset (Dataset): of :class:`PairShards`, not repeated or joined with others.
        window (int): shards that are mixed, at least 1.
        seed (int, optional): of the order.

    Raises:
        ValueError: if the data set is another one.
    """

    def __init__(self, dataset: Dataset, window: int = 16, seed: int | None = None) -> None:
        check_at_least('window', window, 1, 'ShardWindowSampler')
        shards = getattr(dataset, 'dataset', dataset)
        if not isinstance(shards, PairShards):
            raise ValueError(f'ShardWindowSampler orders the shards of PairShards, not {type(shards).__name__}; use '
                             'DefaultSampler')
        self.sizes, self.window, self.seed, self.epoch = shards.shard_sizes(), window, seed or 0, 0

    def set_epoch(self, epoch: int) -> None:
        """Take the order of ``epoch`` (0-based) from now on."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        order, total = self._order(), len(self) * world_size()
        padded = torch.cat([order, order[:total - len(order)]])
        return iter(padded[rank()::world_size()].tolist())

    def __len__(self) -> int:
        """Positions of a whole epoch on this process."""
        return math.ceil(sum(self.sizes) / world_size())

    def _order(self) -> torch.Tensor:
        """int64 (N,), all positions."""
        starts = torch.tensor([0, *self.sizes]).cumsum(0)
        shards = self._shuffled(torch.arange(len(self.sizes)), 0)
        parts = []
        for number, window in enumerate(shards.split(self.window), start=1):
            positions = torch.cat([torch.arange(starts[shard], starts[shard + 1]) for shard in window.tolist()])
            parts.append(self._shuffled(positions, number))
        return torch.cat(parts)

    def _shuffled(self, values: torch.Tensor, number: int) -> torch.Tensor:
        return values[counter_hash(self.seed, self.epoch, number, values).argsort(stable=True)]
