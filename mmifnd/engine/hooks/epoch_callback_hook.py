"""Tells a caller how far a run is."""

from collections.abc import Callable

from mmengine.hooks import Hook


class EpochCallbackHook(Hook):
    """Calls back with the number of completed epochs; for callers in Python, so it is not registered.

    Args:
        callback: takes the number of completed epochs.
    """

    priority = 'LOWEST'

    def __init__(self, callback: Callable[[int], None]) -> None:
        self.callback = callback

    def after_train_epoch(self, runner) -> None:
        """Report."""
        self.callback(runner.epoch + 1)
