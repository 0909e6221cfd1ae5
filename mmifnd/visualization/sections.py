"""The sections of a report that are drawn from the records of runs."""

from collections.abc import Mapping

import numpy as np

from mmifnd.records.inspection import InspectionRecord, read_inspection
from mmifnd.records.run_record import RunRecord

from . import (
    cluster_sizes,
    curves,
    detection,
    embedding,
    group_bars,
    health,
    inspected,
    online,
    retrieval,
    thresholds,
)
from .curves import QUANTITIES, Group
from .page import Page, table


def add_curves(page: Page, groups: list[Group], num_clusters: int | None) -> None:
    """Every recorded quantity over epochs; a single run is split by granularity, several are overlaid."""
    single = groups[0].records[0] if len(groups) == 1 and len(groups[0].records) == 1 else None
    figures = []
    for quantity in QUANTITIES.values():
        lines = (curves.granularity_curves(single, quantity) if single
                 else curves.method_curves(groups, quantity, num_clusters))
        if lines:
            figures.append((curves.curve_figure(lines, quantity), quantity.reading, curves.describe(lines, quantity)))
    if figures:
        page.section('Over the epochs', curve_sentence(groups, single, num_clusters))
        page.grid(figures)


def curve_sentence(groups: list[Group], single: RunRecord | None, num_clusters: int | None) -> str:
    """What a line in the curves is."""
    if single:
        return 'Each line is one number of clusters k; each point is one clustering, or one epoch for the loss.'
    counts = curves.cluster_counts([record for group in groups for record in group.records])
    if len(counts) < 2:
        which = ''
    elif num_clusters is None:
        which = ' Of several numbers of clusters, the first of each run is shown.'
    else:
        which = f' Of several numbers of clusters, the one nearest to {num_clusters} is shown.'
    return line_sentence(groups) + which


def line_sentence(groups: list[Group]) -> str:
    """What a line is where each stands for a run or a method."""
    if all(len(group.records) == 1 for group in groups):
        return 'Each line is one run.'
    return ('Each line is the mean over the seeds of a method, the band one standard deviation to either side, at the '
            'epochs that all its seeds reached.')


def add_detection(page: Page, groups: list[Group]) -> None:
    """Precision, recall, F1 and share of what the training steps detected, where any run measured them."""
    num_groups = len(groups)
    groups, idle = detection.having_detection(detection.by_direction(groups))
    drawn = [(detection.score(measure), *detection.score_curves(groups, measure)) for measure in detection.NAMES]
    drawn.append((detection.PREDICTED, *detection.share_curves(groups)))
    figures = [(curves.curve_figure(lines, quantity, thin), quantity.reading,
                curves.describe([*lines, *thin], quantity)) for quantity, lines, thin in drawn if lines]
    if not figures:
        return
    which = (f'Of {groups[0].label}: one line for each way of averaging.' if len(groups) == 1 else
             f'{line_sentence(groups)} All pairs are pooled (micro).')
    if len(groups) + len(idle) > num_groups:
        which += ' Images look among texts and texts among images: each direction has its own line.'
    page.section('How good the detection was', 'The pairs that the training steps themselves took for false negatives, '
                                               f'judged by the true classes, which training never sees. {which}')
    for sentence in detection.verdicts(groups):
        page.note(sentence)
    page.grid(figures)
    page.add(detection.detection_table(groups))
    if idle:
        page.note(f'Nothing was detected, so that nothing is shown here, in: {", ".join(idle)}.')


def add_inspections(page: Page, records: Mapping[str, RunRecord]) -> None:
    """What a look at the images found before each training, and a contact sheet; runs that found the same share both."""
    names_of_inspection: dict[tuple, tuple[list[str], InspectionRecord]] = {}
    for name, record in records.items():
        inspection = read_inspection(record.work_dir)
        if inspection is not None:
            key = tuple(map(tuple, inspection.rows))
            names_of_inspection.setdefault(key, ([], inspection))[0].append(name)
    for names, inspection in names_of_inspection.values():
        runs = 'Run' if len(names) == 1 else 'Runs'
        page.section('The images', f'{runs} {", ".join(names)}: what a look at them found before the training.')
        page.add(table(['what', 'found'], [list(row) for row in inspection.rows], 'The images that were trained on.', 2))
        if len(inspection.pictures):
            figure = inspected.inspection_figure(inspection.pictures, inspection.titles)
            page.wide(figure, inspected.READING, inspected.describe(inspection.titles))


def add_health(page: Page, groups: list[Group]) -> None:
    """Alarms as text, then the measures of collapse of embedding and backbone, where any run has them."""
    if not any(record.health for group in groups for record in group.records):
        return
    which = '' if len(groups) == 1 and len(groups[0].records) == 1 else f'{line_sentence(groups)} '
    page.section('Does the representation use its space?', f'Measured without labels, once an epoch. {which}{health.READING}')
    alarms = health.alarm_lines(groups)
    page.alarms(alarms)
    if not alarms:
        page.note('No alarm was given.')
    drawn = [(measure, *health.layer_curves(groups, measure)) for measure in health.OF_LAYERS]
    drawn += [(quantity, curves.method_curves(groups, quantity), []) for quantity in health.OF_STEPS]
    page.grid([(curves.curve_figure(lines, quantity, thin), quantity.reading, curves.describe([*lines, *thin], quantity))
               for quantity, lines, thin in drawn if lines])


def add_online(page: Page, groups: list[Group]) -> None:
    """Accuracy of the online probe and of nearest neighbours over epochs, where any run asked for it."""
    lines, thin, quantity = online.probe_curves(groups)
    drawn = [(quantity, lines, thin), (online.NEIGHBOURS, curves.method_curves(groups, online.NEIGHBOURS), [])]
    figures = [(curves.curve_figure(lines, quantity, thin), quantity.reading, curves.describe([*lines, *thin], quantity))
               for quantity, lines, thin in drawn if lines]
    if figures:
        which = '' if len(groups) == 1 and len(groups[0].records) == 1 else f' {line_sentence(groups)}'
        page.section('Online accuracy', f'Labels are read by the probe alone; training never sees them.{which}')
        page.grid(figures)


def add_groupings(page: Page, groups: list[Group]) -> None:
    """Accuracy of probes on groups of the classes, where the runs' directories hold results of such an evaluation."""
    try:
        groupings = group_bars.groupings_of({group.label: [record.evaluation for record in group.records] for group in groups})
    except ValueError as error:
        page.note(f'No accuracies of coarser and finer classes are shown: {error}.')
        return
    if groupings:
        page.section('Coarser and finer classes', 'How well groups of the classes can be told apart.')
        page.grid([(group_bars.grouping_figure(groupings, [key]), reading, group_bars.describe(groupings, key))
                   for key, reading in group_bars.READINGS.items()])
        page.add(group_bars.grouping_table(groupings))


def add_retrieval(page: Page, groups: list[Group]) -> None:
    """Recall of retrieval and the modality gap, if the runs' directories hold results of such an evaluation."""
    found = retrieval.retrieval_table(groups)
    if found:
        page.section('Retrieval', retrieval.READING)
        page.add(found)


def add_threshold_error(page: Page, groups: list[Group]) -> None:
    """Distance of learned thresholds to the exact ones over epochs, where any run measured it."""
    figures = []
    for quantity in thresholds.ERRORS:
        lines = curves.method_curves(groups, quantity)
        if lines:
            figures.append((curves.curve_figure(lines, quantity), quantity.reading, curves.describe(lines, quantity)))
    if figures:
        page.section('How exact the learned thresholds are', line_sentence(groups))
        page.grid(figures)


def add_thresholds(page: Page, name: str, record: RunRecord) -> None:
    """Distribution of the last learned thresholds, and learned against exact, where the snapshots keep them."""
    found = thresholds.step_thresholds(record)
    if found is not None:
        page.section('The learned thresholds', f'Run {name}, one threshold per image and one per text.')
        reading = thresholds.STEP_READING.format(count=max(map(len, found[1].values())))
        page.grid([(thresholds.step_figure(*found), reading, thresholds.describe_steps(*found))])
    epoch = thresholds.threshold_epoch(record)
    if epoch is None:
        return
    snapshot = record.snapshot(epoch)
    figures = [(thresholds.histogram_figure(snapshot), thresholds.HISTOGRAM_READING,
                thresholds.describe_histogram(snapshot))]
    if len(thresholds.learned_and_exact(snapshot)[0]):
        caption = f'{thresholds.SCATTER_READING} {thresholds.error_sentence(snapshot)}'
        figures.append((thresholds.scatter_figure(snapshot), caption, thresholds.describe_scatter(snapshot)))
    page.section('The learned thresholds', f'Run {name}, one threshold per image.')
    warning = thresholds.unsettled(record)
    page.alarms([warning] if warning else [])
    page.grid(figures)


def add_cluster_sizes(page: Page, groups: list[Group]) -> None:
    """Smallest and largest cluster, a figure per number of clusters."""
    groups = [group for group in groups if any(record.history for record in group.records)]
    counts = curves.cluster_counts([record for group in groups for record in group.records])
    if counts:
        page.section('Cluster sizes', 'Clusters should neither run empty nor swallow the data set.')
        page.grid([(cluster_sizes.cluster_size_figure(groups, count), cluster_sizes.READING,
                    cluster_sizes.describe(groups, count)) for count in counts])


def add_embedding(page: Page, name: str, record: RunRecord, labels: np.ndarray | None,
                  epochs: list[int] | None = None, class_names: Mapping[int, str] | None = None) -> None:
    """t-SNE maps at ``epochs``, default: up to three stages; or a sentence on why there are none."""
    page.section('The features and their pseudo labels', f'Run {name}, at {len(epochs) if epochs else "up to three"} stages '
                                                         'of its training.')
    epochs = epochs or embedding.stages(record.epochs_with_features())
    if not epochs:
        page.note('This run kept no features in its snapshots, so there is no map of them.')
        return
    listed = None if class_names is None or labels is None else [
        class_names.get(int(label), str(label)) for label in np.unique(labels)]
    figure = embedding.embedding_figure(record, labels, epochs, class_names=listed)
    page.wide(figure, embedding.reading(record, labels), embedding.describe(record, epochs))
