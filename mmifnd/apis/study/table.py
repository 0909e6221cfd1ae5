"""The table of a study for a terminal."""

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table


#: Columns that the table of a small study needs; a narrower terminal wraps lines rather than losing digits.
_WIDTH = 106


def print_table(results: dict[str, Any], console: Console | None = None) -> None:
    """Mean and spread over seeds, a row a method; below it the paired differences."""
    console = console or Console(width=max(_WIDTH, Console().width))
    units = ', '.join(sorted({measure['unit'] for measure in results['measures'].values()}))
    table = Table(title=f'{results["title"]}\n{_counted(_seeds(results), "seed")}, mean±standard deviation, in {units}',
                  box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column('method', no_wrap=True)
    table.add_column('τ', justify='right', no_wrap=True)
    shown = {name: measure for name, measure in results['measures'].items() if measure.get('in_table', True)}
    for measure in shown.values():
        table.add_column(measure['label'], justify='right', no_wrap=True)
    for name, method in results['methods'].items():
        row = results['summary'][name]
        table.add_row(method['label'], f'{method["temperature"]:g}', *(_cell(row.get(measure)) for measure in shown))
    console.print(table)
    for comparison in results['comparisons']:
        console.print(_sentence(results, comparison))


def _seeds(results: dict) -> int:
    return len({run['seed'] for run in results['runs']})


def _counted(count: int, what: str) -> str:
    return f'{count} {what}{"" if count == 1 else "s"}'


def _cell(summary: dict | None) -> str:
    if summary is None:
        return '-'
    return f'{summary["mean"]:.1f}' + (f'±{summary["std"]:.1f}' if summary['std'] is not None else '')


def _sentence(results: dict, comparison: dict) -> str:
    a, b = (results['methods'][comparison[side]]['label'] for side in 'ab')
    measure = results['measures'][comparison['measure']]
    p = comparison['p_one_sided']
    return (f'{a} - {b}, {measure["label"]}: {comparison["mean_difference"]:+.2f} {measure["unit"]} over '
            f'{_counted(comparison["n"], "paired seed")}' + (f', one-sided p = {p:.4g}' if p is not None else ''))
