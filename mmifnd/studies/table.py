"""The table of a study, for a terminal and for a page."""

from collections.abc import Iterable
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mmifnd.evaluation import mean_and_spread
from mmifnd.text import in_markdown, shown

from .gaps import gap_sentences

#: Columns that the table of a small study needs; a narrower terminal wraps lines rather than losing digits.
_WIDTH = 106


def print_table(results: dict[str, Any], console: Console | None = None) -> None:
    """Mean and spread over seeds, one row per method; below it the paired differences."""
    console = console or Console(width=max(_WIDTH, Console().width))
    seeds = _counted(_seeds(results), 'seed')
    table = Table(title=Text(f'{shown(results["title"])}\n{seeds}, mean±standard deviation, in {_units(results)}'),
                  box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column('method', no_wrap=True)
    table.add_column('τ', justify='right', no_wrap=True)
    for measure in _shown(results).values():
        table.add_column(Text(shown(measure['label'])), justify='right', no_wrap=True)
    for row in _rows(results, '±'):
        table.add_row(*(Text(shown(cell)) for cell in row))
    console.print(table)
    for comparison in results['comparisons']:
        console.print(shown(_sentence(results, comparison), 1000), markup=False, highlight=False)
    for line in _gap_lines(results):
        console.print(shown(line, 1000), markup=False, highlight=False)
    for line in results.get('left_out', ()):
        console.print(shown(line, 1000), markup=False, highlight=False, soft_wrap=True)


def as_markdown(results: dict[str, Any]) -> str:
    """The command, the same table and the same sentences, to be pasted into a page."""
    header = ['method', 'temperature', *(measure['label'] for measure in _shown(results).values())]
    lines = [f'`{results["command"]}`', '', f'{_counted(_seeds(results), "seed")}, mean ± standard deviation, in '
             f'{_units(results)}.', '', *map(markdown_row, [header, ['---'] * len(header), *_rows(results, ' ± ')]), '']
    sentences = [f'- {in_markdown(_sentence(results, comparison))}' for comparison in results['comparisons']]
    sentences += [f'- {in_markdown(line)}' for line in (*_gap_lines(results), *results.get('left_out', ()))]
    return '\n'.join([*lines, *sentences]) + '\n'


def markdown_row(cells: Iterable[str]) -> str:
    """One row of a table in Markdown; the cells are plain text."""
    return f'| {" | ".join(map(in_markdown, cells))} |'


def _shown(results: dict) -> dict[str, dict]:
    return {name: measure for name, measure in results['measures'].items() if measure.get('in_table', True)}


def _units(results: dict) -> str:
    """The unit of all; of single columns after it if they have another."""
    units: dict[str, list[str]] = {}
    for measure in _shown(results).values():
        units.setdefault(measure['unit'], []).append(measure['label'])
    (usual, _), *others = units.items()
    return ', '.join([usual, *(f'{" and ".join(labels)} in units of {unit}' for unit, labels in others)])


def _rows(results: dict, between: str) -> list[list[str]]:
    shown, rows = _shown(results), []
    for name, method in results['methods'].items():
        summary = results['summary'][name]
        cells = [_cell(summary.get(key), between, 1 if measure['unit'] == '%' else 3) for key, measure in shown.items()]
        rows.append([method['label'], f'{method["temperature"]:g}', *cells])
    return rows


def _seeds(results: dict) -> int:
    return len({run['seed'] for run in results['runs']})


def _counted(count: int, what: str) -> str:
    return f'{count} {what}{"" if count == 1 else "s"}'


def _cell(summary: dict | None, between: str, digits: int) -> str:
    if summary is None:
        return '-'
    return mean_and_spread(summary['mean'], summary['std'], digits, between)


def _sentence(results: dict, comparison: dict) -> str:
    a, b = (results['methods'][comparison[side]]['label'] for side in 'ab')
    measure = results['measures'][comparison['measure']]
    p = comparison['p_one_sided']
    return (f'{a} - {b}, {measure["label"]}: {comparison["mean_difference"]:+.2f} {measure["unit"]} over '
            f'{_counted(comparison["n"], "paired seed")}' + (f', one-sided p = {p:.4g}' if p is not None else ''))


def _gap_lines(results: dict) -> list[str]:
    """What there is to say about gaps between cells, each with its methods and measure in front."""
    lines = []
    for gap in results.get('gaps', ()):
        name = f'{gap["a"]} - {gap["b"]}, {results["measures"][gap["measure"]]["label"]}'
        lines += [f'{name}, {line}' for line in gap_sentences(gap, results['cells'])]
    return lines
