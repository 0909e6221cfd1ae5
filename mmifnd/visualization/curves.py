"""Quantities of a run over its epochs: one run, or several methods overlaid as mean and spread over seeds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmifnd.records.run_record import RunRecord
from mmifnd.records.snapshot import nearest_granularity

from .style import SeriesStyle, figure_style, panel, series_styles

BAND_OPACITY = 0.22
LEGEND_CHARACTERS = 40
DASHES = ((0, (5, 2)), (0, (1.2, 1.6)), (0, (5, 2, 1.2, 2)))


@dataclass(frozen=True)
class Quantity:
    """Something measured over epochs.

    Attributes:
        key (str): its name in the record.
        title (str): title with the unit.
        reading (str): one plain sentence on how to read the figure.
        source (str): 'granularity' (per number of clusters), 'scalars' (per step), or what the record calls its entries
            of epochs: 'history' (per clustering), 'detection', 'health' or 'online'.
        factor (float): from the record's unit to the figure's.
        limits (tuple): lower and upper end of the axis; None = from the data.
        unless_zero (str | None): key without which, or where that is 0, the quantity means nothing and is left out.
    """

    key: str
    title: str
    reading: str
    source: str = 'granularity'
    factor: float = 1.
    limits: tuple[float | None, float | None] = (None, None)
    unless_zero: str | None = None


QUANTITIES = {quantity.key: quantity for quantity in (
    Quantity('accepted_share', 'Accepted pseudo labels (% of images)',
             'Only images whose pseudo label is accepted can be detected as false negatives of each other.',
             factor=100., limits=(0., 102.)),
    Quantity('nmi', 'Agreement with the classes (NMI, %)',
             'Normalised mutual information: 100 means that the clusters are the true classes, 0 that they tell '
             'nothing about them.'),
    Quantity('mtpr', 'MTPR: same-class pairs found (%)',
             'Of the images that share the anchor\'s class, the share that is detected; higher is better.',
             limits=(0., None)),
    Quantity('mtnr', 'MTNR: other-class pairs kept (%)',
             'Of the images of other classes, the share that rightly stays a negative; higher is better.'),
    Quantity('false_negative_share', 'Negatives masked per anchor (%)',
             'How much of the denominator the detected false negatives took away since the clustering before.',
             source='history', factor=100., limits=(0., None)),
    Quantity('changed_share', 'Images that changed cluster (%)',
             'Against the clustering before, whose clusters are matched one to one; a share that stays high means that the '
             'pseudo labels never settle.', factor=100., limits=(0., None)),
    Quantity('loss', 'Training loss',
             'Mean over the logged steps of an epoch; losses of different methods are not on one scale, so compare '
             'shapes, not heights.', source='scalars'),
    Quantity('prototype_term', 'Prototype term of the loss (PCL)',
             'What comparing each image with the centroids of its clusters adds to the loss.', source='scalars'),
    Quantity('mixup', 'Loss of the mixed images (SANE)',
             'The contrastive loss of queries that are mixed of two images; it is a part of the training loss.',
             source='scalars'),
)}


@dataclass(frozen=True)
class Group:
    """Runs that belong together, the seeds of one method, and how they are drawn."""

    label: str
    records: list[RunRecord]
    style: SeriesStyle


@dataclass(frozen=True)
class Curve:
    """Mean and sample standard deviation (0 for one run) of a quantity over epochs; three arrays of one length."""

    label: str
    style: SeriesStyle
    epochs: np.ndarray
    mean: np.ndarray
    spread: np.ndarray


def values_by_epoch(record: RunRecord, quantity: Quantity, num_clusters: int | None = None) -> dict[float, float]:
    """Epoch -> value of ``quantity``; the granularity nearest to ``num_clusters``, the first where that is None."""
    if quantity.source == 'scalars':
        return epoch_means(record.scalars, quantity)
    values = {}
    by_granularity = quantity.source == 'granularity'
    for entry in record.history if by_granularity else getattr(record, quantity.source):
        source = entry
        if by_granularity:
            counts = [granularity['num_clusters'] for granularity in entry['granularities']]
            source = entry['granularities'][nearest_granularity(counts, num_clusters)] if counts else {}
        meaningful = quantity.unless_zero is None or source.get(quantity.unless_zero)
        if meaningful and is_number(source.get(quantity.key)):
            values[entry['epoch']] = quantity.factor * source[quantity.key]
    return values


def is_number(value: object) -> bool:
    """Whether a value of a record can be drawn; a mean over no anchors is written as NaN."""
    return isinstance(value, (int, float)) and math.isfinite(value)


def epoch_means(scalars: list[dict], quantity: Quantity) -> dict[float, float]:
    """Epoch -> mean over its logged steps."""
    steps = {}
    for entry in scalars:
        if entry.get(quantity.key) is not None:
            steps.setdefault(entry['epoch'], []).append(entry[quantity.key])
    return {epoch: quantity.factor * math.fsum(values) / len(values) for epoch, values in steps.items()}


def average(series: list[dict[float, float]], label: str, style: SeriesStyle) -> Curve | None:
    """Mean and spread over runs, at the epochs that *every* run reached; None if there is no such epoch.

    A run that lacks the quantity altogether is left out; one that stopped early shortens the curve, because a mean
    over changing seeds would jump where a seed ends.
    """
    series = [values for values in series if values]
    if not series:
        return None
    epochs = sorted(set.intersection(*(set(values) for values in series)))
    if not epochs:
        return None
    table = np.array([[values[epoch] for epoch in epochs] for values in series], dtype=float)
    spread = table.std(axis=0, ddof=1) if len(table) > 1 else np.zeros(len(epochs))
    return Curve(label, style, np.array(epochs), table.mean(axis=0), spread)


def method_curves(groups: list[Group], quantity: Quantity, num_clusters: int | None = None) -> list[Curve]:
    """One curve per group that recorded the quantity."""
    curves = [average([values_by_epoch(record, quantity, num_clusters) for record in group.records], group.label,
                      group.style) for group in groups]
    return [curve for curve in curves if curve is not None]


def granularity_curves(record: RunRecord, quantity: Quantity) -> list[Curve]:
    """One curve per number of clusters of one run; one in all for a quantity that has no granularities."""
    counts = cluster_counts([record]) if quantity.source == 'granularity' else [None]
    labels = {count: record.work_dir.name if count is None else f'k = {count}' for count in counts}
    styles = series_styles(list(labels.values()))
    curves = [average([values_by_epoch(record, quantity, count)], labels[count], styles[labels[count]])
              for count in counts]
    return [curve for curve in curves if curve is not None]


def cluster_counts(records: list[RunRecord]) -> list[int]:
    """Every number of clusters that the runs used, ascending."""
    return sorted({granularity['num_clusters'] for record in records for entry in record.history
                   for granularity in entry['granularities']})


@figure_style()
def curve_figure(curves: list[Curve], quantity: Quantity, thin: Sequence[Curve] = ()) -> Figure:
    """Draw curves of one quantity over epochs: mean line, band of one standard deviation, legend for several.

    Args:
        thin: curves that are drawn dashed over them, without a band; they are in the legend unless their label is ''.

    Raises:
        ValueError: if there is no curve.
    """
    if not curves:
        raise ValueError(f'no run recorded {quantity.key}; nothing to draw')
    figure = panel(quantity.title, legend_rows([curve.label for curve in (*curves, *thin) if curve.label]))
    axes = figure.add_subplot()
    for curve, width in zip(curves, nested_widths(len(curves))):
        draw_curve(axes, curve, width)
    labels = [curve.label for curve in thin if curve.label]
    for curve in thin:
        dashes = DASHES[labels.index(curve.label) % len(DASHES) if curve.label else 0]
        axes.plot(curve.epochs, curve.mean, color=curve.style.color, linewidth=1.2, linestyle=dashes,
                  label=curve.label or None, zorder=2.5)
    finish_axes(axes)
    axes.set_ylim(*quantity.limits)
    add_legend(figure, axes)
    return figure


def nested_widths(count: int) -> np.ndarray:
    """Line widths that shrink from the first line to the last, so that none hides one it coincides with."""
    return np.linspace(min(3.2, 1.6 + 0.6 * (count - 1)), 1.6, count)


def draw_curve(axes: Axes, curve: Curve, width: float) -> None:
    """Mean line with about eight markers, and the band of one standard deviation if there is one."""
    if curve.spread.any():
        axes.fill_between(curve.epochs, curve.mean - curve.spread, curve.mean + curve.spread,
                          color=curve.style.color, alpha=BAND_OPACITY, linewidth=0)
    axes.plot(curve.epochs, curve.mean, color=curve.style.color, marker=curve.style.marker, label=curve.label,
              linewidth=width, markersize=3.2 + width, markevery=max(1, len(curve.epochs) // 8), clip_on=False)


def finish_axes(axes: Axes) -> None:
    """Epochs in whole numbers, and a faint grid."""
    axes.set_xlabel('epoch')
    axes.xaxis.get_major_locator().set_params(integer=True)  # type: ignore[call-arg]  # a MaxNLocator
    low, high = axes.get_xlim()
    if high - low < 1:  # a single epoch: with fewer than two whole numbers there would be fractions
        axes.set_xlim(round(low) - 1, round(high) + 1)
    axes.grid(axis='y', linewidth=0.8)


def legend_columns(labels: list[str]) -> int:
    """Two columns where their longest labels fit beside each other, else one: the figure would cut them off."""
    half = math.ceil(len(labels) / 2)
    longest = sum(max(map(len, column), default=0) for column in (labels[:half], labels[half:]))
    return 2 if longest <= LEGEND_CHARACTERS else 1


def legend_rows(labels: list[str]) -> int:
    """Rows of the legend of lines with these labels."""
    return math.ceil(len(labels) / legend_columns(labels)) if len(labels) > 1 else 0


def add_legend(figure: Figure, axes: Axes) -> None:
    """A legend under the axes if there is more than one thing to tell apart."""
    handles, labels = axes.get_legend_handles_labels()
    if len(labels) > 1:
        figure.legend(handles, labels, loc='outside lower left', ncols=legend_columns(labels))


def describe(curves: list[Curve], quantity: Quantity) -> str:
    """The figure in words, for readers who do not see it: first and last value of every curve."""
    parts = [f'{curve.label} from {curve.mean[0]:.3g} at epoch {curve.epochs[0]:g} to {curve.mean[-1]:.3g} at epoch '
             f'{curve.epochs[-1]:g}' for curve in curves]
    return f'Line chart. {quantity.title}: {"; ".join(parts)}.'
