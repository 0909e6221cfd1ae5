"""Which checkpoint of a folder a run goes on from."""

from collections.abc import Callable
from pathlib import Path

from mmifnd.checkpoint_file import damage_of
from mmifnd.errors import UserError
from mmifnd.files import read_regular
from mmifnd.shortage import ShortageError

from .checkpoint_format import load_plain

#: The file that names the newest checkpoint.
LAST = 'last_checkpoint'


def newest_sound_checkpoint(folder: str | Path, report: Callable[[str], None]) -> Path | None:
    """The newest checkpoint of ``folder`` that can be read to its last byte; None if none was made.

    The newest is the one that ``last_checkpoint`` names, even if the folder was moved. Where it is damaged, or there is
    no such file, the others are tried from the last step on; older runs in the same folder that went further are not.

    Args:
        report: called with a line for each checkpoint that is passed over.

    Raises:
        UserError: if all are damaged.
    """
    folder = Path(folder)
    named, passed_over = _named(folder), 0
    for path in [*([named] if named else []), *_others(folder, named)]:
        damage = damage_of(path)
        if not damage:
            return path
        report(f'{damage}; it is passed over')
        passed_over += 1
    if passed_over:
        raise UserError(f'none of the {passed_over} checkpoints in {folder} can be read; begin anew, without --resume')
    return None


def _named(folder: Path) -> Path | None:
    try:
        text = read_regular(folder / LAST, max_bytes=1 << 16).decode().strip()
    except ShortageError:
        raise
    except (OSError, ValueError):
        return None
    if not text.isprintable() or not text:
        return None
    here, there = folder / Path(text).name, Path(text)  # the first, even if the folder was moved
    try:
        return here if here.is_file() or not there.is_file() else there
    except OSError:  # a name that no file can have
        return None


def _others(folder: Path, named: Path | None) -> list[Path]:
    """Checkpoints of earlier steps than ``named``, the last step first; all where ``named`` is None."""
    limit = _number(named) if named else None
    places = []
    for path in folder.glob('*_*.pth'):
        place = None if path == named or _number(path) is None else _place(path)
        if place is not None and (limit is None or place[limit[0]] < limit[1]):
            places.append((place['iter'], place['epoch'], path))
    return [path for *_, path in sorted(places, reverse=True)]


def _number(path: Path) -> tuple[str, int] | None:
    """('epoch', 3) of epoch_3.pth; None for another name."""
    unit, _, number = path.stem.rpartition('_')
    return (unit, int(number)) if unit in ('epoch', 'iter') and number.isdecimal() else None


def _place(path: Path) -> dict[str, int]:
    """Epoch and step of a checkpoint; 0 of a damaged one, which is tried last."""
    try:
        meta = load_plain(str(path), map_location='meta')['meta']
        return dict(epoch=int(meta['epoch']), iter=int(meta['iter']))
    except ShortageError:
        raise
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return dict(epoch=0, iter=0)
