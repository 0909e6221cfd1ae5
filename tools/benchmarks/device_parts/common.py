"""What all sections share: the device, lines of a report, clocks, and a watch on what waits for the device."""

import argparse
import collections
import itertools
import logging
import statistics
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).resolve().parents[3]
DIM = 128  # of embeddings
#: Names of checks that have failed.
FAILED: list[str] = []


class Setting:
    """Options of the command line, and the sizes that follow from them.

    Attributes:
        device (torch.device): where it runs.
        small (bool): a dry run.
        out (Path): folder of results.
        images (int): rows of the data set.
        counts (tuple[int, ...]): clusters of each granularity.
    """

    device, small, out = torch.device('cpu'), True, Path('.')
    images, counts = 4000, (5, 10, 20)

    @classmethod
    def take(cls, args: argparse.Namespace) -> None:
        """Take the options; nothing runs on the device yet."""
        cls.device, cls.small, cls.out = torch.device(args.device), args.small, args.out
        if not args.small:
            cls.images, cls.counts = 1_281_167, (1000, 3000, 10_000)
        logging.disable(logging.WARNING)


def on_gpu() -> bool:
    """Whether the device is a GPU."""
    return Setting.device.type == 'cuda'


def say(kind: str, name: str, text: object = '') -> None:
    """Print a line, PASS, FAIL, FIGURE or NOTE, and count failures."""
    print(f'{kind} {name}: {text}', flush=True)
    if kind == 'FAIL':
        FAILED.append(name)


def guarded(name: str, work: Callable, *args: Any) -> Any:
    """Run ``work``; a failure is a line with the place in mmifnd, and None is returned."""
    try:
        return work(*args)
    except Exception as error:  # the other checks go on
        frames = traceback.extract_tb(error.__traceback__)
        last = ([frame for frame in frames if '/mmifnd/' in frame.filename] or frames)[-1]
        first_line = (str(error).splitlines() or [''])[0][:250]
        say('FAIL', name, f'{type(error).__name__} {first_line} @ {last.filename}:{last.lineno}')
        print(''.join(traceback.format_tb(error.__traceback__)[-6:]), file=sys.stderr, flush=True)
        return None


def wait() -> None:
    """Wait for the device."""
    if on_gpu():
        torch.cuda.synchronize()


def seconds(work: Callable[[], object], rounds: int = 3, warm_up: int = 1) -> float:
    """Median wall time of ``work`` and of what it started on the device."""
    for _ in range(warm_up):
        work()
    times = []
    for _ in range(rounds):
        wait()
        begin = time.perf_counter()
        work()
        wait()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def rate_of_rounds(work: Callable[[], object], rounds: int, warm_up: int) -> tuple[float, int]:
    """Median ms of ``work`` run again and again, by events on a GPU, and peak MiB."""
    for _ in range(warm_up):
        work()
    if not on_gpu():
        return seconds(work, 1, 0) * 1e3, 0
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    marks = [torch.cuda.Event(enable_timing=True) for _ in range(rounds + 1)]
    marks[0].record()
    for mark in marks[1:]:
        work()
        mark.record()
    torch.cuda.synchronize()
    times = [begin.elapsed_time(end) for begin, end in itertools.pairwise(marks)]
    return statistics.median(times), torch.cuda.max_memory_allocated() >> 20


class Waits:
    """Counts, by line of Python, what makes the host wait for the GPU; with ``mode='error'`` that raises instead."""

    def __init__(self, mode: str = 'warn') -> None:
        self.mode, self.lines = mode, collections.Counter()
        self._kept = warnings.catch_warnings()

    def __enter__(self) -> collections.Counter:
        if on_gpu():
            torch.cuda.synchronize()
            self._kept.__enter__()
            warnings.simplefilter('always')
            warnings.showwarning = self._note
            torch.cuda.set_sync_debug_mode(self.mode)
        return self.lines

    def __exit__(self, *_: object) -> None:
        if on_gpu():
            torch.cuda.set_sync_debug_mode('default')
            self._kept.__exit__(None, None, None)

    def _note(self, message: object, *_: object) -> None:
        if 'called a synchronizing' not in str(message):  # the debug mode also warns that it is a prototype
            return
        frames = [frame for frame in traceback.extract_stack()[:-1]
                  if not {'device_parts', 'warnings.py'} & set(Path(frame.filename).parts)]
        places = [frames[-1], *[f for f in frames if '/mmifnd/' in f.filename][-1:]]
        self.lines[' <- '.join(f'{"/".join(f.filename.split("/")[-2:])}:{f.lineno}' for f in places)] += 1


def judge_waits(name: str, lines: collections.Counter, text: str = '') -> None:
    """A line on what waited."""
    say('FAIL' if lines else 'PASS', name, f'{sum(lines.values())} waits{text}; {dict(lines.most_common(8))}')
