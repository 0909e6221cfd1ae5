"""The hook that fault_injection.py adds to a run: it lets one rank fail at a step."""

import os
import shutil
import signal
import time
from pathlib import Path

from mmengine.hooks import Hook

from mmifnd.distributed import rank
from mmifnd.registry import HOOKS


@HOOKS.register_module()
class FaultHook(Hook):
    """Injects one fault, once, before step ``step`` of rank ``rank``, and writes the time into a file.

    Args:
        kind (str): a method below; ``'nothing'`` for the control.
        rank (int): whom it hits.
        step (int): 1-based.
        noted (str): the file; if it is there already, nothing happens: a run that was started again goes on.
    """

    def __init__(self, kind: str, rank: int, step: int, noted: str) -> None:
        self.kind, self.rank, self.step, self.noted = kind, rank, step, Path(noted)

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if self.kind == 'slow' and rank() == self.rank and runner.iter < self.step + 4:
            time.sleep(2)
        if rank() == self.rank and runner.iter + 1 == self.step and not self.noted.exists():
            self.noted.write_text(str(time.time()))
            getattr(self, self.kind)()

    def nothing(self):
        """The control."""

    slow = nothing

    def raising(self):
        raise RuntimeError('a fault was injected')

    def killed(self):
        os.kill(os.getpid(), signal.SIGKILL)

    def stopped(self):
        os.kill(os.getpid(), signal.SIGSTOP)

    def hanging(self):
        time.sleep(3600)

    def host_killed(self):
        """The launcher of this host first, so that it cannot report anything, then its ranks."""
        others = [int(pid) for pid in Path('ranks').read_text().split() if int(pid) != os.getpid()]
        for pid in (os.getppid(), *others, os.getpid()):
            os.kill(pid, signal.SIGKILL)

    def half_missing(self):
        """Half of the images of this host vanish."""
        for number, path in enumerate(sorted(Path('images').rglob('*.png'))):
            if number % 2:
                path.unlink()

    def folder_missing(self):
        """The images of this host vanish, as when a file system is unmounted."""
        shutil.move('images', 'unmounted')

    def before_train(self, runner):
        with open('ranks', 'a') as file:
            file.write(f'{os.getpid()}\n')
