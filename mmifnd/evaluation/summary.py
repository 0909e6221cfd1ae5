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


def mean_and_spread(mean: float, spread: float | None, digits: int, between: str = ' ± ') -> str:
    """Write a mean with its spread; without the spread if there is none.

    Args:
        mean (float): the mean.
        spread (float, optional): such as the sample standard deviation.
        digits (int): decimal places of both.
        between (str): what stands between them.

    Returns:
        str: for a page, a table or a terminal.

    Example:
        >>> mean_and_spread(79.1, 0.4213, digits=2), mean_and_spread(79.1, None, digits=1)
        ('79.10 ± 0.42', '79.1')
    """
    return f'{mean:.{digits}f}' + ('' if spread is None else f'{between}{spread:.{digits}f}')
