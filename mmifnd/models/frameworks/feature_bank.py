"""Features of the training steps, kept where they were computed: clustering without an extra pass."""

import torch
from mmengine.logging import print_log
from torch import Tensor

from mmifnd.clustering import RowShare
from mmifnd.distributed import all_reduce, rank, world_size
from mmifnd.errors import UserError
from mmifnd.machine import available_memory
from mmifnd.parts import KeepsRankState

#: Bytes of rows on each device, above which they are kept in host memory.
DEVICE_LIMIT = 4 << 30
GIB = 1 << 30
#: Rows beyond a rank's share of the images, for the last batch of an epoch.
_SLACK = 4096


class FeatureBank(KeepsRankState):
    """The last feature of each image, as 16-bit numbers: each rank keeps the rows that its own steps have made.

    Rows stay on the device that computed them; nothing waits for it but the rare moment when rows that were overwritten are
    dropped. On a GPU, rows that take more than 4 GiB, or more than half of the memory that is free, are kept in host memory:
    they leave through pinned memory, without waiting.

    Args:
        num_samples (int): N.
        dim (int): D. All ranks together take 2 N D bytes if each image is seen once between two clusterings.
        device (torch.device | str): where the rows will come from.
        unit (bool): whether rows have length 1, so that float16 is exact enough; other rows are kept in bfloat16, which has
            the range of float32.

    Raises:
        UserError: if the rows fit neither on the device nor in host memory; the message names the bytes.

    Example:
        >>> bank = FeatureBank(num_samples=3, dim=2)
        >>> bank.write(torch.tensor([2, 0]), torch.eye(2))
        >>> bank.collect()
        (tensor([[0., 1.],
                [0., 0.],
                [1., 0.]]), tensor([ True, False,  True]))
    """

    def __init__(self, num_samples: int, dim: int, device: torch.device | str = 'cpu', unit: bool = True) -> None:
        self.num_samples = num_samples
        dtype = torch.float16 if unit else torch.bfloat16
        capacity = -(-num_samples // world_size()) + min(_SLACK, num_samples)
        where = _place(capacity * dim * dtype.itemsize, torch.device(device))
        self.rows = torch.zeros(capacity, dim, dtype=dtype, device=where)
        self.index = torch.zeros(capacity, dtype=torch.int64, device=where)
        self.step = torch.zeros(capacity, dtype=torch.int64, device=where)  # of the write, counted from 1
        self._overflow = torch.zeros((), dtype=torch.bool, device=where)
        self._stays = where.type != torch.device(device).type  # in host memory, wherever rows come from
        self._used = self._steps = 0
        self._pending: list[tuple[Tensor, Tensor, int, torch.cuda.Event]] = []

    @torch.no_grad()
    def write(self, index: Tensor, features: Tensor) -> None:
        """Keep ``features`` (B, D) of images ``index`` (B,)."""
        self._steps += 1
        if features.device == self.rows.device:
            self._store(index, features.detach(), self._steps)
        elif not self._stays and not self._used:  # pragma: no cover (needs a GPU)
            self._move(features.device)  # the model was moved after it was told to keep features
            self._store(index, features.detach(), self._steps)
        elif features.device.type == 'cuda':  # pragma: no cover (needs a GPU)
            self._queue(index, features.detach())
        else:  # pragma: no cover (needs a GPU)
            self._store(index.to(self.rows.device), features.detach().to(self.rows.device), self._steps)

    def share(self) -> tuple[RowShare, Tensor]:
        """The rows that stay on this rank, one for each image, and bool (N,): images that some rank has seen.

        Of an image that several ranks have seen, the rank of its latest step has the row.

        Raises:
            UserError: on every rank, if a finite feature became infinite as a 16-bit number.
        """
        self._finish()
        if all_reduce(self._overflow.int(), 'max').item():
            largest = torch.finfo(self.rows.dtype).max
            raise UserError(f'a feature exceeds {largest:.0f}, the largest {self.rows.dtype} number, in '
                            "which features of training steps are kept; use source='extract', or normalise the features")
        self._drop_overwritten()
        rows, index, step = self._held()
        # Larger for later steps; different for each rank.
        claim = step * world_size() + rank()
        claims = torch.zeros(self.num_samples, dtype=torch.int64, device=index.device)
        claims[index] = claim
        claims = all_reduce(claims, 'max')
        claimed = (claims[index] == claim).nonzero().squeeze(1)
        claimed = claimed[index[claimed].argsort()]  # a resumed run sums in the same order
        return RowShare(rows[claimed], index[claimed], self.num_samples, rank(), world_size(), all_reduce), claims > 0

    def collect(self) -> tuple[Tensor, Tensor]:
        """Features float32 (N, D) and seen bool (N,) of all ranks, on the host of every rank."""
        share, seen = self.share()
        features = torch.zeros(self.num_samples, self.rows.shape[1])
        features[share.index.cpu()] = share.features.float().cpu()
        return all_reduce(features), seen.cpu()

    @property
    def seen(self) -> Tensor:
        """The images that have a row on this rank, bool (N,)."""
        self._finish()
        return torch.zeros(self.num_samples, dtype=torch.bool, device=self.index.device).index_fill_(0, self._held()[1], True)

    def rank_state(self) -> dict[str, Tensor]:
        """The state for a checkpoint: index (n,), features (n, D) and step (n,) of the images seen here, on the host."""
        self._finish()
        self._drop_overwritten()
        rows, index, step = self._held()
        order = index.argsort()
        return dict(index=index[order].cpu(), features=rows[order].cpu(), step=step[order].cpu())

    def load_rank_states(self, states: list[dict[str, Tensor]]) -> None:
        """Continue with the rows of all ranks: this one's own, or, on another number of ranks, its share."""
        self.clear()
        steps = [state.get('step', torch.ones_like(state['index'])) for state in states]  # older checkpoints do not say
        for state, step in list(zip(states, steps))[rank()::world_size()]:
            for number in step.unique().tolist():
                here = step == number
                self._store(state['index'][here].to(self.rows.device), state['features'][here].to(self.rows.device), number)
        self._steps = max((int(step.max()) for step in steps if len(step)), default=0)  # 0: as after clear()

    def clear(self) -> None:
        """Forget all rows."""
        self._pending.clear()
        self._used = self._steps = 0
        self._overflow.zero_()

    def _store(self, index: Tensor, features: Tensor, step: int) -> None:
        if self._used + len(index) > len(self.index):
            self._drop_overwritten()
        if self._used + len(index) > len(self.index):
            self._grow(self._used + len(index))
        here = slice(self._used, self._used + len(index))
        self.rows[here] = features
        self._overflow |= (self.rows[here].isinf() & features.isfinite()).any()
        self.index[here] = index
        self.step[here] = step
        self._used += len(index)

    def _held(self) -> tuple[Tensor, Tensor, Tensor]:
        return self.rows[:self._used], self.index[:self._used], self.step[:self._used]

    def _drop_overwritten(self) -> None:
        """Keep the latest row of each image only: that of the largest step, and of the last position within it."""
        rows, index, step = self._held()
        order = step.argsort(stable=True)
        position = torch.arange(self._used, device=index.device)
        last = torch.full((self.num_samples,), -1, dtype=torch.int64, device=index.device)
        last.scatter_reduce_(0, index[order], position, 'amax')
        kept = order[last[index[order]] == position]
        for stored, values in ((self.rows, rows[kept]), (self.index, index[kept]), (self.step, step[kept])):
            stored[:len(kept)] = values
        self._used = len(kept)

    def _grow(self, least: int) -> None:
        capacity = max(least, len(self.index) * 3 // 2)
        for name in ('rows', 'index', 'step'):
            old = getattr(self, name)
            setattr(self, name, torch.cat([old, old.new_zeros(capacity - len(old), *old.shape[1:])]))

    def _move(self, device: torch.device) -> None:  # pragma: no cover (needs a GPU)
        for name in ('rows', 'index', 'step', '_overflow'):
            setattr(self, name, getattr(self, name).to(device))

    def _queue(self, index: Tensor, features: Tensor) -> None:  # pragma: no cover (needs a GPU)
        """Copy rows to the host without waiting, and store those that have arrived."""
        arrived = torch.cuda.Event()
        copies = [torch.empty(x.shape, dtype=x.dtype, pin_memory=True).copy_(x, non_blocking=True) for x in (index, features)]
        arrived.record()
        self._pending.append((*copies, self._steps, arrived))
        while self._pending and self._pending[0][3].query():
            self._store(*self._pending.pop(0)[:3])

    def _finish(self) -> None:
        """Wait for the rows that are still on their way to the host."""
        for index, features, step, arrived in self._pending:  # pragma: no cover (needs a GPU)
            arrived.synchronize()
            self._store(index, features, step)
        self._pending.clear()


def kept_on(device: torch.device, size: int) -> torch.device:
    """The device, or the host if ``size`` bytes of features are more than 4 GiB or half of a GPU's free memory."""
    return device if size <= _limit(device) else torch.device('cpu')


def _limit(device: torch.device) -> int:
    return min(DEVICE_LIMIT, torch.cuda.mem_get_info(device)[0] // 2) if device.type == 'cuda' else DEVICE_LIMIT


def _place(size: int, device: torch.device) -> torch.device:
    """The device, or the host if ``size`` bytes are too many for it."""
    if device.type == 'cuda':
        limit = _limit(device)
        if size <= limit:
            return device
        print_log(f'the features of training steps take {size / GIB:.1f} GiB on each rank, more than the limit of '
                  f'{limit / GIB:.1f} GiB on {device}; they are kept in host memory', logger='current')
        device = torch.device('cpu')
    memory = available_memory() if device.type == 'cpu' else None
    if memory is not None and size > memory:
        raise UserError(f'the features of training steps take {size / GIB:.1f} GiB on each rank, but {memory / GIB:.1f} GiB of '
                        "memory are available; use source='extract' with kmeans=dict(type='DistributedKMeans'), more ranks, or "
                        "a smaller embedding")
    return device
