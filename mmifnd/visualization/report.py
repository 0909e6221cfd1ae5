"""Reports as one HTML file: of a study (methods x seeds), or of one or several runs side by side."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from mmifnd.files import is_inside, write_whole
from mmifnd.places import check_file
from mmifnd.records.arrays import RecordError
from mmifnd.records.run_record import NoRecordError, RunRecord, without_damaged
from mmifnd.text import shown

from . import bars, removed_sections, sections, tables
from .curves import Group
from .embedding import class_count
from .page import Page, escape
from .pictures import Pictures
from .style import SeriesStyle, series_styles
from .thresholds import step_thresholds, threshold_epoch

#: The file of removed pairs beside a report.
PAIRS = 'removed.csv'
STUDY_KEYS = ('title', 'methods', 'measures', 'runs', 'summary')


def write_study_report(results: dict, out_dir: str | Path, images: np.ndarray | None = None,
                       labels: np.ndarray | None = None, embedding_run: str | None = None,
                       path: str = 'report.html', class_names: Mapping[int, str] | None = None,
                       names: Sequence[str] | None = None, captions: Sequence[str] | None = None) -> Path:
    """Write the report of a study.

    Args:
        results (dict): what the study left in ``results.json``.
        out_dir (str | Path): the study's directory; ``work_dir`` of a run is relative to it. Runs whose record is gone
            are named in the report and left out of the curves.
        images (ndarray | None): uint8 (N, C, H, W), those that were clustered, to show the removed negatives.
        labels (ndarray | None): true classes (N,), to colour and to judge by; not used in training.
        embedding_run (str | None): ``work_dir`` of the run to show closely; default: the first that accepted
            pseudo labels and kept features, else the first that did either.
        path (str): of the report, relative to ``out_dir``; ``removed.csv`` lies beside it.
        class_names (Mapping[int, str] | None): label -> name.
        names (Sequence[str] | None): name of each image, such as its file.
        captions (Sequence[str] | None): of image-text pairs, the text of each image.

    Returns:
        Path: the file written.

    Raises:
        RecordError: if ``results`` lacks a key, ``embedding_run`` is none of its runs, or a record is damaged.
        ValueError: if images or labels do not fit the snapshots, or the report cannot be written.
    """
    missing = [key for key in STUDY_KEYS if key not in results]
    if missing:
        raise RecordError(f'results lack {", ".join(missing)}; expected what a study writes as results.json')
    out_dir = Path(out_dir)
    check_file(out_dir / path)
    records, lost = load_runs(results, out_dir)
    pictures, pairs = Pictures(images, labels, class_names, names, captions), (out_dir / path).parent / PAIRS
    page = tolerant(records, lambda: _study_page(results, records, lost, embedding_run, pairs, pictures))
    return write_page(page, out_dir / path)


def _study_page(results: dict, records: dict[str, RunRecord], lost: list[str], embedding_run: str | None, pairs: Path,
                pictures: Pictures) -> Page:
    labels = pictures.labels
    styles = series_styles(list(results['methods']))
    page = Page(results['title'], subtitle(results))
    add_results(page, results, styles)
    add_records(page, study_groups(results, records, styles), class_count(labels))
    if lost:
        page.note(f'Without a record of clusterings or losses, and so not in the curves: {", ".join(lost)}.')
    closely = choose_run(records, embedding_run)
    if closely:
        if records[closely].epochs or not records[closely].directions:
            sections.add_embedding(page, closely, records[closely], labels, class_names=pictures.class_names)
        told = removed_sections.add_removed(page, closely, records[closely], pictures)
        removed_sections.add_pairs(page, pairs, told, pictures)
        firsts = {group.label: group.records[0] for group in study_groups(results, records, styles)}
        removed_sections.add_side_by_side(page, firsts, pictures)
    learning = choose_thresholds(records, closely)
    if learning:
        sections.add_thresholds(page, learning, records[learning])
    add_origin(page, results)
    return page


def write_run_report(work_dirs: list[str | Path], path: str | Path, images: np.ndarray | None = None,
                     labels: np.ndarray | None = None, epochs: list[int] | None = None,
                     class_names: Mapping[int, str] | None = None, names: Sequence[str] | None = None,
                     captions: Sequence[str] | None = None) -> Path:
    """Write the report of one run, or of several side by side.

    Args:
        work_dirs (list[str | Path]): of the runs.
        path (str | Path): of the report; ``removed.csv`` lies beside it.
        images (ndarray | None): uint8 (N, C, H, W), to show the removed negatives.
        labels (ndarray | None): true classes (N,).
        epochs (list[int] | None): of the maps of the features; default: up to three that have features.
        class_names (Mapping[int, str] | None): label -> name.
        names (Sequence[str] | None): name of each image, such as its file.
        captions (Sequence[str] | None): of image-text pairs, the text of each image.

    Returns:
        Path: the file written.

    Raises:
        RecordError: if a directory holds no record, or a file is damaged.
        ValueError: if images or labels do not fit the snapshots, or the report cannot be written.
    """
    check_file(path)
    records = {name: RunRecord.load(work_dir) for name, work_dir in run_names(work_dirs).items()}
    return write_page(tolerant(records, lambda: _run_page(records, Path(path).parent / PAIRS, epochs,
                                                          Pictures(images, labels, class_names, names, captions))), Path(path))


def tolerant(records: dict[str, RunRecord], build: Callable[[], Page]) -> Page:
    """The page that ``build`` makes without the arrays that turn out to be damaged; it says which those are."""
    page = without_damaged(records, build)
    for record in records.values():
        for problem in record.problems:
            page.note(f'Left out: {problem}.')
    return page


def _run_page(records: dict[str, RunRecord], pairs: Path, epochs: list[int] | None, pictures: Pictures) -> Page:
    labels = pictures.labels
    styles = series_styles(list(records))
    groups = [Group(name, [record], styles[name]) for name, record in records.items()]
    page = Page('False negatives detected while training', ', '.join(records))
    sections.add_inspections(page, records)
    last = tables.clustering_table(records)
    if last:
        page.section('The last clustering', 'What was detected at the end, and what it took.')
        page.add(last)
    add_records(page, groups, class_count(labels))
    told: list = []
    for name, record in records.items():
        if record.epochs:
            sections.add_embedding(page, name, record, labels, epochs, pictures.class_names)
        told += removed_sections.add_removed(page, name, record, pictures)
        sections.add_thresholds(page, name, record)
    removed_sections.add_pairs(page, pairs, told, pictures)
    removed_sections.add_side_by_side(page, records, pictures)
    return page


def load_runs(results: dict, out_dir: Path) -> tuple[dict[str, RunRecord], list[str]]:
    """Records by ``work_dir``, and the ``work_dir`` of the runs that have none."""
    records, lost = {}, []
    for run in results['runs']:
        if not is_inside(run['work_dir']):
            raise RecordError(f'results name {run["work_dir"]!r} as the folder of a run; it must be below {out_dir}')
        try:
            records[run['work_dir']] = RunRecord.load(out_dir / run['work_dir'])
        except NoRecordError:
            lost.append(run['work_dir'])
    return records, lost


def study_groups(results: dict, records: dict[str, RunRecord], styles: dict[str, SeriesStyle]) -> list[Group]:
    """The records of each method's seeds, in the study's order; methods without a record are left out."""
    groups = []
    for method, description in results['methods'].items():
        measured = [records[run['work_dir']] for run in results['runs']
                 if run['method'] == method and run['work_dir'] in records]
        if measured:
            groups.append(Group(description['label'], measured, styles[method]))
    return groups


def choose_run(records: dict[str, RunRecord], wanted: str | None) -> str | None:
    """The run to look at closely; None if no run has a snapshot."""
    if wanted is not None:
        if wanted not in records:
            raise RecordError(f'embedding_run {wanted!r} has no record; choose one of {", ".join(records) or "none"}')
        return wanted
    def worth(name: str) -> tuple[bool, bool]:
        history = records[name].history
        return bool(history) and bool(history[-1].get('rate')), bool(records[name].epochs_with_features())

    return max((name for name, record in records.items() if record.epochs), key=worth, default=None)


def choose_thresholds(records: dict[str, RunRecord], closely: str | None) -> str | None:
    """The run whose thresholds are shown: the one shown closely, else the first that keeps any; None without any."""
    names = ([closely] if closely else []) + list(records)
    return next((name for name in names if threshold_epoch(records[name]) is not None
                 or step_thresholds(records[name]) is not None), None)


def run_names(work_dirs: list[str | Path]) -> dict[str, Path]:
    """A short name for every directory: what is left of its path after the part that all share."""
    paths = [Path(work_dir).absolute() for work_dir in work_dirs]
    if len(set(paths)) != len(paths) or not paths:
        raise RecordError(f'expected one or several different work_dirs, got {[str(path) for path in paths]}')
    shared = Path(os.path.commonpath([path.parent for path in paths]))
    return {str(path.relative_to(shared)): path for path in paths}


def subtitle(results: dict) -> str:
    """Data set and date, as far as known."""
    return ', '.join(str(results[key]) for key in ('dataset', 'created') if results.get(key))


def add_results(page: Page, results: dict, styles: dict[str, SeriesStyle]) -> None:
    """Table and dot charts of all measures, then the paired differences, and what was left out of them."""
    page.section('Results', 'What each method reached, over all its seeds.')
    page.add(tables.results_table(results))
    drawn = [measure for measure in results['measures']
             if any(len(bars.measured(results, method, measure)) for method in results['methods'])]
    if drawn:
        page.note(bars.READING)
        page.grid([(bars.measure_figure(results, measure, styles), bars.caption(results, measure),
                    bars.describe(results, measure)) for measure in drawn])
    if results.get('comparisons'):
        page.section('Is the difference more than chance?',
                     'Runs are paired by seed; p is how likely a mean difference at least this high would be if the '
                     'first method\'s values were no higher than the second\'s.')
        page.add(tables.comparison_table(results))
    if results.get('left_out'):
        page.note(f'Left out: {"; ".join(shown(line, 1000) for line in results["left_out"])}.')


def add_records(page: Page, groups: list[Group], num_clusters: int | None) -> None:
    """Curves, quality of the detection, thresholds, cluster sizes, health and accuracies, where any run has them."""
    if groups:
        sections.add_curves(page, groups, num_clusters)
        sections.add_detection(page, groups)
        sections.add_retrieval(page, groups)
        sections.add_threshold_error(page, groups)
        sections.add_cluster_sizes(page, groups)
        sections.add_health(page, groups)
        sections.add_online(page, groups)
        sections.add_groupings(page, groups)


def add_origin(page: Page, results: dict) -> None:
    """Command, configs and versions: what it takes to make the results again."""
    page.section('How this was made', 'Run the command again, with the same versions, to get these numbers.')
    if results.get('command'):
        page.add(f'<pre>{escape(results["command"])}</pre>')
    page.add(tables.method_table(results))
    if results.get('versions'):
        page.add(tables.version_table(results['versions']))


def write_page(page: Page, path: Path) -> Path:
    """Write the page, its directory too where it is missing."""
    return write_whole(path, page.html())
