"""Emoji that several artists have drawn, with captions: real image-text pairs that need no network."""

import csv
import io
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch

from mmifnd.checks import check_choice
from mmifnd.records.arrays import RecordError, read_arrays
from mmifnd.registry import DATASETS

from .pairs import TensorPairs
from .text_files import read_text, shown
from .tokenizers import Tokenizer

#: The artists of each split: those of the validation and of the test drew nothing of the training set.
SPLITS = dict(train=('noto', 'twemoji', 'openmoji', 'noto_v1', 'fxemoji'), val=('emojione',), test=('fluent',))
TEXTS, LABELS = ('caption', 'name'), ('name', 'subgroup', 'group')
_SHIPPED = files('mmifnd').joinpath('datasets', 'emoji')
_COLUMNS = ('artist', 'emoji', 'name', 'subgroup', 'group', 'caption')


@DATASETS.register_module()
class EmojiPairs(TensorPairs):
    """Emoji as image-text pairs, split by artist: 200 names, 887 pairs to train on, 200 each of two further artists.

    A false negative is certain here: another artist's drawing of the same name. Captions are one to three of the emoji's name
    and tags; evaluation usually takes the name instead. The set that comes with the package was made, and a larger one can be
    made, by ``tools/dataset_converters/make_emoji.py``; every artist's licence is in ``mmifnd/datasets/emoji/LICENSES.md``.

    Args:
        split (str): ``'train'``, ``'val'`` or ``'test'``; see ``SPLITS``.
        tokenizer (dict): config of a tokenizer, such as ``dict(type='HashTokenizer')``.
        text (str): the ``'caption'``, or the ``'name'``.
        label (str): the emoji's ``'name'`` (200 of them), ``'subgroup'`` (70) or ``'group'`` (8), as Unicode has them.
        root (str, optional): folder with ``emoji.npz`` and ``emoji.csv``, ``openmoji.npz`` and ``openmoji.csv``; default: those
            of the package.
        artists (Sequence[str], optional): instead of those of the split.
        groups (str, optional): ``'caption'``: pairs that share a normalised caption are one group.

    Raises:
        FileNotFoundError: if a file is missing.
        ValueError: if an option is unknown, an artist has no drawing, or a table does not fit its images.
    """

    def __init__(self, split: str, tokenizer: dict | Tokenizer, text: str = 'caption', label: str = 'name',
                 root: str | None = None, artists: Sequence[str] | None = None, groups: str | None = None) -> None:
        check_choice('split', split, tuple(SPLITS), 'EmojiPairs')
        check_choice('text', text, TEXTS, 'EmojiPairs')
        check_choice('label', label, LABELS, 'EmojiPairs')
        images, rows = _read(Path(str(_SHIPPED)) if root is None else Path(root).expanduser())
        kept = _of_artists(rows, SPLITS[split] if artists is None else artists)
        classes = list(dict.fromkeys(row[label] for row in rows))
        number = {name: position for position, name in enumerate(classes)}
        built = TensorPairs.from_captions(
            torch.from_numpy(images[kept]).permute(0, 3, 1, 2), [rows[position][text] for position in kept], tokenizer,
            labels=torch.tensor([number[rows[position][label]] for position in kept]), classes=classes, groups=groups)
        self.__dict__.update(built.__dict__)


def _read(root: Path) -> tuple[np.ndarray, list[dict]]:
    """Images (N, H, W, 3) and their rows, of all artists."""
    images, rows = [], []
    for stem in ('emoji', 'openmoji'):
        for file in (root / f'{stem}.npz', root / f'{stem}.csv'):
            if not file.is_file():
                raise FileNotFoundError(f'{shown(str(file))} of EmojiPairs does not exist; make it by '
                                        'tools/dataset_converters/make_emoji.py, or leave root out')
        drawings, table = _images(root / f'{stem}.npz'), _table(root / f'{stem}.csv')
        if len(drawings) != len(table):
            raise ValueError(f'{stem}.npz in {shown(str(root))} holds {len(drawings)} images, but {stem}.csv {len(table)} '
                             'rows; make both anew')
        images.append(drawings)
        rows += table
    return np.concatenate(images), rows


def _images(file: Path) -> np.ndarray:
    try:
        return read_arrays(file, ('images',))['images']
    except RecordError as error:
        raise ValueError(f'{shown(str(file))} of EmojiPairs is no .npz with an array images ({error}); make it anew') from None


def _table(file: Path) -> list[dict]:
    reader = csv.DictReader(io.StringIO(read_text(file, shown(str(file))), newline=''))
    missing = [column for column in _COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        raise ValueError(f'{shown(str(file))} of EmojiPairs has no column {missing[0]}; it needs {", ".join(_COLUMNS)}')
    try:
        rows = list(reader)
    except csv.Error as error:
        raise ValueError(f'{shown(str(file))} of EmojiPairs is no table ({error}); make it anew') from None
    if short := next((row for row in rows if None in row or None in row.values()), None):
        raise ValueError(f'{shown(str(file))} of EmojiPairs: row {rows.index(short) + 1} has other columns than the first; '
                         'make it anew')
    return rows


def _of_artists(rows: list[dict], artists: Sequence[str]) -> np.ndarray:
    """Positions of the drawings of some artists, ascending."""
    known = list(dict.fromkeys(row['artist'] for row in rows))
    missing = [artist for artist in artists if artist not in known]
    if missing or not artists:
        raise ValueError(f'artists={list(artists)} of EmojiPairs: ' + (f'{missing[0]} has no drawing; there are '
                         f'{", ".join(known)}' if missing else f'name at least one of {", ".join(known)}'))
    return np.flatnonzero([row['artist'] in artists for row in rows])
