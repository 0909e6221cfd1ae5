"""Run-time information without host synchronisation: values stay on the device until they are logged."""

import torch
from mmengine.hooks import LoggerHook, RuntimeInfoHook as _RuntimeInfoHook
from mmengine.logging import HistoryBuffer
from torch import Tensor

from mmifnd.distributed import rank
from mmifnd.parts import KeepsRankState
from mmifnd.registry import HOOKS


@HOOKS.register_module()
class RuntimeInfoHook(_RuntimeInfoHook, KeepsRankState):
    """mmengine's hook calls ``.item()`` on every value in every step; this one reads all of them at the logging interval.

    The histories are bounded, too: a ``HistoryBuffer`` copies itself at each update, 3 ms a key after 1,000,000 steps.
    """

    #: Steps of history that are kept at least.
    min_history = 1000

    def before_train(self, runner) -> None:
        """Take the logging interval from the logger hook, its only home."""
        super().before_train(runner)
        loggers = [hook for hook in runner.hooks if isinstance(hook, LoggerHook)]
        self._interval = loggers[0].interval if loggers else self.min_history
        self._history = max(self.min_history, 2 * len(runner.train_dataloader))
        self._pending: list[dict[str, Tensor]] = []
        for name in ('time', 'data_time'):  # of the timer hook
            self._bound(runner.message_hub, f'train/{name}')

    def rank_state(self) -> dict:
        """The state for a checkpoint: values that have not been logged yet."""
        return dict(pending=[{name: value.cpu() for name, value in step.items()} for step in self._pending])

    def load_rank_states(self, states: list[dict]) -> None:
        """Continue with it."""
        self._pending = list(states[rank() % len(states)]['pending'])

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None) -> None:
        """Keep the step's values; hand them on when they are about to be logged."""
        if outputs:
            self._pending.append({name: torch.as_tensor(value).detach() for name, value in outputs.items()})
        if self.every_n_inner_iters(batch_idx, self._interval) or self.end_of_epoch(runner.train_dataloader, batch_idx):
            self._flush(runner.message_hub)

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Update iteration and learning rate, in a bounded history."""
        for name in runner.optim_wrapper.get_lr():
            self._bound(runner.message_hub, f'train/{name}')
        super().before_train_iter(runner, batch_idx, data_batch)

    def _flush(self, message_hub) -> None:
        names = sorted({name for step in self._pending for name in step})
        for name in names:
            values = [step[name].float().mean() for step in self._pending if name in step]
            self._bound(message_hub, f'train/{name}')
            for value in torch.stack([value.to(values[-1].device) for value in values]).tolist():
                message_hub.update_scalar(f'train/{name}', value)
        self._pending.clear()

    def _bound(self, message_hub, key: str) -> None:
        buffer = message_hub.log_scalars.setdefault(key, HistoryBuffer(max_length=self._history))
        buffer.max_length = self._history
