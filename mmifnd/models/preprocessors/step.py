"""What a batched augmentation step is: random numbers of each image, and tensor code that uses them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

Range = float | Sequence[float]


@dataclass(frozen=True)
class Draws:
    """The random numbers of one step in one view.

    Attributes:
        counters (tuple[int, ...]): (seed, epoch, view, position of the step).
        index (Tensor): int64 (B,), the stable index of each image, on the device of the images.
        host_index (Tensor): the same on the CPU.
        uniform (Tensor): float32 (B, D) in [0, 1), the columns in the order of the step's ``calls``.
    """

    counters: tuple[int, ...]
    index: Tensor
    host_index: Tensor
    uniform: Tensor

    def between(self, column: int, limits: tuple[float, float]) -> Tensor:
        """Uniform numbers in ``limits``, float32 (B,), from one column."""
        low, high = limits
        return low + self.uniform[:, column] * (high - low)

    def rows(self, chosen: Tensor) -> 'Draws':
        """The draws of some images, given by their positions in the batch."""
        return replace(self, index=self.index[chosen], host_index=self.host_index[chosen], uniform=self.uniform[chosen])


class Step(ABC):
    """A transform of a batch of images, float32 (B, C, H, W) in [0, 1], with draws of its own for each image.

    A subclass names the draws that it needs and implements :meth:`transform`. Draws are numbered as kornia numbers its calls
    of the generator: first whether the step is applied (only if 0 < ``p`` < 1), then its parameters.

    Args:
        p (float): the share of images that are transformed; the others stay as they are.

    Raises:
        ValueError: if ``p`` is outside [0, 1].

    Attributes:
        calls (tuple[int, ...]): how many uniform numbers each call draws for an image.
    """

    def __init__(self, p: float, calls: Sequence[int] = ()) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f'p={p} of {type(self).__name__} is outside [0, 1]; it is a probability')
        self.p = p
        self.calls = (*((1,) if 0 < p < 1 else ()), *calls)

    def __call__(self, images: Tensor, draws: Draws) -> Tensor:
        """Transform the images that the draws choose."""
        if self.p == 0:
            return images
        if self.p == 1:
            return self.transform(images, draws)
        chosen = draws.uniform[:, 0] < self.p
        draws = replace(draws, uniform=draws.uniform[:, 1:])
        if images.device.type != 'cpu':  # which rows are chosen is not known to the host
            return torch.where(per_image(chosen), self.transform(images, draws), images)
        rows = chosen.nonzero().squeeze(1)
        if not len(rows):
            return images
        return images.index_copy(0, rows, self.transform(images[rows], draws.rows(rows)))

    @abstractmethod
    def transform(self, images: Tensor, draws: Draws) -> Tensor:
        """Transform all images; ``draws.uniform`` holds the parameters only."""


def per_image(values: Tensor) -> Tensor:
    """Values (B,) in a shape that broadcasts against images (B, C, H, W)."""
    return values.view(-1, 1, 1, 1)


def limits_of(value: Range, name: str, center: float = 0., low: float = 0., high: float = float('inf')) -> tuple[float, float]:
    """The range of a parameter: a pair as it is; ``center`` plus and minus a number, not below ``low``.

    Raises:
        ValueError: if it is no range, or leaves [``low``, ``high``].
    """
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f'{name}={value} must not be negative: the range is {center:g} plus and minus that number')
        limits = (max(center - value, low), center + value)
    else:
        limits = tuple(value)
    if len(limits) != 2 or not low <= limits[0] <= limits[1] <= high or limits[1] == float('inf'):
        raise ValueError(f'{name}={value} is no range within [{low:g}, {high:g}]; give (least, largest)')
    return limits[0], limits[1]
