"""Whether files can be written into a place, asked before any work is done."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from .errors import UserError
from .files import ADDED, kind_of, obstacle_at, taken_place


def check_places(folder: str | Path, names: str) -> None:
    """Refuse what is no file in the places of files of ``names``, a regular expression, and a file in that of their folder.

    A link is none of it: :func:`write_whole` replaces it and leaves alone what it leads to.

    Raises:
        UserError: naming the first of them.
    """
    if obstacle := obstacle_at(Path(folder) / 'file'):
        raise obstacle
    for path in sorted(Path(folder).glob('*')):
        if re.fullmatch(names, path.name) and not (path.is_symlink() or path.is_file()):
            raise taken_place(path)


def check_folder(folder: str | Path, what: str | None = None) -> None:
    """Refuse a folder, which need not exist yet, if nothing can be written into it; call it before any work is done.

    Args:
        folder: in which files are to be written.
        what: how messages name it; default: the path.

    Raises:
        UserError: naming the folder, and the part of its path that is in the way.
    """
    what = str(folder) if what is None else what
    path = Path(folder).absolute()
    present = next(part for part in (path, *path.parents) if os.path.lexists(part))
    if not present.is_dir():
        raise UserError(f'{what} cannot be made: {present} is {kind_of(present, follow=False)}; give a folder')
    if not os.access(present, os.W_OK | os.X_OK):
        raise UserError(f'{what} cannot be written: there is no permission to write into {present}; give another folder')
    _check_lengths(path.relative_to(present).parts, present, what)


def make_folder(folder: str | Path) -> None:
    """Make a folder, if it does not exist, in which files are to be written.

    Raises:
        UserError: if it cannot be made, or nothing can be written into it.
    """
    check_folder(folder)
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f'{folder} cannot be made ({error.strerror}); give another folder') from error


def check_file(path: str | Path) -> None:
    """Refuse a file, which need not exist yet, if it cannot be written; call it before any work is done.

    Raises:
        UserError: naming what is in the way.
    """
    if os.path.isdir(path):
        raise taken_place(path)
    folder = Path(path).absolute().parent
    check_folder(folder)
    _check_lengths([Path(path).name], next(part for part in (folder, *folder.parents) if part.exists()), str(path), ADDED)


def _check_lengths(names: Iterable[str], folder: Path, what: str, added: int = 0) -> None:
    """Refuse names that, with the bytes that are added to them, are longer than the file system of ``folder`` takes."""
    try:
        limit = os.pathconf(folder, 'PC_NAME_MAX') - added
    except (OSError, ValueError):  # it does not say
        return
    longest = max((len(os.fsencode(name)) for name in names), default=0)
    if longest > limit:
        raise UserError(f'{what} cannot be written: a name in it has {longest} bytes, more than the {limit} that are possible '
                        'there; give a shorter one')
