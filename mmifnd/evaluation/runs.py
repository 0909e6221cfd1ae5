"""What runs of several methods and seeds measured: values by seed, means and spreads, and differences of paired runs."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from .significance import paired_t_test
from .summary import summarise


def is_measured(value: float | None) -> bool:
    """Whether a run measured a value. None, NaN and infinity count as not measured.

    Example:
        >>> is_measured(71.5), is_measured(None), is_measured(float('nan'))
        (True, False, False)
    """
    return value is not None and math.isfinite(value)


def values_of(runs: Iterable[Mapping[str, Any]], method: str, measure: str) -> dict[int, float]:
    """The value of each seed that was measured.

    Args:
        runs: with ``method``, ``seed`` and ``measures`` (by name).
        method: the one whose runs are taken.
        measure: its name.
    """
    values = {run['seed']: run['measures'].get(measure) for run in runs if run['method'] == method}
    return {seed: value for seed, value in values.items() if is_measured(value)}


def summarise_runs(runs: Iterable[Mapping[str, Any]], method: str, measure: str) -> dict[str, Any] | None:
    """The ``mean``, ``std`` (sample standard deviation; None of one value) and ``n`` of a measure over the seeds of a method.

    None if no run measured it.
    """
    values = list(values_of(runs, method, measure).values())
    if not values:
        return None
    summary = summarise(values)
    return dict(mean=summary.mean, std=summary.standard_deviation, n=len(values))


def compare_runs(runs: Iterable[Mapping[str, Any]], a: str, b: str, measure: str) -> dict[str, Any] | None:
    """A :func:`paired_t_test` of method ``a`` > method ``b`` over the seeds in which both measured it; None without one."""
    runs = list(runs)
    of_a, of_b = values_of(runs, a, measure), values_of(runs, b, measure)
    both = [seed for seed in of_a if seed in of_b]
    if not both:
        return None
    return dict(a=a, b=b, measure=measure, **paired_t_test([of_a[seed] for seed in both], [of_b[seed] for seed in both]))
