"""Files that say which images belong together: same patient, video, product, caption."""

import csv
import io
import os.path as osp
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmifnd.files import MAX_BYTES
from mmifnd.records.arrays import RecordError, read_array

from .text_files import lines_of, read_text, shown

#: What spreadsheets and data frames write for "no group"; in lower case.
NO_GROUP = ('', 'nan', 'na', 'n/a', '<na>', '#n/a', 'none', 'null')
#: What may be between two columns; spreadsheets write semicolons where a comma is decimal.
DELIMITERS = (',', ';', '\t')
TABLES = ('.csv', '.tsv')
#: In place of a file: images of equal pixels are a group.
DUPLICATES = 'duplicates'


class GroupTable(NamedTuple):
    """What a file of groups says.

    Attributes:
        groups (dict[str, str]): group by path, with slashes.
        without (int): lines whose group is empty or nan.
    """

    groups: dict[str, str]
    without: int


def read_group_array(path: str | None, total: int) -> np.ndarray | None:
    """int64 (N,), the groups of ``total`` images in a ``.npy`` file; None without a path. Nothing in the file is executed.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it holds anything but one integer an image.
    """
    if path is None:
        return None
    file = _existing(path)
    try:
        groups = read_array(file)
    except RecordError as error:
        raise ValueError(f'groups={path} is no .npy file of integers ({error}); write it with numpy.save') from None
    if groups.shape != (total,) or not np.issubdtype(groups.dtype, np.integer):
        raise ValueError(f'groups={path} holds {groups.dtype} {groups.shape}; it must hold integers ({total},), one per image, '
                         '-1 if the group is unknown')
    return groups.astype(np.int64)


def read_group_table(path: str, path_column: str = 'path', group_column: str = 'group') -> GroupTable:
    """Group names by image path, from a ``.csv`` or ``.tsv`` with a line of column names, or a ``.txt`` of ``path group``.

    Columns are divided by commas, semicolons or tabs. Paths may begin with ``./`` or have backslashes. What is in
    :data:`NO_GROUP`, such as nothing or nan, is no group.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if columns are missing, the file is not UTF-8, or an image stands there with two groups.
    """
    file = _existing(path)
    rows = _csv_rows(file, path_column, group_column) if file.suffix.lower() in TABLES else _text_rows(file)
    table: dict[str, str] = {}
    without = 0
    for name, group in rows:
        if group.lower() in NO_GROUP:
            without += 1
        elif table.setdefault(name, group) != group:
            raise ValueError(f'groups={path} has {shown(name)} in two groups, {shown(table[name])} and {shown(group)}; keep '
                             'one')
    if not table:
        raise ValueError(f'groups={path} names no group; give lines of path and group')
    return GroupTable(table, without)


def _existing(path: str) -> Path:
    file = Path(path).expanduser()
    if not file.is_file():
        raise FileNotFoundError(f'groups={path} does not exist; name the file that says which images belong together')
    return file


def _csv_rows(file: Path, path_column: str, group_column: str) -> list[tuple[str, str]]:
    csv.field_size_limit(max(csv.field_size_limit(), MAX_BYTES))  # a path may be as long as it likes
    text = read_text(file, f'groups={file}')
    tables = [csv.DictReader(io.StringIO(text, newline=''), delimiter=delimiter) for delimiter in DELIMITERS]
    table = next((table for table in tables if {path_column, group_column} <= set(table.fieldnames or ())),
                 max(tables, key=lambda table: len(table.fieldnames or ())))
    missing = [column for column in (path_column, group_column) if column not in (table.fieldnames or ())]
    if missing:
        columns = ', '.join(table.fieldnames or ()) or 'nothing'
        raise ValueError(f'groups={file} has no column {missing[0]}, but {columns}; set path_column and group_column')
    columns = list(table.fieldnames or ())
    if twice := next((column for column in (path_column, group_column) if columns.count(column) > 1), None):
        raise ValueError(f'groups={file} has the column {shown(twice)!r} twice; remove one, or rename it')
    rows = []
    try:
        for row in table:
            name, group = row[path_column], row[group_column]
            if name is None or group is None:
                raise ValueError(f'line {table.line_num} of groups={file} has fewer columns than its first line; repair it')
            rows.append((_plain(name), group.strip()))
    except csv.Error as error:
        raise ValueError(f'groups={file} is no table: {error} near line {table.line_num}; repair it') from None
    return rows


def _text_rows(file: Path) -> list[tuple[str, str]]:
    rows = []
    for number, line in enumerate(lines_of(read_text(file, f'groups={file}')), 1):
        if line.strip():
            name, *group = line.strip().rsplit(maxsplit=1)
            if not group:
                raise ValueError(f'line {number} of groups={file} is {shown(line.strip())!r}; write path and group')
            rows.append((_plain(name), group[0]))
    return rows


def _plain(name: str) -> str:
    """A path with slashes, without ``./``."""
    return osp.normpath(name.strip().replace('\\', '/'))
