"""Files that somebody else may have made are read with a limit, and our own are written whole or not at all."""

import errno
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from .errors import UserError
from .shortage import ShortageError, shortage_of
from .text import shown

#: Bytes of a text, a list or a table that are read at most, 1 GiB.
MAX_BYTES = 1 << 30
#: Errors of a disk that takes no more.
FULL_DISK = (errno.ENOSPC, errno.EDQUOT)
#: Errors of a place into which this user must not write, or nobody.
NO_PERMISSION = (errno.EACCES, errno.EPERM, errno.EROFS)
#: The end of the name of a file that is being written; eight letters, so that no two of them share one.
_PARTIAL = r'\.[a-z0-9_]{8}\.partial'
#: Bytes that it adds.
ADDED = 17


class FullDiskError(UserError, OSError):
    """A file could not be written since the disk, or a quota, is full; nothing of it was left."""


class UnreadableError(UserError, OSError):
    """A file could not be read: there is no permission, or no file can have such a name."""


class UnwritableError(UserError, OSError):
    """A file could not be written since there is no permission."""


def open_regular(path: str | Path, what: str | None = None) -> BinaryIO:
    """Open a file for reading, if it is a regular one: a FIFO would wait for its writer, ``/dev/zero`` never ends.

    Args:
        path: of the file.
        what: how messages name it; default: the path.

    Raises:
        FileNotFoundError: if it does not exist.
        UserError: if it is a folder, a device, a FIFO or a socket.
        UnreadableError: if there is no permission, or its name is too long.
        OSError: if it cannot be opened.
    """
    what = str(path) if what is None else what
    try:
        os.stat(path)
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # the last of a name with a zero byte
        raise FileNotFoundError(errno.ENOENT, f'{what} does not exist') from None
    except OSError as error:
        if error.errno in NO_PERMISSION:
            raise UnreadableError(f'{what} cannot be read ({error.strerror}); give a file that this user may read') from error
        if error.errno == errno.ENAMETOOLONG:
            raise UnreadableError(f'{shown(what)} has a name that is too long for a file; give a shorter one') from error
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UserError(f'{what} is {kind_of(path)}, no regular file; give a file')
    return open(handle, 'rb')


def read_regular(path: str | Path, what: str | None = None, max_bytes: int = MAX_BYTES) -> bytes:
    """The content of a regular file of at most ``max_bytes``; the size is looked at before anything is read.

    Raises:
        FileNotFoundError: if it does not exist.
        UserError: if it is no regular file, or larger.
        ShortageError: if the machine is short of something.
        OSError: if it cannot be read.
    """
    what = str(path) if what is None else what
    try:
        with open_regular(path, what) as file:
            size = os.fstat(file.fileno()).st_size
            if size > max_bytes:
                raise UserError(f'{what} has {size} bytes, more than the {max_bytes} that are read; give a smaller file')
            return file.read(max_bytes)
    except OSError as error:
        if shortage := shortage_of(error):
            raise ShortageError.of(shortage, error) from error
        raise


def open_own(path: str | Path, flags: int) -> int:
    """Open a file that we write in place, for ``open(..., opener=open_own)``: neither a link is followed nor a FIFO waited for.

    Raises:
        UserError: if a link, a folder, a device, a FIFO or a socket stands there.
        OSError: if it cannot be opened.
    """
    try:
        handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    except OSError:
        if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
            raise taken_place(path) from None
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise taken_place(path)
    return handle


def is_inside(path: object) -> bool:
    """Whether a path that a file names is relative and does not lead out of its folder.

    Example:
        >>> is_inside('ifnd/seed_0'), is_inside('../other'), is_inside('/etc'), is_inside(5)
        (True, False, False, False)
    """
    if not isinstance(path, str) or not path or '\0' in path or os.path.isabs(path):
        return False
    return not os.path.normpath(path).startswith('..')


def write_whole(path: str | Path, content: bytes | str | Iterable[bytes], flush: bool = False) -> Path:
    """Write a file beside its place and rename it: whoever reads it finds the old content or the new, never a part.

    Args:
        path: of the file; its folder is made if it does not exist.
        content: bytes, text (UTF-8), or pieces of bytes.
        flush: to the disk, file and folder, so that a power cut does not undo it either.

    Returns:
        Path: ``path``.

    Raises:
        FullDiskError: if there is no room; nothing of the file is left.
        UnwritableError: if there is no permission.
        UserError: if a folder stands there, or a file in the place of its folder.
        OSError: if it cannot be written.
    """
    content = content.encode('utf-8', 'surrogateescape') if isinstance(content, str) else content
    pieces = (content,) if isinstance(content, (bytes, bytearray, memoryview)) else content
    return write_by(path, lambda file: file.writelines(pieces), flush)


def write_by(path: str | Path, write: Callable[[BinaryIO], object], flush: bool = False) -> Path:
    """Write a file as :func:`write_whole` does, by a function that puts its content into an open file."""
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(prefix=f'{path.name}.', suffix='.partial', dir=path.parent)
        try:
            with open(handle, 'wb') as file:
                write(file)
                os.fchmod(handle, _mode())
                file.flush()
                if flush:
                    os.fsync(handle)
            os.replace(partial, path)
        except BaseException:
            Path(partial).unlink(missing_ok=True)  # on a full disk, the room is needed
            raise
    except OSError as error:
        if error.errno in FULL_DISK:
            raise full_disk(path, error) from error
        if obstacle := obstacle_at(path):
            raise obstacle from error
        if error.errno in NO_PERMISSION:
            raise UnwritableError(f'{path} cannot be written ({error.strerror}); choose another place') from error
        raise
    if flush:
        _flush_folder(path.parent)
    return path


def remove_partials(folder: str | Path, names: str) -> None:
    """Remove what kills have left half-written in a folder of the files of ``names``, a regular expression."""
    partial = re.compile(f'(?:{names}){_PARTIAL}')
    for path in Path(folder).glob('*.partial'):
        if partial.fullmatch(path.name) and stat.S_ISREG(path.lstat().st_mode):
            path.unlink(missing_ok=True)


def append_line(path: str | Path, line: str) -> None:
    """Add a line to a file, whole or not at all.

    Raises:
        FullDiskError: if there is no room.
        UserError: if something other than a regular file stands there.
    """
    content = line.encode('utf-8', 'surrogateescape') + b'\n'
    handle = open_own(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        before = os.fstat(handle).st_size
        try:
            written = os.write(handle, content)
            if written < len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            os.ftruncate(handle, before)
            if error.errno in FULL_DISK:
                raise full_disk(path, error) from error
            raise
    finally:
        os.close(handle)


def full_disk(path: str | Path, error: OSError) -> FullDiskError:
    """The error for a file that found no room."""
    return FullDiskError(f'{path} could not be written ({error.strerror or error}) and was left out; free some room on '
                         f'{Path(path).absolute().parent}, then run the command again (a training with --resume)')


def _mode() -> int:
    """What a new file would have; a temporary one is its owner's alone."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def kind_of(path: str | Path, follow: bool = True) -> str:
    """What stands at a path, in words; a link itself, if it is not to be followed."""
    mode = os.stat(path, follow_symlinks=follow).st_mode
    kinds = ((stat.S_ISREG, 'a file'), (stat.S_ISDIR, 'a folder'), (stat.S_ISFIFO, 'a FIFO'), (stat.S_ISSOCK, 'a socket'),
             (stat.S_ISLNK, 'a link'))
    return next((name for test, name in kinds if test(mode)), 'a device')


def taken_place(path: str | Path) -> UserError:
    """The error for something other than a file in the place of one."""
    return UserError(f'{path} is {kind_of(path, follow=False)}, and a file is to be written there; move it away, then run the '
                     'command again')


def obstacle_at(path: Path) -> UserError | None:
    """What stands in the place of a file, or of one of its folders."""
    if path.is_dir():
        return taken_place(path)
    nearest = next(parent for parent in path.absolute().parents if os.path.lexists(parent))
    if nearest.is_dir():
        return None
    return UserError(f'{nearest} is no folder, and {path.name} is to be written into it; move it away, then run the command '
                     'again')


def _flush_folder(folder: Path) -> None:
    """Without it, a power cut may undo the renaming."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
