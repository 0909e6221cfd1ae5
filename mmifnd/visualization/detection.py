"""How good the masks of the training steps were, over epochs: precision, recall, F1 and the share detected."""

from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure

from .curves import (Curve, Group, Quantity, add_legend, average, draw_curve, finish_axes, legend_rows, method_curves,
                     nested_widths, values_by_epoch)
from .page import table
from .style import FAINT, SeriesStyle, figure_style, panel
from .tables import MISSING

READINGS = {
    'precision': 'Of the pairs that were detected, the share that truly is of one class; left out at epochs at which '
                 'nothing was detected.',
    'recall': 'Of the pairs that truly are of one class, the share that was detected.',
    'f1': 'Harmonic mean of precision and recall: high only where both are.',
}
NAMES = dict(precision='Precision', recall='Recall', f1='F1')
AVERAGES = ('micro', 'macro', 'paper')
DEFINITIONS = ('Micro: all pairs pooled. Macro: mean over the anchors that have a false negative, where an anchor with '
               'nothing detected has precision 0. Paper: mean over all anchors, where an anchor with nothing detected '
               'has precision 100 and one without a false negative recall 100, so that detecting little looks precise.')
PREDICTED = Quantity('predicted_share', 'Detected pairs (% of all pairs)', 'How much is masked; the dashed line is the '
                     'share of the pairs that truly is of one class.', source='detection', limits=(0., None))
TRUE = Quantity('true_share', 'Pairs of one class (% of all pairs)', '', source='detection')
TRUTH_LABEL, TRUTH_STYLE = 'truly of one class', SeriesStyle(FAINT.neutral, '')
SAME_TRUTH = 1.  # percentage points up to which the methods saw the same share of pairs of one class
DASHES = ((0, (5, 2)), (0, (1.2, 1.6)))


def score(measure: str, kind: str = 'micro') -> Quantity:
    """The quantity of ``measure`` (of ``NAMES``) under one kind of average (of ``AVERAGES``), in percent."""
    return Quantity(f'{measure}_{kind}', f'{NAMES[measure]} of the detection (%)', READINGS[measure], source='detection',
                    limits=(0., None), unless_zero='predicted_share' if measure == 'precision' else None)


def having_detection(groups: list[Group]) -> list[Group]:
    """The groups whose detection was measured, each without the runs that lack it."""
    groups = [replace(group, records=[record for record in group.records if record.detection]) for group in groups]
    return [group for group in groups if group.records]


def score_curves(groups: list[Group], measure: str) -> tuple[list[Curve], list[Curve]]:
    """Micro curves of the groups; and, where there is one group only, those of the other averages, to be drawn thin."""
    lines = method_curves(groups, score(measure))
    if len(groups) != 1:
        return lines, []
    thin = [replace(curve, label=kind) for kind in AVERAGES[1:] for curve in method_curves(groups, score(measure, kind))]
    return [replace(curve, label='micro') for curve in lines], thin


def share_curves(groups: list[Group]) -> tuple[list[Curve], list[Curve]]:
    """Share detected of the groups; and the true share, in one line where all saw the same, else a line a group."""
    lines, truth = method_curves(groups, PREDICTED), method_curves(groups, TRUE)
    if len(groups) == 1:
        lines = [replace(curve, label='detected') for curve in lines]
    means = [curve.mean.mean() for curve in truth]
    pooled = average([values_by_epoch(record, TRUE) for group in groups for record in group.records], TRUTH_LABEL,
                     TRUTH_STYLE)
    if pooled and np.ptp(means) <= SAME_TRUTH:
        return lines, [pooled]
    return lines, [replace(curve, label=f'{curve.label}: {TRUTH_LABEL}') for curve in truth]


@figure_style()
def detection_figure(lines: list[Curve], thin: list[Curve], quantity: Quantity) -> Figure:
    """Draw ``lines`` with their bands, and ``thin`` dashed curves over them.

    Raises:
        ValueError: where there is no line.
    """
    if not lines:
        raise ValueError(f'no run recorded {quantity.key}; nothing to draw')
    figure = panel(quantity.title, legend_rows([curve.label for curve in (*lines, *thin)]))
    axes = figure.add_subplot()
    for curve, width in zip(lines, nested_widths(len(lines))):
        draw_curve(axes, curve, width)
    for order, curve in enumerate(thin):
        axes.plot(curve.epochs, curve.mean, color=curve.style.color, linewidth=1.2, linestyle=DASHES[order % len(DASHES)],
                  label=curve.label, zorder=2.5)
    finish_axes(axes)
    axes.set_ylim(*quantity.limits)
    add_legend(figure, axes)
    return figure


def detection_table(groups: list[Group]) -> str:
    """Every score at the last epoch that all runs of a group reached, a row per group and kind of average."""
    rows = [[group.label, kind, *cells] for group in groups for kind in AVERAGES if (cells := score_cells(group, kind))]
    headers = ['Run or method', 'Average', 'Epoch', *(f'{name} (%)' for name in NAMES.values()), 'Detected (%)',
               'Truly of one class (%)']
    return table(headers, rows, f'At the last epoch, mean ± sample standard deviation over runs. {DEFINITIONS}',
                 text_columns=2) if rows else ''


def score_cells(group: Group, kind: str) -> list[str]:
    """Epoch, precision, recall, F1 and both shares of one group; [] where its runs share no epoch."""
    epochs = set.intersection(*({entry['epoch'] for entry in record.detection} for record in group.records))
    if not epochs:
        return []
    last = max(epochs)
    cells = [f'{last:g}']
    for quantity in (*(score(measure, kind) for measure in NAMES), PREDICTED, TRUE):
        values = [values_by_epoch(record, quantity).get(last) for record in group.records]
        values = [value for value in values if value is not None]
        spread = f' ± {np.std(values, ddof=1):.1f}' if len(values) > 1 else ''
        cells.append(f'{np.mean(values):.1f}{spread}' if values else MISSING)
    return cells
