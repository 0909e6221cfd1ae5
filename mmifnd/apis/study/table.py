"""The table of a study for a terminal."""

from typing import Any

from rich.console import Console
from rich.table import Table


def print_table(results: dict[str, Any], console: Console | None = None) -> None:
    """Mean and spread over seeds, a row a method; below it the paired differences."""
    console = console or Console()
    table = Table(title=f'{results["title"]} ({_seeds(results)} seeds; mean ± standard deviation)')
    table.add_column('method')
    table.add_column('temperature', justify='right')
    for measure in results['measures'].values():
        table.add_column(f'{measure["label"]} [{measure["unit"]}]', justify='right')
    for name, method in results['methods'].items():
        row = results['summary'][name]
        table.add_row(method['label'], f'{method["temperature"]:g}',
                      *(_cell(row.get(measure)) for measure in results['measures']))
    console.print(table)
    for comparison in results['comparisons']:
        console.print(_sentence(results, comparison))


def _seeds(results: dict) -> int:
    return len({run['seed'] for run in results['runs']})


def _cell(summary: dict | None) -> str:
    if summary is None:
        return '-'
    return f'{summary["mean"]:.1f}' + (f' ± {summary["std"]:.1f}' if summary['std'] is not None else '')


def _sentence(results: dict, comparison: dict) -> str:
    a, b = (results['methods'][comparison[side]]['label'] for side in 'ab')
    measure = results['measures'][comparison['measure']]
    p = comparison['p_one_sided']
    return (f'{a} - {b}, {measure["label"]}: {comparison["mean_difference"]:+.2f} {measure["unit"]} over '
            f'{comparison["n"]} paired seeds' + (f', one-sided p = {p:.4g}' if p is not None else ''))
