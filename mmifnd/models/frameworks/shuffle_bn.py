"""Shuffling BN (He et al., MoCo, CVPR 2020, section 3.3): keys see other batch statistics than their queries."""

from functools import cached_property

import torch
from torch import Tensor

from mmifnd.distributed import exchange, gather, rank, world_size
from mmifnd.functional.counter_random import counter_hash


class BatchShuffle:
    """Deals the batch of each rank to all ranks like cards, in an order drawn from (seed, step): no random state, no broadcast.

    Each rank is dealt B rows, of which B / W, rounded up or down, are its own; MoCo's code permutes the batches of all ranks
    together, and leaves it as many in the mean. A rank sends and receives what is dealt instead of all rows of all ranks, and
    how many rows these are is known without waiting for the device.

    Args:
        batch_size (int): B, images a rank, equal on all ranks.
        step (Tensor): int64 scalar, equal on all ranks.
        seed (int): of the order.
    """

    def __init__(self, batch_size: int, step: Tensor, seed: int = 0) -> None:
        self.batch_size, self.step, self.seed = batch_size, step, seed

    def shuffle(self, rows: Tensor) -> Tensor:
        """Deal this rank's rows, (B, ...); return those that it is dealt, (B, ...), those of lower ranks first."""
        if world_size() == 1:
            return rows
        in_turn = self._cards[rank()][self._receivers[rank()].argsort(stable=True)]
        sent = [self._count(rank(), to) for to in range(world_size())]
        return exchange(rows[in_turn], sent, [self._count(sender, rank()) for sender in range(world_size())])

    def restore_all(self, rows: Tensor) -> Tensor:
        """The rows of all ranks, (W * B, ...), in the order of the images before the shuffle, from those that were dealt."""
        return rows if world_size() == 1 else gather(rows)[self.dealt.argsort()]

    def restore(self, rows: Tensor) -> Tensor:
        """The rows of this rank's own images again, (B, ...)."""
        return self.own(self.restore_all(rows))

    def own(self, rows: Tensor) -> Tensor:
        """This rank's part (B, ...) of the rows of all ranks, (W * B, ...)."""
        return rows[rank() * self.batch_size:(rank() + 1) * self.batch_size]

    @cached_property
    def dealt(self) -> Tensor:
        """Images of the global batch, (W * B,), as the ranks hold them after the shuffle."""
        return (self._cards + self._ranks * self.batch_size).flatten()[self._receivers.flatten().argsort(stable=True)]

    @cached_property
    def _cards(self) -> Tensor:
        """The shuffled rows of each rank, (W, B)."""
        images = torch.arange(world_size() * self.batch_size, device=self.step.device)
        return counter_hash(self.seed, self.step, images).view(world_size(), -1).argsort(dim=1, stable=True)

    @cached_property
    def _receivers(self) -> Tensor:
        """Who is dealt each card, (W, B): one rank after the other, each sender begins with itself."""
        return (torch.arange(self.batch_size, device=self.step.device) + self._ranks) % world_size()

    @property
    def _ranks(self) -> Tensor:
        return torch.arange(world_size(), device=self.step.device).unsqueeze(1)

    def _count(self, sender: int, receiver: int) -> int:
        """How many cards one rank deals to another."""
        return len(range((receiver - sender) % world_size(), self.batch_size, world_size()))
