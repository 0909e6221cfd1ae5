"""Progress of long work, with the time left."""

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from mmifnd.distributed import is_main
from mmifnd.text import printable, shown

Report = Callable[[int], None]

#: The display of the training that is under way; work within it is shown there, since a terminal has room for one.
_running: list['RunDisplay'] = []


class _Name(TextColumn):
    """What is under way, with nothing that a terminal or rich would obey."""

    def render(self, task: Task) -> Text:
        """Return the name of a task."""
        return Text(shown(task.description))


def progress_bar(**kwargs) -> Progress:
    """A bar on standard error: what, how far, time passed, time left."""
    return Progress(_Name(''), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
                    TextColumn('left'), TimeRemainingColumn(), console=Console(stderr=True), **kwargs)


@contextmanager
def reported(what: str, total: int) -> Iterator[Report]:
    """Give a function to call with the amount done; it draws a bar on the main process if standard error is a terminal."""
    if not (is_main() and sys.stderr.isatty()):
        yield lambda done: None
    elif _running:
        with _running[-1].within(what, total) as report:
            yield report
    else:
        with progress_bar(transient=True) as bar:
            task = bar.add_task(what, total=total)
            yield lambda done: bar.update(task, completed=done)


class RunDisplay:
    """One line about a training on standard error: redrawn in a terminal, else printed anew from time to time.

    Nothing is drawn from a thread: loader processes are forked meanwhile, and would inherit its locks.

    Args:
        total (int): steps of the training.
    """

    def __init__(self, total: int) -> None:
        self.console = Console(stderr=True, soft_wrap=not sys.stderr.isatty())
        self.is_terminal = sys.stderr.isatty()
        self._bar = Progress(
            BarColumn(20), TextColumn('{task.description}', markup=False), console=self.console, auto_refresh=False,
            transient=True, redirect_stdout=False, redirect_stderr=False)
        self._task = self._bar.add_task('', total=total)

    def __enter__(self) -> 'RunDisplay':
        if self.is_terminal:
            self._bar.start()
        _running.append(self)
        return self

    def __exit__(self, *error) -> None:
        _running.remove(self)
        if self.is_terminal:
            self._bar.stop()

    def show(self, done: int, line: str) -> None:
        """Say how far the training is."""
        if self.is_terminal:
            self._bar.update(self._task, completed=done, description=line, refresh=True)
        else:
            self.write(line)

    def write(self, line: str) -> None:
        """Print a line that stays."""
        self.console.print(printable(line), markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def within(self, what: str, total: int) -> Iterator[Report]:
        """A second bar below the first one, while ``what`` is under way."""
        task = self._bar.add_task(what, total=total)

        def report(done: int) -> None:
            self._bar.update(task, completed=done, description=f'{what} {done}/{total}', refresh=True)

        report(0)
        try:
            yield report
        finally:
            self._bar.remove_task(task)
            self._bar.refresh()

    def stream(self) -> io.TextIOBase:
        """A stream whose lines appear above the display, for handlers of loggers."""
        return _Above(self)


class _Above(io.TextIOBase):

    def __init__(self, display: RunDisplay) -> None:
        self._display = display

    def write(self, text: str) -> int:
        if text.strip():
            self._display.write(text.rstrip('\n'))
        return len(text)
