"""Shuffling BN (He et al., MoCo, CVPR 2020, section 3.3): keys see other batch statistics than their queries."""

from functools import cached_property

import torch
from torch import Tensor

from mmifnd.distributed import gather, rank, world_size
from mmifnd.functional.counter_random import counter_hash


class BatchShuffle:
    """Deals the global batch to the ranks in an order drawn from (seed, step): no random state, no broadcast.

    Args:
        batch_size (int): images a rank, equal on all ranks.
        step (Tensor): int64 scalar, equal on all ranks.
        seed (int): of the order.
    """

    def __init__(self, batch_size: int, step: Tensor, seed: int = 0) -> None:
        self.batch_size, self.step, self.seed = batch_size, step, seed

    @cached_property
    def order(self) -> Tensor:
        """Images of the global batch in the order of this step, (W * B,); one process never asks."""
        total = torch.arange(self.batch_size * world_size(), device=self.step.device)
        return counter_hash(self.seed, self.step, total).argsort(stable=True)

    def shuffle(self, gathered: Tensor) -> Tensor:
        """This rank's share (B, ...) of the shuffled rows of all ranks, (W * B, ...)."""
        return gathered if world_size() == 1 else gathered[self.own(self.order)]

    def restore_all(self, rows: Tensor) -> Tensor:
        """The rows of all ranks, (W * B, ...), in the order of the images before the shuffle."""
        return rows if world_size() == 1 else gather(rows)[self.order.argsort()]

    def restore(self, rows: Tensor) -> Tensor:
        """The rows of this rank's own images again, (B, ...)."""
        return self.own(self.restore_all(rows))

    def own(self, rows: Tensor) -> Tensor:
        """This rank's part (B, ...) of the rows of all ranks, (W * B, ...)."""
        return rows[rank() * self.batch_size:(rank() + 1) * self.batch_size]
