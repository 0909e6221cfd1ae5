"""The progress of a training from its first step on."""

import logging
import time
from pathlib import Path

import torch
from mmengine.hooks import Hook
from mmengine.logging import MMLogger

from mmifnd.checks import check_choice, check_positive
from mmifnd.distributed import is_main, unwrap, world_size
from mmifnd.image_table import ImageTable
from mmifnd.registry import HOOKS

from ..host_copy import HostCopy
from ..progress import RunDisplay
from ..time_left import TimeLeft
from .false_negative_hook import FalseNegativeHook
from .step_values import named_values

CONSOLES = ('line', 'log', 'nothing')
#: Seconds between two redraws in a terminal.
REDRAW = 0.25
#: Above this many seconds on a CPU, a line says what would be faster.
LONG = 3600.
#: Steps after which the time left can be judged.
JUDGED = 5


@HOOKS.register_module()
class ProgressHook(Hook):
    """Shows the progress in one line on standard error.

    The line has epoch, step, loss, images per second, the share of the time that the steps waited for images, the share of the
    negatives that was removed, and the time left, feature passes and clusterings included.

    In a terminal the line is redrawn; elsewhere it is printed with the first and the last step, at least every ``seconds``
    seconds, and at the end of an epoch if the last line is not quite recent. Losses are read without waiting for the device.

    Args:
        seconds (float): between two printed lines, > 0.
        console (str): what standard error and output show: ``'line'``, this line and warnings; ``'log'``, all messages of the
            logger instead; ``'nothing'``, warnings only. The log file has all messages in any case.

    Raises:
        ValueError: if ``seconds`` is not positive, or ``console`` unknown.
    """

    priority = 'LOWEST'  # what other hooks do belongs to the step

    def __init__(self, seconds: float = 30., console: str = 'line') -> None:
        check_positive('seconds', seconds, 'ProgressHook', 'it counts seconds between two lines')
        check_choice('console', console, CONSOLES, 'ProgressHook')
        self.seconds, self.console = seconds, console
        self.display: RunDisplay | None = None

    def before_train(self, runner) -> None:
        """Say what is trained, and where the log is."""
        if self.console != 'line' or not is_main():
            return
        self._left = TimeLeft(len(runner.train_dataloader), runner.max_epochs, clustering_ends(runner), runner.epoch)
        self._waited = self._spent = self._shown = 0.
        self._count, self._is_judged = 0, torch.cuda.is_available()
        self._copy: HostCopy | None = None
        self._values: dict[str, float] = {}
        self.display = RunDisplay(runner.max_iters).__enter__()
        self._streams = _show_above(runner.logger, self.display)
        for line in header(runner):
            self.display.write(line)
        self._ended = time.perf_counter()
        self._images = (runner.train_dataloader.batch_size or 1) * world_size()

    def before_train_epoch(self, runner) -> None:
        """Time what followed the epoch before."""
        if self.display is None:
            return
        now = time.perf_counter()
        if self._count and self._left.steps_per_epoch and runner.iter % self._left.steps_per_epoch == 0:
            self._left.add_end(runner.epoch, now - self._ended)
        self._ended = now

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Time the wait for the batch."""
        if self.display is not None:
            self._began = time.perf_counter()

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None) -> None:
        """Show the line if it is time."""
        if self.display is None:
            return
        now = time.perf_counter()
        self._left.add_step(now - self._ended)
        self._waited += self._began - self._ended
        self._spent += now - self._ended
        self._ended = now
        self._count += 1
        due = REDRAW if self.display.is_terminal else self.seconds
        if batch_idx + 1 == self._left.steps_per_epoch:
            due = 0. if runner.epoch + 1 == runner.max_epochs else due / 3
        if self._count == 1 or now - self._shown >= due:
            self._take(outputs or {})
            self.display.show(runner.iter + 1, self._line(runner, batch_idx))
            self._shown = now
        if self._count == JUDGED and not self._is_judged:
            self._judge(runner)

    def after_train(self, runner) -> None:
        """Close the line."""
        self.stop()

    def stop(self) -> None:
        """Close the display, even if a training ends early."""
        if self.display is not None:
            for handler, stream in self._streams.items():
                handler.setStream(stream)
            self.display.__exit__(None, None, None)
            self.display = None

    def _take(self, outputs: dict) -> None:
        """Copy the values of this step, and take those of the last copy that has arrived."""
        values = {'loss': outputs['loss']} if 'loss' in outputs else {}
        shares = list(named_values(outputs, 'false_negative_share').values())
        if shares:
            values['removed'] = torch.stack(shares).mean()
        if self._copy is None or self._copy.is_there:
            before, self._copy = self._copy, HostCopy(values)
            arrived = self._copy if self._copy.is_there else before
            self._values = arrived.read() if arrived else {}

    def _line(self, runner, batch_idx: int) -> str:
        parts = [f'epoch {runner.epoch + 1}/{runner.max_epochs}', f'step {batch_idx + 1}/{self._left.steps_per_epoch}']
        if 'loss' in self._values:
            parts.append(f'loss {self._values["loss"]:.3f}')
        if self._left.step_seconds:
            parts.append(f'{self._images / self._left.step_seconds:.0f} images/s')
        parts.append(f'{100 * self._waited / self._spent:.0f} % waiting for images')
        if 'removed' in self._values:
            parts.append(f'{100 * self._values["removed"]:.1f} % of negatives removed')
        seconds = self._left.seconds(runner.iter + 1)
        return ', '.join(parts) + ('' if seconds is None else f', {clock(seconds)} left')

    def _judge(self, runner) -> None:
        seconds = self._left.seconds(runner.iter + 1)
        if seconds is not None and seconds > LONG:
            self.display.write(f'this takes about {clock(seconds)} on the CPU; faster are a GPU, fewer epochs, smaller images, '
                               'or a smaller backbone')


def clustering_ends(runner):
    """Function of completed epochs: whether a clustering follows, and whether a validation."""
    hook = next((hook for hook in runner.hooks if isinstance(hook, FalseNegativeHook)), None)
    loop, last = runner.train_loop, runner.max_epochs
    validates = runner.val_loop is not None and getattr(loop, 'val_interval', None)

    def kind(completed: int) -> tuple[bool, ...] | bool:
        clusters = hook is not None and hook.is_due(completed, last)
        is_judged = bool(validates) and completed >= loop.val_begin and (
            completed % loop.val_interval == 0 or completed == last)
        return (clusters, is_judged) if clusters or is_judged else False

    return kind


def header(runner) -> list[str]:
    """What is trained on what, and where all else is written."""
    model, loader = unwrap(runner.model), runner.train_dataloader
    parts = [type(model).__name__, type(getattr(model, 'backbone', model)).__name__]
    heads = getattr(model, 'heads', {})
    parts += [f'{type(head).__name__} with {type(head.detector).__name__}' for head in list(heads.values())[:1]]
    processes = '' if world_size() == 1 else f' on each of {world_size()} processes'
    return [f'{", ".join(parts)}: {len(loader.dataset)} images, {loader.batch_size} per step{processes}, '
            f'{len(loader)} steps per epoch, {runner.max_epochs} epochs', *_state_of(model),
            f'log: {Path(runner.log_dir) / runner.timestamp}.log']


def _state_of(model) -> list[str]:
    """How much is kept of each image, such as thresholds and averages; nothing if it is none."""
    tables = [part for part in model.modules() if isinstance(part, ImageTable) and part.num_samples]
    size = sum(getattr(table, name).nbytes for table in tables for name in table.initial)
    if not size:
        return []
    count = max(table.num_samples or 0 for table in tables)
    return [f'state of each image: {size / count:.0f} bytes, {size / 1e6:.1f} MB per process']


def clock(seconds: float) -> str:
    """Hours, minutes and seconds, such as 1:02:03 or 2:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f'{hours}:{minutes:02d}:{rest:02d}' if hours else f'{minutes}:{rest:02d}'


def _show_above(logger: MMLogger, display: RunDisplay) -> dict:
    """Let console handlers print above the display; each with the stream that it had."""
    handlers = [handler for handler in logger.handlers if type(handler) is logging.StreamHandler]
    return {handler: handler.setStream(display.stream()) for handler in handlers}
