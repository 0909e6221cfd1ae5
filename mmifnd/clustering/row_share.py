"""Rows of a data set that stay on the process that made them."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mmifnd.functional import counter_hash
from mmifnd.functional.reduction import Reduce, of_one_process


@dataclass(frozen=True)
class RowShare:
    """This process's rows of a data set of N images, each of which lies on one process.

    All processes must call its methods together.

    Attributes:
        features (Tensor): floating point, (n, D), on any device.
        index (Tensor): int64 (n,), stable index of each row's image, in [0, N); on the device of the features.
        total (int): N.
        rank (int): number of this process.
        world_size (int): number of processes that hold a share.
        reduce: sums tensors over the processes, or takes the largest or smallest.

    Example:
        >>> share = RowShare(torch.eye(3), torch.tensor([2, 0, 1]), 3)
        >>> share.spread(torch.tensor([5, 6, 7]))
        tensor([6, 7, 5])
    """

    features: Tensor
    index: Tensor
    total: int
    rank: int = 0
    world_size: int = 1
    reduce: Reduce = of_one_process

    @property
    def device(self) -> torch.device:
        """The device of the rows."""
        return self.features.device

    def spread(self, values: Tensor) -> Tensor:
        """Turn one value for each of these rows, (n,), into the values of all images, (N,), the same on every process."""
        everywhere = values.new_zeros(self.total)
        everywhere[self.index.to(values.device)] = values
        return self.reduce(everywhere, 'sum')

    def rows_of(self, images: Tensor) -> Tensor:
        """Copy the rows (n, D) of ``images``, int64 (n,) in ascending order, to every process; 0 for an image without a row."""
        images = images.to(self.device)
        place = torch.searchsorted(images, self.index).clamp(max=len(images) - 1)
        is_local = images[place] == self.index
        rows = torch.zeros(len(images), self.features.shape[1], dtype=torch.float32, device=self.device)
        rows[place[is_local]] = self.features[is_local].float()
        return self.reduce(rows, 'sum')

    def sample(self, count: int, seed: int) -> Tensor:
        """Copy the rows (count, D) of images that a hash of (seed, image) draws to every process, in float32.

        The draw is the same for any number of processes.
        """
        chosen = self._drawn(count, seed)
        is_chosen = chosen[self.index]
        rows = torch.zeros(count, self.features.shape[1], device=self.device)
        rows[(chosen.cumsum(0) - 1)[self.index[is_chosen]]] = self.features[is_chosen].float()
        return self.reduce(rows, 'sum')

    def subset(self, count: int, seed: int) -> 'RowShare':
        """Draw as :meth:`sample` does, from rows that stay where they are."""
        chosen = self._drawn(count, seed)
        here = chosen[self.index]
        return replace(self, features=self.features[here], index=(chosen.cumsum(0) - 1)[self.index[here]], total=count)

    def compact(self, seen: Tensor) -> 'RowShare':
        """Number the images anew, of which only those in ``seen``, bool (N,), have a row on some process."""
        return replace(self, index=(seen.cumsum(0) - 1)[self.index], total=int(seen.sum()))

    def not_finite(self) -> Tensor:
        """Images on any process whose features are NaN or infinite, int64 in ascending order."""
        return self.spread((~self.features.isfinite().all(dim=1)).int()).nonzero().squeeze(1)

    def _drawn(self, count: int, seed: int) -> Tensor:
        """Bool (N,), true for the ``count`` images of the smallest hashes."""
        order = counter_hash(seed, torch.arange(self.total, device=self.device))
        return order <= order.kthvalue(count).values
