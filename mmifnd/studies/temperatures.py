"""Each method of a study at several temperatures, on the splits that choose."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from mmifnd.checks import check_divisor
from mmifnd.errors import UserError
from mmifnd.text import in_markdown

from .plan import TEMPERATURE, Method, Study

#: The most decimals of a mean in a table.
_MOST_DECIMALS = 6


def check_temperatures(temperatures: Sequence[float]) -> None:
    """Refuse what is no list of positive numbers, and two that would share the name of their runs.

    Raises:
        UserError: naming the temperatures.
    """
    if isinstance(temperatures, (str, int, float)) or not len(temperatures) or not all(map(_is_temperature, temperatures)):
        raise UserError(f'temperatures={temperatures!r} must be one or more positive numbers, such as (0.1, 0.2, 0.5)')
    for temperature in temperatures:
        check_divisor('temperature', temperature, remedy='0.1, 0.2 and 0.5 are usual')
    name, count = Counter(f'{temperature:g}' for temperature in temperatures).most_common(1)[0]
    if count > 1:
        raise UserError(f'temperatures={temperatures!r} has {count} that are called {name}; give numbers that differ in their '
                        'first six digits')


def at_temperatures(study: Study, temperatures: Sequence[float]) -> Study:
    """Every method at every temperature, on the splits that choose; names read ``method@temperature``.

    Raises:
        UserError: if a temperature is no positive number, or two have the same name.
    """
    check_temperatures(temperatures)
    methods = {}
    for method in study.methods.values():
        for temperature in temperatures:
            name = f'{method.name}@{temperature:g}'
            options = {**method.options, **study.selection, TEMPERATURE: temperature}
            rate_from = method.rate_from and f'{method.rate_from}@{temperature:g}'
            methods[name] = Method(name, f'{method.label}, temperature {temperature:g}', method.config, options, rate_from)
    return replace(study, methods=methods, comparisons=[], gaps=[], figure_run=next(iter(methods)))


def best_temperatures(results: dict, study: Study, temperatures: Sequence[float], measure: str) -> dict[str, float]:
    """The best temperature of each method by the mean of ``measure`` over seeds; the first of several equal ones.

    A temperature of which not every run measured it is not chosen.

    Raises:
        UserError: if that holds for all temperatures of a method.
    """
    best = {}
    for name, method in study.methods.items():
        means = _means(results, name, temperatures, measure)
        if not any(mean is not None for mean in means):
            raise UserError(f'{method.label} has no {measure} to choose a temperature by; choose another measure')
        best[name] = temperatures[means.index(_best(results, means, measure))]
    return best


def temperature_table(results: dict, study: Study, temperatures: Sequence[float], measure: str) -> str:
    """Markdown with one row per method and one column per temperature; the best are in bold.

    Args:
        results: of the study that :func:`at_temperatures` made.
        study: the one that it was made of.
        temperatures: those that were tried.
        measure: the one that chooses.
    """
    lines = [f'`{results["command"]}`', '', f'{results["measures"][measure]["label"]} on the validation split, mean over seeds '
             f'{sorted({run["seed"] for run in results["runs"]})} (not among the reported ones).', '',
             '| method | ' + ' | '.join(f'{t:g}' for t in temperatures) + ' |', '|---' * (len(temperatures) + 1) + '|']
    rows = {method.label: _means(results, method.name, temperatures, measure) for method in study.methods.values()}
    decimals = _decimals([mean for means in rows.values() for mean in means if mean is not None])
    for label, means in rows.items():
        best = _best(results, means, measure)
        cells = ['-' if mean is None else f'**{mean:.{decimals}f}**' if mean == best else f'{mean:.{decimals}f}'
                 for mean in means]
        lines.append(f'| {in_markdown(label)} | ' + ' | '.join(cells) + ' |')
    if any(mean is None for means in rows.values() for mean in means):
        lines += ['', '-: not measured by every run, and not chosen.']
    return '\n'.join(lines) + '\n'


def _is_temperature(value: float) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < math.inf


def _means(results: dict, method: str, temperatures: Sequence[float], measure: str) -> list[float | None]:
    """The mean at each temperature; None where a run did not measure it, as where the training diverged."""
    means: list[float | None] = []
    for temperature in temperatures:
        name = f'{method}@{temperature:g}'
        summary = results['summary'][name].get(measure)
        is_whole = summary is not None and summary['n'] == sum(run['method'] == name for run in results['runs'])
        means.append(summary['mean'] if is_whole else None)
    return means


def _best(results: dict, means: Sequence[float | None], measure: str) -> float | None:
    is_better = max if results['measures'][measure].get('higher_is_better', True) else min
    return is_better((mean for mean in means if mean is not None), default=None)


def _decimals(means: Sequence[float]) -> int:
    """The number of decimals, 1 to 6, that shows two digits of the smallest mean that is not 0."""
    smallest = min((abs(mean) for mean in means if mean), default=1.)
    return min(max(1 - math.floor(math.log10(smallest)), 1), _MOST_DECIMALS)
