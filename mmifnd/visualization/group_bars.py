"""Accuracy of probes on coarser and finer groups of the classes, as bars (IFND, Table 5 and Fig. 1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmifnd.evaluation import mean_and_spread, summarise

from .page import table
from .style import FONT_SIZE, INK, PANEL_WIDTH, SeriesStyle, figure_style, new_figure, series_styles

KEYS = ('top1', 'balanced', 'majority', 'groups')
TITLES = dict(top1='Top-1 accuracy (%)', balanced='Balanced accuracy (%)')
BASELINE = 'always the largest group'
READINGS = dict(
    top1='One set of features, a linear probe for each grouping of the classes. The line across the bars is what naming the '
         'largest group of the training images reaches: a top-1 near it says little, however high it is.',
    balanced='The mean over the groups of their recall, to which small groups count as much as large ones.')
BARS = 0.8  # of the place of a grouping
OPACITY = 0.45  # of a bar: the baseline, and the bar's own mark, are to be seen on it


@dataclass(frozen=True)
class Grouping:
    """What runs reached on one grouping of the classes.

    Attributes:
        name (str): such as 'depth3'.
        num_groups (int): in the training images.
        majority (float): top-1 of whoever always names the largest of them, per cent.
        top1 (dict[str, ndarray]): per cent, by run or method, of its seeds, (S,); ``balanced`` likewise.
    """

    name: str
    num_groups: int
    majority: float
    top1: dict[str, np.ndarray]
    balanced: dict[str, np.ndarray]

    def baseline(self, key: str) -> float:
        """``key`` ('top1' or 'balanced') of whoever always names the largest group."""
        return self.majority if key == 'top1' else 100 / self.num_groups


def groupings_of(runs: Mapping[str, Sequence[Mapping[str, float]]],
                 places: Mapping[str, Sequence[str]] | None = None) -> list[Grouping]:
    """The groupings that probes were measured on, those of few groups first; [] if there are none.

    Args:
        runs (Mapping[str, Sequence[Mapping[str, float]]]): measures of each seed of each run or method, among them
            ``NAME_top1``, ``NAME_balanced``, ``NAME_majority`` and ``NAME_groups``.
        places (Mapping[str, Sequence[str]] | None): how messages name each of them, such as its file; default: the run.

    Raises:
        ValueError: if a grouping has another number of groups, or another majority, in another run, or an accuracy that is no
            per cent.
    """
    names = dict.fromkeys(key.removesuffix('_groups') for seeds in runs.values() for measures in seeds for key in measures
                          if key.endswith('_groups'))
    places = places or {run: [run] * len(seeds) for run, seeds in runs.items()}
    groupings = []
    for name in names:
        rows = [_Row(run, place, np.array([measures[f'{name}_{key}'] for key in KEYS], dtype=float))
                for run, seeds in runs.items() for measures, place in zip(seeds, places[run], strict=True)
                if all(f'{name}_{key}' in measures for key in KEYS)]
        if rows:
            groupings.append(_grouping(name, rows))
    return sorted(groupings, key=lambda grouping: grouping.num_groups)


class _Row(NamedTuple):
    """The values of one seed, in the order of :data:`KEYS`."""

    run: str
    place: str
    values: np.ndarray


def _grouping(name: str, rows: list[_Row]) -> Grouping:
    first = rows[0]
    for row in rows:
        wrong = [value for value in row.values[:3] if value < 0 or value > 100 + 1e-6]
        if wrong:
            raise ValueError(f'{name} has an accuracy of {wrong[0]:g} % in {row.place}, expected 0 to 100; measure it again')
        if (np.abs(row.values[2:] - first.values[2:]) > 1e-6).any():
            said = ' and '.join(f'{groups:g} groups and a majority of {majority:.2f} % in {place}'
                                for place, (*_, majority, groups) in ((first.place, first.values), (row.place, row.values)))
            raise ValueError(f'{name} has {said}; compare those that were judged on the same images')
    seeds = {run: np.array([row.values for row in rows if row.run == run]) for run in dict.fromkeys(row.run for row in rows)}
    return Grouping(name, int(first.values[3]), float(first.values[2]), {run: values[:, 0] for run, values in seeds.items()},
                    {run: values[:, 1] for run, values in seeds.items()})


@figure_style()
def grouping_figure(groupings: Sequence[Grouping], keys: Sequence[str] = tuple(TITLES)) -> Figure:
    """A panel for each of ``keys`` ('top1', 'balanced'): for each grouping a bar a run, with the spread over its seeds.

    Raises:
        ValueError: if there is no grouping.
    """
    if not groupings:
        raise ValueError('no run has NAME_top1, NAME_balanced, NAME_majority and NAME_groups of a grouping; nothing to draw')
    runs = list(dict.fromkeys(run for grouping in groupings for run in grouping.top1))
    styles = series_styles(runs)
    width = max(PANEL_WIDTH, 0.9 * len(groupings) + 0.6)
    figure = new_figure(len(keys) * width, 2.9 + 0.2 * -(-(len(runs) + 1) // 3))
    for axes, key in zip(figure.subplots(1, len(keys), squeeze=False)[0], keys):
        handles = draw_bars(axes, groupings, key, styles)
    figure.legend(list(handles.values()), list(handles), loc='outside lower left', ncols=3)
    return figure


def draw_bars(axes: Axes, groupings: Sequence[Grouping], key: str, styles: dict[str, SeriesStyle]) -> dict[str, object]:
    """Bars of ``key`` ('top1' or 'balanced'), a marker on each mean, and the baseline across those of a grouping.

    Returns:
        dict[str, object]: what stands for each run, and for the baseline, in a legend.
    """
    width, handles = BARS / len(styles), {}
    for order, (run, style) in enumerate(styles.items()):
        values = [getattr(grouping, key).get(run, np.array([np.nan])) for grouping in groupings]
        middle = np.arange(len(groupings)) - BARS / 2 + (order + .5) * width
        means = np.array([seeds.mean() for seeds in values])
        spreads = [seeds.std(ddof=1) if len(seeds) > 1 else 0. for seeds in values]
        is_measured = np.isfinite(means)
        bars = axes.bar(middle[is_measured], means[is_measured], .88 * width, color=style.color, alpha=OPACITY, linewidth=0)
        marks = axes.errorbar(middle, means, spreads if any(spreads) else None, fmt=style.marker, color=style.color,
                              markersize=5.5, elinewidth=1.4, ecolor=INK.neutral, markeredgewidth=0, clip_on=False)
        handles[run] = bars, marks.lines[0]
    for position, grouping in enumerate(groupings):
        handles[BASELINE], = axes.plot([position - .47, position + .47], [grouping.baseline(key)] * 2, color=INK.neutral,
                                       linewidth=1.8, linestyle=(0, (3, 1.5)), zorder=3)
    axes.set_xticks(range(len(groupings)), [f'{grouping.name}\n{grouping.num_groups} groups' for grouping in groupings],
                    fontsize=FONT_SIZE - .5)
    axes.set_title(TITLES[key])
    axes.set(ylim=(0, 102), xlim=(-.6, len(groupings) - .4))
    axes.tick_params(axis='x', length=0)
    axes.grid(axis='y', linewidth=.8)
    return handles


def grouping_table(groupings: Sequence[Grouping]) -> str:
    """The figures in numbers: a row for each grouping and run."""
    rows = [[grouping.name, run, str(grouping.num_groups), _cell(values), _cell(grouping.balanced[run]),
             f'{grouping.majority:.1f}'] for grouping in groupings for run, values in grouping.top1.items()]
    headers = ['Grouping', 'Run or method', 'Groups', 'Top\N{NON-BREAKING HYPHEN}1 (%)', 'Balanced (%)', 'Largest group (%)']
    return table(headers, rows, 'Mean over seeds, ± sample standard deviation if there are several.', text_columns=2)


def _cell(values: np.ndarray) -> str:
    summary = summarise(values)
    return mean_and_spread(summary.mean, summary.standard_deviation, digits=1)


def describe(groupings: Sequence[Grouping], key: str) -> str:
    """The panel of ``key`` in words."""
    parts = [f'{grouping.name} ({grouping.num_groups} groups): ' + ', '.join(
        f'{run} {values.mean():.1f}' for run, values in getattr(grouping, key).items()) for grouping in groupings]
    return f'Bar chart. {TITLES[key]}: {"; ".join(parts)}.'
