"""Warnings of all ranks, printed by rank 0 with their rank; those that rank 0 has, too, are printed once."""

import json
import logging
import os
import queue
import sys
from contextlib import suppress

from .watch import RankWatch

#: Different warnings of other ranks that are printed.
MOST = 1000


class _Outgoing(logging.Handler):
    """Hands warnings of this rank to rank 0."""

    def __init__(self, watch: RankWatch) -> None:
        super().__init__(logging.WARNING)
        self._watch, self._process = watch, os.getpid()
        self._texts: queue.SimpleQueue[str] = queue.SimpleQueue()

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if os.getpid() == self._process:
            self._texts.put(json.dumps((self._watch.name, record.levelno, text)))
        else:  # a process that loads images has no connection
            print(f'{self._watch.name}: {text}', file=sys.stderr, flush=True)

    def send(self) -> None:
        with suppress(queue.Empty):
            while True:
                self._watch.board.post(self._texts.get_nowait())


class _Incoming(logging.Handler):
    """Prints the warnings of other ranks that rank 0 has not had itself one heartbeat later."""

    def __init__(self, watch: RankWatch, logger: logging.Logger) -> None:
        super().__init__(logging.WARNING)
        self._watch, self._logger, self._read = watch, logger, 0
        self._printed: set[str] = set()
        self._waiting: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if len(self._printed) < MOST:
            self._printed.add(record.getMessage())

    def receive(self) -> None:
        ready, self._waiting = self._waiting, self._watch.board.texts(self._read)
        self._read += len(self._waiting)
        for name, level, text in map(json.loads, ready):
            if text not in self._printed and len(self._printed) < MOST:
                self._printed.add(text)
                self._logger.log(level, f'{name}: {text}')
                if len(self._printed) == MOST:
                    self._logger.warning('further warnings of other ranks are not shown')


def relay_warnings(watch: RankWatch, logger: logging.Logger) -> None:
    """Let rank 0 print the warnings that ``logger`` gets on any rank; processes that load images print theirs themselves."""
    if watch.rank:
        outgoing = _Outgoing(watch)
        logger.addHandler(outgoing)
        watch.each_beat.append(outgoing.send)
    else:
        incoming = _Incoming(watch, logger)
        logger.addHandler(incoming)
        watch.each_beat.append(incoming.receive)
