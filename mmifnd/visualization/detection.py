"""How good the masks of the training steps were, over epochs: precision, recall, F1 and the share detected."""

from dataclasses import replace

import numpy as np

from mmifnd.evaluation import mean_and_spread, summarise
from mmifnd.records.names import DIRECTIONS
from mmifnd.records.run_record import RunRecord

from .curves import Curve, Group, Quantity, average, method_curves, values_by_epoch
from .page import table
from .style import FAINT, SeriesStyle, series_styles
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
#: Least share of what chance leaves that a precision gains, and what it is called.
VERDICTS = ((.8, 'most of what was removed are false negatives'), (.4, 'clearly better than chance'),
            (.05, 'little better than chance'), (-np.inf, 'no better than chance'))
PREDICTED = Quantity('predicted_share', 'Detected pairs (% of all pairs)', 'How much is masked; the broken lines are the '
                     'share of the pairs that truly is of one class and, where a detector aims at a share, its alpha.',
                     source='detection', limits=(0., None))
TRUE = Quantity('true_share', 'Pairs of one class (% of all pairs)', '', source='detection')
ALPHA = Quantity('alpha', 'alpha (% of all pairs)', '', source='detection')
#: What the detected share is compared with, and the percentage points up to which one line stands for all methods.
REFERENCES = {TRUE: ('truly of one class', 1.), ALPHA: ('alpha', 1e-6)}
REFERENCE_STYLE = SeriesStyle(FAINT.neutral, '')


def score(measure: str, kind: str = 'micro') -> Quantity:
    """The quantity of ``measure`` (of ``NAMES``) under one kind of average (of ``AVERAGES``), in percent."""
    return Quantity(f'{measure}_{kind}', f'{NAMES[measure]} of the detection (%)', READINGS[measure], source='detection',
                    limits=(0., None), unless_zero='predicted_share' if measure == 'precision' else None)


def by_direction(groups: list[Group]) -> list[Group]:
    """A group per direction of the groups whose runs have several heads; the others as they are."""
    split: list[Group] = []
    for group in groups:
        directions = sorted({direction for record in group.records for direction in record.directions})
        split += [replace(group, label=f'{group.label}, {DIRECTIONS[direction]}',
                          records=[record.of_direction(direction) for record in group.records])
                  for direction in directions] or [group]
    if len(split) == len(groups):
        return groups
    styles = series_styles([group.label for group in split])
    return [replace(group, style=styles[group.label]) for group in split]


def having_detection(groups: list[Group]) -> tuple[list[Group], list[str]]:
    """The groups whose detection was measured, each without the runs that lack it; labels of those that detected nothing."""
    groups = [replace(group, records=[record for record in group.records if record.detection]) for group in groups]
    active = [group for group in groups if any(detects(record) for record in group.records)]
    return active, [group.label for group in groups if group.records and group not in active]


def detects(record: RunRecord) -> bool:
    """Whether anything was detected in any epoch."""
    return any(entry.get('predicted_share', 1.) > 0 for entry in record.detection)


def score_curves(groups: list[Group], measure: str) -> tuple[list[Curve], list[Curve]]:
    """Micro curves of the groups; and, if there is one group only, those of the other averages, to be drawn thin."""
    lines = method_curves(groups, score(measure))
    if len(groups) != 1:
        return lines, []
    thin = [replace(curve, label=kind) for kind in AVERAGES[1:] for curve in method_curves(groups, score(measure, kind))]
    return [replace(curve, label='micro') for curve in lines], thin


def share_curves(groups: list[Group]) -> tuple[list[Curve], list[Curve]]:
    """Share detected of the groups; and true share and alpha to compare it with."""
    lines = method_curves(groups, PREDICTED)
    if len(groups) == 1:
        lines = [replace(curve, label='detected') for curve in lines]
    return lines, [curve for quantity in REFERENCES for curve in reference_curves(groups, quantity)]


def reference_curves(groups: list[Group], quantity: Quantity) -> list[Curve]:
    """One line where all groups saw the same, else one line per group; none where nobody recorded the quantity."""
    (label, tolerance), each = REFERENCES[quantity], method_curves(groups, quantity)
    pooled = average([values_by_epoch(record, quantity) for group in groups for record in group.records], label,
                     REFERENCE_STYLE)
    if pooled and np.ptp([curve.mean.mean() for curve in each]) <= tolerance:
        return [pooled]
    return [replace(curve, label=f'{curve.label}: {label}') for curve in each]


def detection_table(groups: list[Group]) -> str:
    """Every score at the last epoch that all runs of a group reached, a row per group and kind of average."""
    rows = [[group.label, kind, *cells] for group in groups for kind in AVERAGES if (cells := score_cells(group, kind))]
    headers = ['Run or method', 'Average', 'Epoch', *(f'{name} (%)' for name in NAMES.values()), 'Detected (%)',
               'Chance (%)']
    return table(headers, rows, f'At the last epoch, mean ± sample standard deviation over runs. Chance is the share of all '
                 f'pairs that truly is of one class: the precision of a detector that guesses. {DEFINITIONS}',
                 text_columns=2) if rows else ''


def verdicts(groups: list[Group]) -> list[str]:
    """One sentence per group on its pooled precision at the last epoch, beside chance."""
    sentences = []
    for group in groups:
        last = [record.detection[-1] for record in group.records if record.detection]
        pairs = [(entry['precision_micro'], entry['true_share']) for entry in last
                 if entry.get('predicted_share') and {'precision_micro', 'true_share'} <= set(entry)]
        if pairs:
            precision, chance = np.mean(pairs, axis=0)
            sentences.append(f'{group.label}: {precision:.1f} % of the removed pairs are of one class, {chance:.1f} % by '
                             f'chance: {verdict(precision, chance)}.')
    return sentences


def verdict(precision: float, chance: float) -> str:
    """A precision in words, by the share of what chance leaves that it gains: (precision - chance) / (100 - chance)."""
    gain = (precision - chance) / max(100. - chance, 1e-9)
    return next(words for least, words in VERDICTS if gain >= least)


def score_cells(group: Group, kind: str) -> list[str]:
    """Epoch, precision, recall, F1 and both shares of one group; [] if its runs share no epoch."""
    epochs = set.intersection(*({entry['epoch'] for entry in record.detection} for record in group.records))
    if not epochs:
        return []
    last = max(epochs)
    cells = [f'{last:g}']
    for quantity in (*(score(measure, kind) for measure in NAMES), PREDICTED, TRUE):
        values = [values_by_epoch(record, quantity).get(last) for record in group.records]
        values = [value for value in values if value is not None]
        summary = summarise(values) if values else None
        cells.append(MISSING if summary is None else mean_and_spread(summary.mean, summary.standard_deviation, digits=1))
    return cells
