"""The mean and spread of a repeated measurement."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np


class Summary(NamedTuple):
    """A repeated measurement.

    Attributes:
        mean (float): mean over the repetitions.
        standard_deviation (float, optional): sample standard deviation (ddof=1); None for one repetition.
        values (tuple[float, ...]): the single results, in order, e.g. for a paired test.
    """

    mean: float
    standard_deviation: float | None
    values: tuple[float, ...]


def summarise(values: Iterable[float]) -> Summary:
    """Summarise at least one value.

    Raises:
        ValueError: if ``values`` is empty.

    Example:
        >>> summarise([70., 72.]).mean, round(summarise([70., 72.]).standard_deviation, 4)
        (71.0, 1.4142)
    """
    values = tuple(float(value) for value in values)
    if not values:
        raise ValueError('there is nothing to summarise: got no value, expected at least one')
    return Summary(float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None, values)
