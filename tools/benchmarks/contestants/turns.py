"""One epoch at a time: a training waits for its turn before each epoch and says afterwards what it took."""

import json
import sys
import time

from mmengine.hooks import Hook


class Turns:
    """The clock of a training: CPU time of the process, in which images are read, too."""

    def begin(self) -> None:
        """Wait for the turn; an epoch begins."""
        print('ready', flush=True)
        if not sys.stdin.readline():
            sys.exit()
        self.last = self.started = time.process_time()

    def step(self) -> None:
        """A step is over."""
        self.last = time.process_time()

    def end(self) -> None:
        """The epoch is over, with whatever follows its last step."""
        now = time.process_time()
        print(json.dumps(dict(steps=self.last - self.started, end=now - self.last)), flush=True)


class First(Hook):
    """Begins the epochs of a Runner."""

    priority = 'VERY_HIGH'

    def __init__(self, turns: Turns) -> None:
        self.turns = turns

    def before_train_epoch(self, runner) -> None:
        """Wait."""
        self.turns.begin()


class Last(Hook):
    """Ends its steps and epochs."""

    priority = 'LOWEST'

    def __init__(self, turns: Turns) -> None:
        self.turns = turns

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        """Note the time."""
        self.turns.step()

    def after_train_epoch(self, runner) -> None:
        """Report."""
        self.turns.end()


def train(runner) -> None:
    """Train, epoch by epoch as it is its turn."""
    turns = Turns()
    runner.register_hook(First(turns))
    runner.register_hook(Last(turns))
    runner.train()
