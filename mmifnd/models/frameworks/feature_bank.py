"""Features of the epoch, kept in host memory while training: clustering without an extra pass."""

import torch
from torch import Tensor

from mmifnd.distributed import all_reduce, rank, world_size
from mmifnd.parts import KeepsRankState


class FeatureBank(KeepsRankState):
    """Keeps the last feature of each image as float16 in host memory.

    Rows leave the device without waiting: a copy is queued into pinned memory and written to the bank once it has arrived.

    Args:
        num_samples (int): N.
        dim (int): D. The bank takes 2 N D bytes.
    """

    def __init__(self, num_samples: int, dim: int) -> None:
        self.features = torch.zeros(num_samples, dim, dtype=torch.float16)
        self.seen = torch.zeros(num_samples, dtype=torch.bool)
        self._pending: list[tuple[Tensor, Tensor, torch.cuda.Event | None]] = []

    @torch.no_grad()
    def write(self, index: Tensor, features: Tensor) -> None:
        """Keep ``features`` (B, D) of images ``index`` (B,)."""
        features = features.detach().to(torch.float16)
        if features.device.type != 'cuda':
            self._store(index, features)
            return
        arrived = torch.cuda.Event()
        copies = [torch.empty(x.shape, dtype=x.dtype, pin_memory=True).copy_(x, non_blocking=True)
                  for x in (index, features)]
        arrived.record()
        self._pending.append((*copies, arrived))
        while self._pending and self._pending[0][2].query():
            self._store(*self._pending.pop(0)[:2])

    def collect(self) -> tuple[Tensor, Tensor]:
        """Features float32 (N, D) and seen bool (N,), merged over ranks; what was seen on several ranks is averaged."""
        self._finish()
        features, count = self.features.float(), self.seen.float()
        if world_size() > 1:
            all_reduce(features)
            all_reduce(count)
            features /= count.clamp(min=1).unsqueeze(1)
        return features, count > 0

    def rank_state(self) -> dict[str, Tensor]:
        """For a checkpoint: index (n,) and features (n, D) of the images that this rank has seen."""
        self._finish()
        index = self.seen.nonzero().squeeze(1)
        return dict(index=index, features=self.features[index])

    def load_rank_states(self, states: list[dict[str, Tensor]]) -> None:
        """Go on with those of all ranks: this one's own, or, on another number of ranks, its share."""
        for state in states[rank()::world_size()]:
            self._store(state['index'].cpu(), state['features'].cpu())

    def clear(self) -> None:
        """Forget the epoch."""
        self._pending.clear()
        self.features.zero_()
        self.seen.zero_()

    def _finish(self) -> None:
        """Wait for the rows that are still under way."""
        for index, features, arrived in self._pending:
            arrived.synchronize()
            self._store(index, features)
        self._pending.clear()

    def _store(self, index: Tensor, features: Tensor) -> None:
        self.features[index] = features
        self.seen[index] = True
