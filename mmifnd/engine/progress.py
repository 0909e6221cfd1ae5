"""Progress of long work, with the time left."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from mmifnd.distributed import is_main

Report = Callable[[int], None]


def progress_bar(**kwargs) -> Progress:
    """A bar on standard error: what, how far, time passed, time left."""
    return Progress(TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
                    TextColumn('left'), TimeRemainingColumn(), console=Console(stderr=True), **kwargs)


@contextmanager
def reported(what: str, total: int) -> Iterator[Report]:
    """Gives a function to call with the amount done; draws a bar on the main process where a person is watching."""
    if not (is_main() and sys.stderr.isatty()):
        yield lambda done: None
        return
    with progress_bar(transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)
