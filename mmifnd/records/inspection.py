"""What a look at the images before training found: a table, and small pictures of some of them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmifnd.files import write_by, write_whole
from mmifnd.foreign import read_json
from mmifnd.shortage import ShortageError

from .arrays import RecordError, read_arrays

#: In the work directory: the findings, for people and programs; and the pictures of the contact sheet.
FINDINGS, PICTURES = 'inspection.json', 'inspection.npz'


@dataclass(frozen=True)
class InspectionRecord:
    """A look at a folder of images, read back.

    Attributes:
        rows (list[tuple[str, str]]): of the table: what, and what was found.
        findings (dict): all of it, in plain values.
        pictures (ndarray): uint8 (n, 3, side, side), RGB.
        titles (list[str]): one per picture.
    """

    rows: list[tuple[str, str]]
    findings: dict[str, Any]
    pictures: np.ndarray
    titles: list[str]


def write_inspection(work_dir: str | Path, record: InspectionRecord) -> Path:
    """Write a record; the file of findings is returned."""
    work_dir = Path(work_dir)
    titles = np.array(record.titles, dtype=np.str_)
    write_by(work_dir / PICTURES, lambda file: np.savez_compressed(file, pictures=record.pictures, titles=titles))
    return write_whole(work_dir / FINDINGS, json.dumps(dict(rows=record.rows, **record.findings), indent=1))


def read_inspection(work_dir: str | Path) -> InspectionRecord | None:
    """The record of a run; None if it has none.

    Raises:
        RecordError: if a file is damaged.
    """
    path, pictures = Path(work_dir) / FINDINGS, Path(work_dir) / PICTURES
    if not path.is_file() or not pictures.is_file():
        return None
    try:
        findings = read_json(path)
        rows = [(str(what), str(found)) for what, found in findings.pop('rows')]
        arrays = read_arrays(pictures, ('pictures', 'titles'))
        images, titles = arrays['pictures'], arrays['titles'].tolist()
    except (ShortageError, RecordError):
        raise
    except (ValueError, KeyError, OSError, TypeError, AttributeError) as error:
        raise RecordError(f'{path} or {pictures.name} is damaged ({error}); inspect the images again') from None
    is_text = arrays['titles'].dtype.kind == 'U' and arrays['titles'].ndim == 1
    if images.dtype != np.uint8 or images.ndim != 4 or not is_text or len(images) != len(titles):
        raise RecordError(f'{pictures} holds {images.dtype} {images.shape} and {len(titles)} titles; inspect the images again')
    return InspectionRecord(rows, findings, images, titles)
