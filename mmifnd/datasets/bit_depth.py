"""The conversion of values of more than 8 bits into bytes."""

from typing import NamedTuple

import numpy as np

from .file_bytes import BrokenImageError

DEPTHS = ('full', 'data')
_BYTE = 255


class Range(NamedTuple):
    """Values of an image of more than 8 bits: the least, the largest, and the limits of its type."""

    low: float
    high: float
    floor: float
    top: float

    @property
    def share(self) -> float:
        """Share of the type's range that the image uses."""
        return (self.high - self.low) / (self.top - self.floor)


def type_limits(values: np.ndarray) -> tuple[float, float]:
    """The least and the largest value of an array's type; of floats 0 and 1."""
    if values.dtype.kind == 'f':
        return 0., 1.
    return 0., float(np.iinfo(values.dtype).max)


def to_bytes(values: np.ndarray, limits: tuple[float, float], depth: str,
              data_range: tuple[float, float] | None) -> tuple[np.ndarray, Range]:
    """uint8 of values of any type, and their range; an alpha channel keeps the range of its type."""
    colours = values[..., :3] if values.ndim == 3 else values
    finite = colours[np.isfinite(colours)] if values.dtype.kind == 'f' else colours
    if not finite.size:
        raise BrokenImageError('the image has no finite value')
    used = Range(float(finite.min()), float(finite.max()), *limits)
    low, high = limits if depth == 'full' else data_range or used[:2]
    if depth == 'full' and values.dtype.kind == 'f' and not (low <= used.low and used.high <= high):
        raise BrokenImageError(f'the image has float values from {used.low:g} to {used.high:g}, and depth="full" takes 0 to 1; '
                               'set depth="data" of LoadImageFromFile')
    scaled = _scaled(colours, low, high)
    if values.ndim == 3 and values.shape[2] == 4:
        scaled = np.concatenate([scaled, _scaled(values[..., 3:], *limits)], axis=2)
    return scaled, used


def _scaled(values: np.ndarray, low: float, high: float) -> np.ndarray:
    values = np.nan_to_num(values.astype(np.float64), nan=low, posinf=high, neginf=low)
    return np.clip(np.rint((values - low) * (_BYTE / max(high - low, 1e-12))), 0, _BYTE).astype(np.uint8)
