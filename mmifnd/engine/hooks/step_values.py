"""Values that a step logs, for one head or several, and their means over steps and ranks."""

from collections.abc import Collection, Iterable

import torch
from torch import Tensor

from mmifnd.distributed import all_reduce


def named_values(outputs: dict | None, name: str) -> dict[str, Tensor]:
    """The step's value ``name``, or those of several heads, which are called ``DIRECTION/NAME``; without a graph."""
    return {key: value.detach() for key, value in (outputs or {}).items() if key == name or key.endswith(f'/{name}')}


class MeanOfSteps:
    """A value of each step, kept on its device until somebody asks for the mean."""

    def __init__(self) -> None:
        self._values: list[Tensor] = []

    def __bool__(self) -> bool:
        return bool(self._values)

    def add(self, values: Collection[Tensor]) -> None:
        """Add a step: its value, or the mean of the values of several heads; nothing if there is none."""
        if values:
            self._values.append(torch.stack(list(values)).mean() if len(values) > 1 else next(iter(values)))

    def state(self) -> list[Tensor]:
        """The values since the last :meth:`take`, on the host."""
        return [value.cpu() for value in self._values]

    def load(self, values: Iterable[Tensor], device: torch.device) -> None:
        """Continue with a :meth:`state`."""
        self._values = [value.to(device) for value in values]

    def take(self) -> float | None:
        """The mean over steps and ranks, and start anew; None if there was no step. Every rank must call it."""
        if not self._values:
            return None
        mean = torch.stack(self._values).float().mean()
        self._values.clear()
        return all_reduce(mean, 'mean').item()
