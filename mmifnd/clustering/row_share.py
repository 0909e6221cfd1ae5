"""Rows of a data set that stay on the process that made them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from mmifnd.functional import counter_hash
from mmifnd.functional.reduction import Reduce, of_one_process


@dataclass(frozen=True)
class RowShare:
    """This process's rows of a data set of N images, each of which lies on one process.

    Its methods are to be called by all processes together.

    Attributes:
        features (Tensor): float32 (n, D), on the host.
        index (Tensor): int64 (n,), stable index of each row's image, in [0, N).
        total (int): N.
        rank (int): number of this process.
        world_size (int): processes that hold a share.
        reduce: sums, or takes the largest or smallest, over them.
    """

    features: Tensor
    index: Tensor
    total: int
    rank: int = 0
    world_size: int = 1
    reduce: Reduce = of_one_process

    def spread(self, values: Tensor) -> Tensor:
        """One value for each of these rows, (n,), becomes that of all images, (N,), on every process."""
        everywhere = torch.zeros(self.total, dtype=values.dtype)
        everywhere[self.index] = values
        return self.reduce(everywhere, 'sum')

    def sample(self, count: int, seed: int) -> Tensor:
        """Rows (count, D) of images that a hash of (seed, image) draws: the same on any process, of any number of them."""
        chosen = counter_hash(seed, torch.arange(self.total)).argsort()[:count]
        position = torch.full((self.total,), -1).index_put_((chosen,), torch.arange(count))[self.index]
        rows = torch.zeros(count, self.features.shape[1])
        rows[position[position >= 0]] = self.features[position >= 0]
        return self.reduce(rows, 'sum')

    def not_finite(self) -> Tensor:
        """Images, on any process, whose features are NaN or infinite, int64 in ascending order."""
        return self.spread((~self.features.isfinite().all(dim=1)).int()).nonzero().squeeze(1)
