"""The result of an audit, for the terminal and in files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mmifnd.datasets.thumbnails import Thumbnails
from mmifnd.engine.checkpoints.checkpoint_format import AtomicFileBackend
from mmifnd.visualization.picture import save_picture
from mmifnd.visualization.removed import sheet_figure

from .auditing import Audit, Relation

_WIDTH = 106


def print_audit(audit: Audit, console: Console | None = None) -> None:
    """A row a clustering or quantile, and how to read it."""
    console = console or Console(width=max(_WIDTH, Console().width))
    truth = '' if audit.true_share is None else f'; truly false: {audit.true_share:.2%} of the negatives'
    table = Table(title=f'{audit.num_images} images{truth}', box=SIMPLE_HEAD)
    columns = ['share', *(f'B = {size}' for size in audit.batch_sizes), 'one from B']
    for name in ('by', *columns, *(['precision', 'recall', 'F1'] if audit.labels is not None else [])):
        table.add_column(name, justify='left' if name == 'by' else 'right', no_wrap=True)
    for relation, row in zip(audit.relations, audit.as_dict()['relations']):
        table.add_row(*map(Text, _cells(relation, row, audit)))
    console.print(table)
    for sentence in sentences(audit):
        console.print(sentence, markup=False)


def sentences(audit: Audit) -> list[str]:
    """What the numbers mean for batch size and number of clusters."""
    lines = ['share: of the negatives, what is taken for false. B: how many of them an anchor meets among the B - 1 other '
            'images of a batch (each counts twice where both views are compared, as in SimCLR); a queue of K keys has the '
            'share of K. one from B: the smallest batch in which an anchor has one on average; in smaller ones there is '
            'little to remove.']
    if audit.suggested_alpha is not None:
        lines.append(f'For learned thresholds (GloFND), begin with alpha={audit.suggested_alpha.alpha:g}: '
                    f'{audit.suggested_alpha.reason}.')
    if audit.labels is None:
        return [*lines, 'Fewer clusters take more negatives for false, and more of them wrongly: choose the smallest k whose '
                       'rows of removed images look right.']
    scored = [(relation.name, relation.estimate.scores) for relation in audit.relations if relation.estimate.scores is not None]
    name, scores = max(scored, key=lambda entry: entry[1].f1_micro)
    return [*lines, f'Best F1 by the true labels: {name}, {scores.precision_micro:.0%} of what it removes is right, '
                   f'{scores.recall_micro:.0%} of what is false is found.']


def write_audit(audit: Audit, out: str | Path, images: Thumbnails | None = None,
                further: dict[str, Any] | None = None) -> list[Path]:
    """Write ``audit.json`` into ``out``, and with ``images`` a sheet ``removed_*.png`` of each clustering or quantile.

    Args:
        further: plain values that are added to the JSON, such as versions and the command.

    Returns:
        list[Path]: the files.
    """
    out = Path(out)
    files = [out / 'audit.json']
    AtomicFileBackend().put_text(json.dumps({**audit.as_dict(), **(further or {})}, indent=1), files[0])
    if images is None:
        return files
    shown = images if audit.index is None else images.part(audit.index.tolist())
    for relation in audit.relations:
        if relation.examples:
            files.append(out / f'removed_{relation.name.replace(" = ", "_")}.png')
            sheet = sheet_figure({relation.name: relation.examples}, shown, audit.labels, **_texts(audit, shown))
            save_picture(sheet, files[-1])
    return files


def _texts(audit: Audit, images: Thumbnails) -> dict[str, Any]:
    """What is written beside pictures: names of files and captions; of classes, if the labels are those of the images."""
    labels = images.dataset.labels()
    has_labels = audit.labels is not None and labels is not None and np.array_equal(labels[images.rows], audit.labels)
    return dict(names=images.names, captions=images.captions, class_names=images.class_names if has_labels else None)


def _cells(relation: Relation, row: dict[str, Any], audit: Audit) -> list[str]:
    expected = [f'{row["expected"][str(size)]:.2f}' for size in audit.batch_sizes]
    cells = [relation.name, f'{row["share"]:.2%}', *expected, str(row['batch_of_first'] or '-')]
    scores = relation.estimate.scores
    return cells if scores is None else [
        *cells, *(f'{value:.1%}' for value in (scores.precision_micro, scores.recall_micro, scores.f1_micro))]
