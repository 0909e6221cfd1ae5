"""Ranks that watch over each other, so that a failure of one of them ends the run with its message, and a hang is found."""

import torch.distributed as dist

from mmifnd.distributed import rank, wait_for_all, world_size

from .beat import is_lost_connection, rank_name
from .meeting import meet, store_of_launcher
from .relay import relay_warnings
from .watch import ENDED_BY_ANOTHER, RankWatch

__all__ = ['ENDED_BY_ANOTHER', 'RankWatch', 'current_watch', 'is_lost_connection', 'meet', 'rank_name', 'relay_warnings',
           'start_watch', 'stop_watch', 'store_of_launcher']

_current: list[RankWatch] = []


def start_watch(timeout: float, prefix: str = '') -> RankWatch | None:
    """Watch over the ranks from now on; every rank must call it. None in a run of one process.

    Args:
        timeout: seconds without progress in a step that are a hang.
        prefix: of the keys of this start, as of :func:`meet`.
    """
    if world_size() > 1 and not _current:
        watch = RankWatch(dist.PrefixStore(f'{prefix}/watch', store_of_launcher(30.)), rank(), world_size(), timeout)
        watch.start()
        dist.barrier()
        _current.append(watch)
    return current_watch()


def current_watch() -> RankWatch | None:
    """The watch of this process, if there is one."""
    return _current[0] if _current else None


def stop_watch() -> None:
    """End the watch, when all ranks have come here."""
    if _current:
        wait_for_all()
        _current.pop().stop()
