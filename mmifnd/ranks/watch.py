"""The watch that each rank keeps over all: which one has failed, is silent or makes no progress, and where it is."""

import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import torch.distributed as dist

from .beat import Beat, Board, Failure, is_lost_connection, node_name, rank_name
from .whereabouts import where_is

#: Seconds between two heartbeats.
INTERVAL = 2.
#: Seconds after which a rank counts as silent, unless the timeout is shorter. Code that holds the interpreter delays its beat.
SILENCE = 120.
#: Seconds that rank 0 gets to report an error which all ranks have in common, and that a rank gets to end by itself.
COMMON, GRACE = 1.5, 10.
#: Exit status of a rank that ends because of another one.
ENDED_BY_ANOTHER = 1


class RankWatch:
    """The watch of one rank.

    A thread writes a heartbeat into the store and reads those of the others. The first failure is written there, too; every
    rank ends when it sees one, also in the middle of a collective, which nothing else can end.

    Args:
        store: through which the ranks met; this object needs a client of its own.
        rank: of this process.
        world: number of ranks.
        timeout: seconds without progress, in a step, after which a rank counts as hanging.
        interval: seconds between two heartbeats.
        end: ends the process with a status, from any thread.

    Attributes:
        each_beat: called in the thread with every beat.
    """

    def __init__(self, store: dist.Store, rank: int, world: int, timeout: float, interval: float = INTERVAL,
                 end: Callable[[int], None] | None = None) -> None:
        self.board, self.rank, self.timeout, self.interval = Board(store, world), rank, timeout, interval
        self.name = rank_name(rank)
        self.each_beat: list[Callable[[], None]] = []
        self._node, self._local_rank, self._end = node_name(), int(os.environ.get('LOCAL_RANK', '0')), end or _end_process
        self._owner = threading.get_ident()
        self._count, self._progress, self._place, self._is_guarded, self._since = 0, 0, 'at its start', False, time.monotonic()
        self._handles_failure, self._is_stopped = False, threading.Event()
        self._has_begun, self._has_told = threading.Event(), False
        self._changes: dict[int, tuple[int, float]] = {}
        self._thread = threading.Thread(target=self._run, name='rank watch', daemon=True)

    def start(self) -> None:
        """Beat from now on; nobody may read before all have written a beat, so a barrier has to follow."""
        self.beat()
        self._thread.start()

    def stop(self) -> None:
        """Stop beating, which the others would take for silence: call it after a barrier."""
        self._is_stopped.set()
        self._has_begun.set()
        self._thread.join(GRACE)

    def note(self, place: str, is_guarded: bool = False) -> None:
        """Say that this rank has come to ``place``; to stay there for longer than the timeout is a hang if ``is_guarded``.

        The first place is told at once, so that nobody says of a rank that it was at its start when it has trained since; the
        next ones with the next heartbeat.
        """
        self._place, self._is_guarded, self._since = place, is_guarded, time.monotonic()
        self._progress += 1
        self._has_begun.set()

    def report(self, error: BaseException, text: str) -> str | None:
        """Let all ranks know that this one fails, and find out why.

        Args:
            error: what was raised here.
            text: the same in one line.

        Returns:
            str | None: the line that this rank should print; None if another rank prints it.
        """
        self._handles_failure = True
        if is_lost_connection(error):
            return self._line(self._wait_for_failure(2 * self.interval + 1) or self._blame(text))
        failure = self._wait_for_failure(COMMON if self.rank else 0) or self.board.announce(
            Failure(text, self.rank, self.name, self._node, self._local_rank, True))
        if failure.rank == self.rank:
            return self._line(failure)
        if failure.text != text:
            return f'{self.name}: {text}'
        return text if failure.node != self._node and self._local_rank == 0 else None  # all have it in common

    def leave(self) -> None:
        """Give all ranks the time to read why this one ends, before the store can end with it."""
        self.board.leave(3 * self.interval)

    def beat(self) -> None:
        """Write one heartbeat."""
        self._count += 1
        stack, waits = where_is(self._owner)
        self.board.write(self.rank, Beat(
            self._count, f'{self.name} (process {os.getpid()})', self._node, self._local_rank, self._progress,
            f'{self._place}, in {stack}', time.monotonic() - self._since, self._is_guarded, waits))

    def judge(self) -> None:
        """Announce a rank that is silent, or that makes no progress in a step."""
        beats, now, silence = self.board.beats(), time.monotonic(), min(self.timeout, SILENCE)
        for number, beat in enumerate(beats):
            count, since = self._changes.get(number, (0, now))
            self._changes[number] = (count, since) if count == beat.count else (beat.count, now)
            if now - self._changes[number][1] > silence:
                self._accuse(beat, number, f'has been silent for {silence:.0f} s; it was last {beat.place}')
                return
        late = _latest(beats)
        if beats[late].is_guarded and beats[late].idle > self.timeout:
            self._accuse(beats[late], late, f'has made no progress for {beats[late].idle:.0f} s: it is {beats[late].place}')

    # --- whose fault it is ----------------------------------------------------------------------------------------------

    def _accuse(self, beat: Beat, number: int, what: str) -> Failure:
        return self.board.announce(Failure(f'{beat.name} {what}', number, beat.name, beat.node, beat.local_rank, False))

    def _blame(self, text: str) -> Failure:
        """Announce why a connection is lost that nobody explains."""
        before = self.board.beats()
        time.sleep(2 * self.interval + 1)
        beats = self.board.beats()
        for number, beat in enumerate(beats):
            if beat.count == before[number].count and number != self.rank:
                return self._accuse(beat, number, 'has ended without a word (killed, often for want of memory), or is stopped; '
                                                  f'it was last {beat.place}')
        late = _latest(beats)
        if late == self.rank:
            return self._accuse(beats[late], late, f'has lost its connection: {text}')
        return self._accuse(beats[late], late, f'keeps the others waiting: it is {beats[late].place}')

    def _line(self, failure: Failure) -> str | None:
        """The line about a failure if it is for this rank to print: one rank per host does."""
        if failure.is_printed and failure.rank == self.rank:
            return failure.text if self.rank == 0 or failure.text.startswith('rank ') else f'{self.name}: {failure.text}'
        is_local = failure.node == self._node
        first = 1 if is_local and failure.local_rank == 0 else 0
        if is_local and failure.is_printed or self._local_rank != first:
            return None
        return failure.text if failure.text.startswith('rank ') else f'{failure.name}: {failure.text}'

    def _wait_for_failure(self, seconds: float) -> Failure | None:
        until = time.monotonic() + seconds
        while not (failure := self.board.failure()) and time.monotonic() < until:
            time.sleep(.1)
        return failure

    # --- the thread -----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        failures, judged = 0, time.monotonic()
        while not self._wait_for_beat():
            try:
                self.beat()
                failure = self.board.failure()
                if failure:
                    self._end_with(failure)
                    return
                if time.monotonic() - judged >= self.timeout / 20:
                    judged = time.monotonic()
                    self.judge()
                for call in self.each_beat:
                    call()
                failures = 0
            except RuntimeError as error:  # of the store
                failures += 1
                if failures == 3:
                    print(f'error: {self.name}: the host of rank 0 does not answer any more ({error})'.splitlines()[0],
                          file=sys.stderr, flush=True)
                    self._end(ENDED_BY_ANOTHER)
                    return

    def _wait_for_beat(self) -> bool:
        """Wait until the next heartbeat is due, or the first place is known; whether the watch has stopped meanwhile."""
        if self._has_told:
            self._is_stopped.wait(self.interval)
        else:
            self._has_told = self._has_begun.wait(self.interval)
        return self._is_stopped.is_set()

    def _end_with(self, failure: Failure) -> None:
        """End this process, whatever its main thread does."""
        if self._handles_failure:  # the main thread is ending the process
            time.sleep(GRACE)
        elif line := self._line(failure):
            print(f'error: {line}', file=sys.stderr, flush=True)
        self.leave()
        self._end(ENDED_BY_ANOTHER)


def _latest(beats: list[Beat]) -> int:
    """The rank that the others wait for: of those with the least progress, one that is in no collective itself."""
    return min(range(len(beats)), key=lambda number: (beats[number].progress, beats[number].waits, -beats[number].idle))


def _end_process(status: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # a console that is gone ends nothing
            stream.flush()
    os._exit(status)
