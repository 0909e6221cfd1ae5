"""Ctrl-C, and the warning that Slurm sends before it kills, end a run with a checkpoint."""

import os
import signal
import threading
import time

import torch
import torch.distributed as dist
from mmengine.hooks import Hook

from mmifnd.distributed import all_reduce, is_main, world_size

from .checkpoint_hooks import CheckpointHook

#: Exit status of a run that stopped for a signal and can go on: EX_TEMPFAIL of sysexits.h, "try again later".
STOPPED = 75

#: Seconds in which a further Ctrl-C counts as the same one: a launcher hands on what its processes got already.
SAME_SIGNAL = 1.


class StopHook(Hook):
    """Stops a run on SIGTERM or SIGINT: saves after the step, and exits with :data:`STOPPED`. A second Ctrl-C stops at once.

    All ranks stop after the same step, whichever of them got the signal: every ``interval`` steps they ask one another, on
    the host (gloo), so that nothing waits for a GPU. It is for programs, which own their signals, so it is not registered.

    Args:
        interval (int): steps between two such questions; a single process looks after every step.
        resume (str): how the program is told to go on, for the message.
    """

    priority = 'LOWEST'  # after the hooks that belong to the step

    def __init__(self, interval: int = 10, resume: str = '--resume') -> None:
        self.interval, self.resume = interval, resume
        self.signal: int | None = None
        self.has_stepped = False  # until then, what goes wrong is bad input

    def before_train(self, runner) -> None:
        """Listen from now on."""
        self._group = dist.new_group(backend='gloo') if world_size() > 1 and dist.get_backend() != 'gloo' else None
        owns_signals = threading.current_thread() is threading.main_thread()  # nobody else may listen
        numbers = (signal.SIGTERM, signal.SIGINT) if owns_signals else ()
        self._handlers = {number: signal.signal(number, self._note) for number in numbers}

    def after_train(self, runner) -> None:
        """Leave signals to whom they belonged."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None) -> None:
        """Stop, where any rank was told to, and gradients are not being accumulated.

        Raises:
            SystemExit: with :data:`STOPPED`.
        """
        self.has_stepped = True
        if not runner.optim_wrapper.should_update() or not self._agreed(runner):
            return
        saver = next((hook for hook in runner.hooks if isinstance(hook, CheckpointHook)), None)
        saved = 'nothing saved, without a CheckpointHook'
        if saver:
            saved = f'saved {saver.save_step(runner)}; go on with {self.resume}'
        self.after_train(runner)
        if is_main():
            reason = signal.Signals(self.signal).name if self.signal else 'a signal to another process'
            runner.logger.warning(f'stopped by {reason} after step {runner.iter + 1} of {runner.max_iters}, in epoch '
                                  f'{runner.epoch + 1}; {saved}')
        raise SystemExit(STOPPED)

    def _agreed(self, runner) -> bool:
        if world_size() == 1:
            return self.signal is not None
        if not self.every_n_train_iters(runner, self.interval):
            return False
        has_signal = torch.tensor(int(self.signal is not None))
        return bool(all_reduce(has_signal, 'max', self._group))

    def _note(self, number: int, frame) -> None:
        now = time.monotonic()
        if self.signal is None:
            self.signal, self._since = number, now
            if is_main() and (number == signal.SIGINT or world_size() == 1):  # a launcher ends ranks after a failure, too
                # A handler may not touch buffered streams.
                os.write(2, f'{signal.Signals(number).name}: saving after this step; a second Ctrl-C stops at once\n'.encode())
        elif number == signal.SIGINT and now - self._since > SAME_SIGNAL:
            raise KeyboardInterrupt
