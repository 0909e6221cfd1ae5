"""What a step costs, said once, a few steps into the training."""

import time

import torch
from mmengine.hooks import Hook

from mmifnd.distributed import is_main
from mmifnd.registry import HOOKS

from .progress_hook import ProgressHook

_MINUTE, _HOUR = 60, 3600


@HOOKS.register_module()
class CostHook(Hook):
    """Logs after ``steps`` steps how long one takes, and what that makes of an epoch and of the whole training.

    The first step is left out, since it warms up. Clusterings and feature passes come on top.

    Args:
        steps (int): that are timed, at least 1.

    Raises:
        ValueError: if ``steps`` is below 1.
    """

    priority = 'VERY_HIGH'

    def __init__(self, steps: int = 2) -> None:
        if steps < 1:
            raise ValueError(f'steps={steps} of CostHook must be at least 1')
        self.steps = steps
        self._taken = 0

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None) -> None:
        """Time the steps after the first; say it once."""
        self._taken += 1
        if self._taken == 1:
            self._start = self._now()
        elif self._taken == self.steps + 1 and is_main():
            line = self.describe((self._now() - self._start) / self.steps, runner)
            runner.logger.info(line)
            for hook in runner.hooks:
                if isinstance(hook, ProgressHook) and hook.display is not None:
                    hook.display.write(line)

    def describe(self, seconds: float, runner) -> str:
        """The cost in one line."""
        loader = runner.train_dataloader
        left = runner.max_iters - runner.iter
        device = 'GPU' if torch.cuda.is_available() else 'CPU'
        return (f'a step of {loader.batch_size} images takes {duration(seconds)} on the {device}, an epoch of {len(loader)} '
                f'steps {duration(seconds * len(loader))}, the {left} steps that are left about {duration(seconds * left)}, '
                'feature passes and clusterings not counted')

    @staticmethod
    def _now() -> float:
        if torch.cuda.is_available():
            torch.cuda.synchronize()  # twice in a training
        return time.perf_counter()


def duration(seconds: float) -> str:
    """A time in words.

    Example:
        >>> duration(0.5), duration(75), duration(5000)
        ('0.50 s', '1 min 15 s', '1 h 23 min')
    """
    if seconds < _MINUTE:
        return f'{seconds:.2f} s' if seconds < 10 else f'{seconds:.0f} s'
    if seconds < _HOUR:
        return f'{int(seconds // _MINUTE)} min {int(seconds % _MINUTE)} s'
    return f'{int(seconds // _HOUR)} h {int(seconds % _HOUR // _MINUTE)} min'
