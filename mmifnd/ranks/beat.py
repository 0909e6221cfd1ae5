"""What ranks tell each other through the store: heartbeats, and the first failure."""

import json
import os
import re
import socket
import threading
import time
from contextlib import suppress
from typing import NamedTuple

import torch.distributed as dist

#: Texts of an error that only says that another rank does not answer.
_LOST = re.compile(r'gloo|nccl|monitoredBarrier|Connection closed by peer', re.I)


class Failure(NamedTuple):
    """The first failure of a run: what happened, to which rank, on which node, and whether that rank prints it itself."""

    text: str
    rank: int
    name: str
    node: str
    local_rank: int
    is_printed: bool


class Beat(NamedTuple):
    """A heartbeat: who, how far, where, for how long, whether a step is to be done there, and whether it waits for others."""

    count: int
    name: str
    node: str
    local_rank: int
    progress: int
    place: str
    idle: float
    is_guarded: bool
    waits: bool


class Board:
    """The store of a run as a board for beats and the first failure; threads of one process may share it.

    Args:
        store: not used by anyone else in this process.
        world: number of ranks.
    """

    def __init__(self, store: dist.Store, world: int) -> None:
        self.store, self.world, self._lock = store, world, threading.Lock()

    def write(self, rank: int, beat: Beat) -> None:
        """Replace the beat of a rank."""
        with self._lock:
            self.store.set(f'beat/{rank}', json.dumps(beat))

    def beats(self) -> list[Beat]:
        """The last beat of each rank, all of which have written one."""
        with self._lock:
            texts = self.store.multi_get([f'beat/{number}' for number in range(self.world)])
        return [Beat(*json.loads(text)) for text in texts]

    def announce(self, failure: Failure) -> Failure:
        """Write a failure unless there is one; the one that stands."""
        with self._lock:
            return Failure(*json.loads(self.store.compare_set('failure', '', json.dumps(failure))))

    def failure(self) -> Failure | None:
        """The first failure, if there is one."""
        with self._lock:
            return Failure(*json.loads(self.store.get('failure'))) if self.store.check(['failure']) else None

    def leave(self, seconds: float) -> None:
        """Wait until all ranks but one, which may be the one that has failed, have come here, since they read it in this store.

        Args:
            seconds: at most.
        """
        until = time.monotonic() + seconds
        with suppress(RuntimeError):  # the store has gone
            number = self._add('left', 1)
            while number < self.world - 1 and time.monotonic() < until:
                time.sleep(.1)
                number = self._add('left', 0)

    def _add(self, key: str, amount: int) -> int:
        with self._lock:
            return self.store.add(key, amount)

    def post(self, text: str) -> None:
        """Add a text for rank 0."""
        with self._lock:
            self.store.set(f'text/{self.store.add("texts", 1)}', text)

    def texts(self, read: int) -> list[str]:
        """The texts that were added after the first ``read`` ones."""
        with self._lock:
            count = self.store.add('texts', 0)
            return [self.store.get(f'text/{number}').decode() for number in range(read + 1, count + 1)]


def is_lost_connection(error: BaseException) -> bool:
    """Whether an error only says that another rank does not answer."""
    return isinstance(error, dist.DistError) or type(error) is RuntimeError and bool(_LOST.search(str(error)))


def rank_name(number: int) -> str:
    """This process in words: its rank and host."""
    return f'rank {number} on host {socket.gethostname()}'


def node_name() -> str:
    """The node of this process: torchrun's or Slurm's number, else the host."""
    return os.environ.get('GROUP_RANK') or os.environ.get('SLURM_NODEID') or socket.gethostname()
