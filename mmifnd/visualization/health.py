"""Whether the representation uses its space, over the epochs, and the alarms that a run gave."""

from dataclasses import replace

from .curves import Curve, Group, Quantity, method_curves

LAYERS = ('embedding', 'backbone')
#: Measures of a layer's features; the record's keys are ``LAYER_KEY``.
OF_LAYERS = (
    Quantity('rankme', 'Effective rank (RankMe, dimensions)',
             'How many directions the features use, by the entropy of their singular values; a fall is a collapse.',
             limits=(0., None)),
    Quantity('participation_ratio', 'Participation ratio (dimensions)',
             'How many directions the variance is spread over; large ones count for more than in RankMe.', limits=(0., None)),
    Quantity('uniformity', 'Uniformity (log of the mean potential)',
             'How evenly the features lie on the sphere, the lower the more evenly; it misses a collapse of dimensions, so '
             'read it beside the effective rank.'),
    Quantity('spread', 'Spread (share of an isotropic one)',
             'Mean standard deviation of the dimensions: 1 where features point everywhere alike, 0 where all are one point.',
             limits=(0., None)))
OF_STEPS = (
    Quantity('alignment', 'Alignment (squared distance)',
             'How far two views of an image lie apart, 0 at best, 2 where they have nothing in common.', source='health',
             limits=(0., None)),
    Quantity('false_negative_mass', 'Softmax mass of what was detected (%)',
             'Share of the denominator, before anything is left out, that detected false negatives hold: how much of the push '
             'was spent on them, and so how much their removal can change.',
             source='health', factor=100., limits=(0., None)),
    Quantity('rows_short_of_negatives', 'Anchors nearly out of negatives (%)',
             'Anchors that have lost nine tenths of their negatives or more: their loss hardly pushes anything away.',
             source='health', factor=100., limits=(0., None)))
READING = 'Solid: the embedding; dashed: the backbone.'
MAX_ALARMS = 4  # of a run, before they are counted only


def layer_curves(groups: list[Group], measure: Quantity) -> tuple[list[Curve], list[Curve]]:
    """Curves of the embedding, and of the backbone to be drawn thin; those of the backbone alone if there is no other.

    A single group is labelled by layer; of several, the thin curves have no label, because they share a colour with theirs.
    """
    solid, dashed = ([replace(curve, label=layer) if len(groups) == 1 else curve
                      for curve in method_curves(groups, replace(measure, key=f'{layer}_{measure.key}', source='health'))]
                     for layer in LAYERS)
    if not solid:
        return dashed, []
    return solid, dashed if len(groups) == 1 else [replace(curve, label='') for curve in dashed]


def alarm_lines(groups: list[Group]) -> list[str]:
    """What the runs warned of, the first few of each run; empty if none did."""
    lines = []
    for group in groups:
        for number, record in enumerate(group.records):
            name = group.label if len(group.records) == 1 else f'{group.label}, run {number + 1}'
            alarms = [(entry['epoch'], alarm) for entry in record.health for alarm in entry.get('alarms', ())]
            lines += [f'{name}, epoch {epoch:g}: {alarm}' for epoch, alarm in alarms[:MAX_ALARMS]]
            if len(alarms) > MAX_ALARMS:
                lines.append(f'{name}: {len(alarms) - MAX_ALARMS} more until epoch {alarms[-1][0]:g}')
    return lines
