"""Methods compared by one measure: every seed a dot, with mean and spread."""

import math
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .style import FAINT, SeriesStyle, figure_style, panel

READING = 'Each small dot is one seed; the large mark is their mean and the bar one standard deviation to either side.'


def measure_title(measure: dict) -> str:
    """Label and unit of a measure: ``1-shot accuracy (%)``."""
    return measure['label'] + (f' ({measure["unit"]})' if measure.get('unit') else '')


def caption(results: dict, measure: str) -> str:
    """Which side is better, and how many seeds there are."""
    counts = {len(measured(results, method, measure)) for method in results['methods']} - {0}
    seeds = ' to '.join(map(str, sorted({min(counts), max(counts)})))
    direction = {True: 'Higher is better; ', False: 'Lower is better; '}.get(
        results['measures'][measure].get('higher_is_better'), '')
    return f'{direction}{seeds} {"seed" if seeds == "1" else "seeds"} a method.'


def measured(results: dict, method: str, measure: str) -> np.ndarray:
    """The finite values of ``measure`` over the runs of ``method``, by seed."""
    runs = sorted((run for run in results['runs'] if run['method'] == method), key=lambda run: run['seed'])
    values = [run['measures'].get(measure) for run in runs]
    return np.array([value for value in values if value is not None and math.isfinite(value)], dtype=float)


def decimals(results: dict, measure: str) -> int:
    """Decimals of a measure: 1 of per cents; of others as many as show two digits of the usual spread over seeds, 1 to 4."""
    if results['measures'][measure].get('unit') == '%':
        return 1
    spreads = [values.std(ddof=1) for values in (measured(results, method, measure) for method in results['methods'])
               if len(values) > 1]
    typical = np.median(spreads) if spreads else 0.
    return int(np.clip(1 - math.floor(math.log10(typical)), 1, 4)) if typical > 0 else 2


@figure_style()
def measure_figure(results: dict, measure: str, styles: dict[str, SeriesStyle]) -> Figure:
    """Draw one measure of a study, a row per method in the study's order.

    Args:
        results (dict): a study's results, with ``methods``, ``measures`` and ``runs``.
        measure (str): key of the measure.
        styles (dict[str, SeriesStyle]): colour and marker of every method.

    Raises:
        ValueError: if no run has this measure.
    """
    rows = {method: measured(results, method, measure) for method in results['methods']}
    rows = {method: values for method, values in rows.items() if len(values)}
    if not rows:
        raise ValueError(f'no run has the measure {measure!r}; nothing to draw')
    title = measure_title(results['measures'][measure])
    # A row is as high as two and a half lines of text: dots above, figures below the line.
    figure = panel(title, 2.5 * len(rows) - 9)
    axes = figure.add_subplot()
    digits = decimals(results, measure)
    for position, (method, values) in enumerate(rows.items()):
        draw_row(axes, position, values, styles[method], digits)
    axes.set_yticks(range(len(rows)), [fill(results['methods'][method]['label'], 20) for method in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params(axis='y', length=0)
    axes.spines['left'].set_visible(False)
    axes.margins(x=0.12)
    axes.grid(axis='x', linewidth=0.8)
    return figure


def draw_row(axes: Axes, position: int, values: np.ndarray, style: SeriesStyle, digits: int) -> None:
    """Seeds above the line of the row, mean and standard deviation on it, the mean in figures beside it."""
    mean = values.mean()
    axes.plot(values, np.full(len(values), position - 0.24), 'o', color=FAINT.neutral, markersize=3.2, alpha=0.8)
    if len(values) > 1:
        spread = values.std(ddof=1)
        axes.plot([mean - spread, mean + spread], [position, position], color=style.color, linewidth=2.2)
    axes.plot([mean], [position], style.marker, color=style.color, markersize=8)
    axes.annotate(f'{mean:.{digits}f}', (mean, position), xytext=(0, -7), textcoords='offset points', ha='center',
                  va='top')


def describe(results: dict, measure: str) -> str:
    """The figure in words: the mean of every method."""
    rows = {method: measured(results, method, measure) for method in results['methods']}
    parts = [f'{results["methods"][method]["label"]} {values.mean():.4g} over {len(values)} seeds'
             for method, values in rows.items() if len(values)]
    return f'Dot chart. {measure_title(results["measures"][measure])}: {"; ".join(parts)}.'
