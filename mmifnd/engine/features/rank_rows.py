"""Rows that each rank makes of its share of a data set, every W-th item."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from mmifnd.distributed import gather, rank, world_size
from mmifnd.models.frameworks.feature_bank import kept_on

#: Rows that travel at a time, of all ranks together or, in turns, of each.
_ROWS = 65_536


def own_share(total: int) -> Sequence[int]:
    """Every W-th item; the first items come again where needed, so that all ranks take the same number of steps."""
    world = world_size()
    padded = -(-total // world) * world
    share = range(rank(), padded, world)
    return share if padded == total else [position % total for position in share]


def stacked(parts: Iterable[Tensor], count: int) -> Tensor:
    """The ``count`` rows of ``parts``, (count, D), on the device of the parts, where nothing waits for them.

    Rows that take more than 4 GiB there are kept in host memory instead.
    """
    rows, done = None, 0
    for part in parts:
        if rows is None:
            where = kept_on(part.device, count * part.shape[1] * part.itemsize)
            rows = torch.empty(count, part.shape[1], dtype=part.dtype, device=where)
        rows[done:done + len(part)] = part
        done += len(part)
    assert rows is not None and done == count
    return rows


def rows_of_all(own: Tensor, total: int, rows_at_a_time: int = _ROWS) -> Tensor:
    """The rows of all ranks in the order of the items, (total, D), in host memory of every rank.

    Args:
        own (Tensor): this rank's rows, those of :func:`own_share`.
        rows_at_a_time (int): of all ranks together, which lie on the device at a time.
    """
    if world_size() == 1:
        return own.cpu()
    rows = torch.empty(total, own.shape[1], dtype=own.dtype)
    of_each = max(1, rows_at_a_time // world_size())
    for begin, chunk in zip(range(0, len(own), of_each), own.split(of_each)):
        in_order = gather(chunk).unflatten(0, (world_size(), -1)).transpose(0, 1).flatten(0, 1)
        place = rows[begin * world_size():][:len(in_order)]
        place.copy_(in_order[:len(place)])
    return rows


def in_turns(own: Tensor, rows_at_a_time: int = _ROWS) -> Tensor:
    """The rows of all ranks, (W n, ...), in host memory: some rows of each rank in turn, in one order for equal n."""
    return torch.cat([gather(chunk).cpu() for chunk in own.split(rows_at_a_time)])
