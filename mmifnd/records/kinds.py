"""What entries of records and arrays of archives can be: tables of kinds, shapes and ranges, and how they are compared."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mmifnd.text import shown

from .arrays import RecordError
from .names import epoch_of
from .scores import is_measure

#: The largest number of an array; what must be finite lies between it and its negative.
LARGEST = float(np.finfo(np.float64).max)
#: Kinds of numpy's dtypes, and how messages call them.
WHOLE, REAL, TEXT = 'iu', 'f', 'U'
_CALLED = {WHOLE: 'whole numbers', REAL: 'real numbers', TEXT: 'text'}


class Kind(NamedTuple):
    """What an array must be.

    Attributes:
        dtype: :data:`WHOLE`, :data:`REAL` or :data:`TEXT`.
        shape: its sizes; a name stands for one size in all arrays that are compared together, of at least 1 if it begins with
            a capital letter.
        low: the least value; None if any will do, also NaN and infinity.
        high: the largest value, where there is a least one.
    """

    dtype: str
    shape: tuple[str, ...] = ()
    low: float | None = None
    high: float = LARGEST


def check_arrays(path: Path, arrays: Mapping[str, np.ndarray], kinds: Mapping[str, Kind]) -> dict[str, int]:
    """Compare those of ``arrays`` that have a kind with it; what is not there is not missed.

    Returns:
        dict[str, int]: the sizes by their names.

    Raises:
        RecordError: naming the file, the array, what it is, and what is expected.
    """
    sizes: dict[str, int] = {}
    for name, kind in kinds.items():
        if name not in arrays:
            continue
        array = arrays[name]
        if array.dtype.kind not in kind.dtype or not _fits(array.shape, kind.shape, sizes):
            shape = ', '.join(str(sizes.get(size, size)) for size in kind.shape) + ',' * (len(kind.shape) == 1)
            raise RecordError(f'{path}: {name} {array.dtype} of shape {array.shape}, expected {_CALLED[kind.dtype]} of shape '
                              f'({shape})', path)
        if kind.low is not None and array.size:
            least, most = array.min().item(), array.max().item()
            if not kind.low <= least <= most <= kind.high:
                raise RecordError(f'{path}: {name} from {least} to {most}, expected {_range(kind)}', path)
    return sizes


def check_epoch(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Raise RecordError if the epoch of an archive is none, or not that of its name; an older one has none."""
    check_arrays(path, arrays, dict(epoch=Kind(WHOLE)))
    named = epoch_of(path)
    if 'epoch' in arrays and named is not None and arrays['epoch'] != named:
        raise RecordError(f'{path}: epoch {arrays["epoch"]}, expected {named} as its name says', path)


def _fits(shape: tuple[int, ...], names: tuple[str, ...], sizes: dict[str, int]) -> bool:
    """Whether a shape agrees with the sizes that are known; it then tells those that are not."""
    fits = len(shape) == len(names) and all(
        size == sizes.get(name, size) and (size or name[0].islower()) for name, size in zip(names, shape))
    if fits:
        sizes.update(zip(names, shape))
    return bool(fits)


def _range(kind: Kind) -> str:
    if kind.high < LARGEST:
        return f'values from {kind.low:g} to {kind.high:.15g}'
    return 'finite values' if kind.low == -LARGEST else f'values from {kind.low:g} on'


# --- entries of JSON ---------------------------------------------------------------------------------------------------


def is_whole(value: Any) -> bool:
    """Whether a value counts something."""
    return type(value) is int and 0 <= value < 1 << 53


def is_text(value: Any) -> bool:
    """Whether a value is a text that can be written into a file; a half of a surrogate pair cannot."""
    return isinstance(value, str) and not any('\ud800' <= char <= '\udfff' for char in value)


def is_level(value: Any) -> bool:
    """Whether a value is what a history says of a granularity."""
    return isinstance(value, dict) and is_whole(value.get('num_clusters')) and all(map(is_measure, value.values()))


def _all(is_one: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(is_one, value))


Rule = tuple[Callable[[Any], bool], str]
_WHOLE: Rule = (is_whole, 'a whole number from 0 on')
_MEASURE: Rule = (is_measure, 'a number, or null')
#: Entries of the files of :mod:`mmifnd.records.names` by key; whatever else they hold was measured.
RECORD: dict[str, Rule] = dict(
    epoch=_WHOLE, direction=(is_text, 'a text'), alarms=(_all(is_text), 'a list of texts'),
    rate=(lambda value: is_measure(value) and value is not None and 0 <= value <= 1, 'a share from 0 to 1'),
    granularities=(_all(is_level), 'a list of objects of numbers, each with a whole num_clusters'))
#: Entries of a training curve that are read; a log holds others too.
CURVE: dict[str, Rule] = dict(step=_WHOLE, epoch=_WHOLE, loss=_MEASURE, prototype_term=_MEASURE, mixup=_MEASURE)


def wrong_entry(entry: Mapping[str, Any], rules: Mapping[str, Rule], further: Rule | None = None) -> str | None:
    """What the first value says that is none of its rule, nor of ``further`` where it has none; None if all are right."""
    for key, value in entry.items():
        is_right, expected = rules.get(key) or further or (lambda value: True, '')
        if not is_right(value):
            return f'{shown(key)} is {shown(repr(value))}, expected {expected}'
    return None


def wrong_record(entry: Mapping[str, Any]) -> str | None:
    """What an entry of a record says that none can say; None if all is right."""
    return wrong_entry(entry, RECORD, _MEASURE)
