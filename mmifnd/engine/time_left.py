"""An estimate of the time left: the steps, and what follows each epoch."""

from collections import deque
from collections.abc import Callable, Hashable
from statistics import fmean

#: Steps of a process that are left out: they also start workers and warm caches.
WARM_UP = 2
#: Share of an epoch's steps that a feature pass is expected to take until the first one has been timed: a forward pass of each
#: image, where a step makes two and a backward pass.
EXPECTED_PASS = 0.35


class TimeLeft:
    """An estimate from what has been timed so far in this process.

    Args:
        steps_per_epoch (int): steps of one epoch.
        max_epochs (int): epochs of the whole training.
        kind_of_end (Callable[[int], Hashable]): says for a number of completed epochs what follows, such as a clustering; ends
            of one kind are expected to take equally long. A false kind takes no time until one has been timed.
        ended (int): epochs that an earlier process has completed.

    Example:
        >>> left = TimeLeft(steps_per_epoch=10, max_epochs=3, kind_of_end=lambda completed: completed < 3)
        >>> for _ in range(WARM_UP + 10):
        ...     left.add_step(0.5)
        >>> left.add_end(1, 4.)
        >>> left.seconds(done=10)  # 20 steps, and one more clustering
        14.0
    """

    def __init__(self, steps_per_epoch: int, max_epochs: int, kind_of_end: Callable[[int], Hashable],
                 ended: int = 0) -> None:
        self._ended = ended
        self.steps_per_epoch, self.max_epochs, self.kind_of_end = steps_per_epoch, max_epochs, kind_of_end
        self._steps: deque[float] = deque(maxlen=200)
        self._ends: dict[Hashable, list[float]] = {}
        self._count = 0

    def add_step(self, seconds: float) -> None:
        """Note the time of one step, the wait for its images and all hooks included."""
        self._count += 1
        if self._count > WARM_UP:
            self._steps.append(seconds)

    def add_end(self, completed: int, seconds: float) -> None:
        """Note the time between the last step of an epoch and the first of the next one."""
        self._ended = completed
        self._ends.setdefault(self.kind_of_end(completed), []).append(seconds)

    @property
    def step_seconds(self) -> float | None:
        """Mean time of a step; None until there is one to go by."""
        return fmean(self._steps) if self._steps else None

    def seconds(self, done: int) -> float | None:
        """Seconds from the end of step ``done`` to the end of the training; None until a step has been timed."""
        if self.step_seconds is None:
            return None
        ends = range(self._ended + 1, self.max_epochs + 1)
        return (self.steps_per_epoch * self.max_epochs - done) * self.step_seconds + sum(map(self._end_seconds, ends))

    def _end_seconds(self, completed: int) -> float:
        kind = self.kind_of_end(completed)
        if kind in self._ends:
            return fmean(self._ends[kind])
        return EXPECTED_PASS * self.steps_per_epoch * (self.step_seconds or 0.) if kind else 0.
