"""Pairs in a table: CSV, TSV or JSON lines."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

from mmifnd.foreign import parse_json
from mmifnd.registry import DATASETS

from ..text_files import read_text, shown
from .caption_text import MAX_BYTES
from .pair_files import PairFiles, Row

#: A class that is given as a number; longer ones are names.
_NUMBER = re.compile('-?[0-9]{1,9}')
_JSON_LINES = ('.jsonl', '.ndjson', '.json')
#: A label is kept as a number of 64 bits, and counted up to the largest.
_MOST_CLASSES = 1 << 31
_SEPARATORS = {'.tsv': '\t', '.tab': '\t'}


@DATASETS.register_module()
class ImageTextTable(PairFiles):
    """Images and captions of a CSV or TSV file with a line of column names, or of a file with a JSON object on each line.

    A caption cell may hold a JSON list of captions. Optional columns: ``label`` (a class's number or name), ``group``, and
    ``split``. The file is UTF-8, with or without a byte order mark.

    Args:
        ann_file (str): ``.csv``, ``.tsv`` or ``.jsonl``.
        image_key (str): column of the image's path.
        caption_key (str): column of the caption.
        sep (str, optional): what separates columns; default: a tab in ``.tsv``, else a comma.
        split (str, optional): take only rows whose column ``split`` has this value.
        **kwargs: see :class:`PairFiles`.

    Raises:
        ValueError: if a column is missing, a row does not fit, or the split does not occur.
    """

    def __init__(self, ann_file: str, image_key: str = 'image', caption_key: str = 'caption', sep: str | None = None,
                 split: str | None = None, **kwargs) -> None:
        self.image_key, self.caption_key, self.sep, self.split = image_key, caption_key, sep, split
        super().__init__(ann_file, **kwargs)

    def read_rows(self) -> Iterator[Row]:
        """Rows of the split; class names are numbered in sorted order."""
        rows = list(self._of_split(self._records()))
        names = [record.get('label') for _, record in rows]
        for (line, _), name in zip(rows, names, strict=True):
            if not isinstance(name, (str, int, type(None))) or isinstance(name, int) and not -1 <= name < _MOST_CLASSES:
                raise ValueError(f'line {line} of {self.what} has {shown(repr(name))} for its label; give the number or the '
                                 'name of a class')
        labels = self._labels(names)
        for (line, record), label in zip(rows, labels, strict=True):
            group = record.get('group')
            yield Row(record[self.image_key], _captions(record[self.caption_key]), line, label,
                      None if group in (None, '') else str(group))

    def _records(self) -> Iterator[tuple[int, dict]]:
        """Line number and columns of each row."""
        text = read_text(self.ann_file, self.what)
        suffix = Path(self.ann_file).suffix.lower()
        separator = self.sep or _SEPARATORS.get(suffix, ',')
        records = self._json_lines(text) if suffix in _JSON_LINES else self._table(text, separator)
        for line, record in records:
            missing = [key for key in (self.image_key, self.caption_key) if key not in record]
            if missing:
                raise ValueError(f'line {line} of {self.what} has no {missing[0]!r}, but {", ".join(map(str, record))}; set '
                                 'image_key and caption_key')
            yield line, record

    def _table(self, text: str, separator: str) -> Iterator[tuple[int, dict]]:
        csv.field_size_limit(max(csv.field_size_limit(), 4 * MAX_BYTES))
        reader = csv.DictReader(io.StringIO(text, newline=''), delimiter=separator, strict=True)
        columns = reader.fieldnames or []
        self._check_columns(columns, separator)
        try:
            for record in reader:
                if None in record:
                    raise ValueError(f'line {reader.line_num} of {self.what} has more than its {len(columns)} columns; quote '
                                     f'what contains {separator!r}')
                yield reader.line_num, {key: '' if value is None else value for key, value in record.items()}
        except csv.Error as error:
            raise ValueError(f'{self.what} cannot be read after line {reader.line_num}: {error}; is a quotation mark '
                             'missing?') from None

    def _check_columns(self, columns: list[str], separator: str) -> None:
        missing = [key for key in (self.image_key, self.caption_key) if key not in columns]
        if not missing:
            if len(set(columns)) < len(columns):
                twice = next(name for name in columns if columns.count(name) > 1)
                raise ValueError(f'{self.what} has the column {shown(twice)!r} twice; remove one, or rename it')
            return
        if not columns:
            raise ValueError(f'{self.what} is empty; its first line must name the columns {self.image_key} and '
                             f'{self.caption_key}')
        other = next((mark for mark in '\t;,|' if mark != separator and len(columns) == 1 and mark in columns[0]), '')
        hint = f'the columns seem to be separated by {other!r}: set sep' if other else 'set image_key and caption_key'
        raise ValueError(f'{self.what} has no column {missing[0]!r}, but {", ".join(shown(name) for name in columns)}; {hint}')

    def _json_lines(self, text: str) -> Iterator[tuple[int, dict]]:
        for line, content in enumerate(text.split('\n'), 1):
            if not content.strip():
                continue
            record = parse_json(content, f'line {line} of {self.what}')
            if not isinstance(record, dict):
                raise ValueError(f'line {line} of {self.what} is a {type(record).__name__}; write an object on each line, with '
                                 f'{self.image_key!r} and {self.caption_key!r}')
            yield line, record

    def _of_split(self, records: Iterator[tuple[int, dict]]) -> Iterator[tuple[int, dict]]:
        if self.split is None:
            yield from records
            return
        splits, kept = set(), 0
        for line, record in records:
            if 'split' not in record:
                raise ValueError(f'split={self.split!r}, but line {line} of {self.what} has no column split; leave split out')
            splits.add(str(record['split']))
            if str(record['split']) == self.split:
                kept += 1
                yield line, record
        if not kept:
            raise ValueError(f'split={self.split!r} does not occur in {self.what}; it has '
                             f'{", ".join(sorted(splits)) or "no rows"}')

    def _labels(self, names: list) -> list[int | None]:
        """Numbers as they are; names by their place in sorted order, which then are the classes."""
        if all(name in (None, '') for name in names):
            return [None] * len(names)
        numbers = [_number(name) for name in names]
        if None not in numbers:
            return numbers
        classes = sorted({str(name) for name in names if name not in (None, '')})
        self._metainfo['classes'] = tuple(classes)
        place = {name: number for number, name in enumerate(classes)}
        return [place.get(str(name), -1) for name in names]


def _captions(cell) -> list:
    """The captions of a cell: one text, or a list, also one in JSON."""
    if isinstance(cell, list):
        return list(cell)
    if isinstance(cell, str) and cell.lstrip().startswith('['):
        try:
            texts = json.loads(cell)
        except (ValueError, RecursionError):
            return [cell]
        return texts if isinstance(texts, list) and all(isinstance(text, str) for text in texts) else [cell]
    return [cell]


def _number(name) -> int | None:
    """A class that is given as a number; no label counts as -1."""
    if name in (None, ''):
        return -1
    if isinstance(name, int) and not isinstance(name, bool):
        return name
    return int(name) if isinstance(name, str) and _NUMBER.fullmatch(name.strip()) else None
