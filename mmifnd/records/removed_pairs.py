"""Removed pairs as a table that a spreadsheet can read."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmifnd.files import write_whole

from .detected import Relation

HEADER = ('run', 'epoch', 'anchor', 'removed', 'score', 'same_class')
MAX_ANCHORS = 64
MAX_ROWS = 100_000


class Told(NamedTuple):
    """What one run tells of its removed negatives.

    Attributes:
        run: its name.
        epoch: completed epochs.
        relation: whom it removed for whom.
    """

    run: str
    epoch: int
    relation: Relation


class Written(NamedTuple):
    """How much of it was written.

    Attributes:
        pairs: rows of the file.
        anchors: images whose removed negatives are in it.
        left_out: pairs of these anchors beyond :data:`MAX_ROWS`.
    """

    pairs: int
    anchors: int
    left_out: int


def anchors_to_list(relation: Relation, further: Sequence[int] = ()) -> list[int]:
    """Choose at most :data:`MAX_ANCHORS` images, spread evenly over those that can be asked about, and ``further`` ones."""
    anchors = relation.anchors
    positions = np.linspace(0, len(anchors) - 1, min(len(anchors), MAX_ANCHORS)).round().astype(int)
    chosen = anchors[positions] if len(anchors) else anchors
    return sorted({*chosen.tolist(), *further})


def write_removed_pairs(path: Path, told: Iterable[Told], labels: np.ndarray | None = None, names: Sequence[str] | None = None,
                        further: Sequence[int] = (), captions: Sequence[str] | None = None) -> Written:
    """Write a CSV file with one row per removed pair; its columns are :data:`HEADER`.

    Args:
        path: file to write.
        told: what each run tells; the score is that of its relation.
        labels: true classes (N,); without them ``same_class`` is empty.
        names: name of each image; default: its number.
        further: anchors that are always among those listed.
        captions: of image-text pairs, the text of each image, by which texts are called.
    """
    rows = [row for one in told for row in _rows(one, labels, names, further, captions)]
    text = io.StringIO(newline='')
    csv.writer(text).writerows([HEADER, *rows[:MAX_ROWS]])
    write_whole(path, text.getvalue())
    kept = rows[:MAX_ROWS]
    return Written(len(kept), len({(row[0], row[2]) for row in kept}), len(rows) - len(kept))


def _rows(told: Told, labels: np.ndarray | None, names: Sequence[str] | None, further: Sequence[int],
          captions: Sequence[str] | None) -> Iterator[tuple]:
    direction = getattr(told.relation, 'direction', '')
    of_anchor, of_removed = dict(image=(names, captions), text=(captions, names)).get(direction, (names, names))
    for anchor in anchors_to_list(told.relation, further):
        removed = told.relation.of(anchor)
        scores = [''] * len(removed.images) if removed.scores is None else [f'{score:.4f}' for score in removed.scores]
        for image, score in zip(removed.images.tolist(), scores, strict=True):
            same = '' if labels is None else 'yes' if labels[image] == labels[anchor] else 'no'
            yield told.run, told.epoch, _cell(of_anchor, anchor), _cell(of_removed, image), score, same


def _cell(names: Sequence[str] | Mapping[int, str] | None, image: int) -> str:
    """A name that no spreadsheet takes for a formula, without line breaks or other control characters."""
    if names is None:
        return str(image)
    text = ''.join(character if character.isprintable() else '\N{REPLACEMENT CHARACTER}' for character in str(names[image]))
    return f"'{text}" if text.startswith(('=', '+', '-', '@')) else text
