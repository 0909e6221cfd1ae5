"""Archives of arrays (``.npz``): written whole or not at all, read without believing what they say of their size."""

import math
import os
import struct
import zipfile
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, Literal

import numpy as np

from mmifnd.errors import UserError
from mmifnd.files import UnreadableError, open_regular, write_by
from mmifnd.shortage import ShortageError, shortage_of
from mmifnd.text import shown

from .names import array_paths
from .run_lock import check_held

#: Above this many bytes, an archive that is compressed more than ``_MAX_RATIO`` times is taken for a bomb.
_LARGE, _MAX_RATIO = 1 << 30, 100
#: The end of a zip archive: signature, disks, entries on this disk and in all, size and place of the directory, comment.
_END = struct.Struct('<4s4H2LH')


class RecordError(UserError):
    """A file of a run is missing or damaged; the message is one line that names the file.

    Attributes:
        path (Path | None): the file, of an archive of arrays.
    """

    def __init__(self, message: str, path: str | Path | None = None) -> None:
        super().__init__(message)
        self.path = None if path is None else Path(path)


def write_arrays(folder: Path, kind: str, epoch: int, arrays: Mapping[str, np.ndarray]) -> Path:
    """Write ``KIND_NNNN.npz`` of an epoch and return its path; those of later epochs, which a resumed run repeats, go.

    Not compressed: zlib would take more than a second for each million images and granularity.
    """
    forget_arrays(folder, kind, epoch)
    return write_by(folder / f'{kind}_{epoch:04d}.npz', lambda file: np.savez(file, **arrays))


def forget_arrays(folder: Path, kind: str, epoch: int) -> None:
    """Remove the ``KIND_NNNN.npz`` of ``epoch`` and of all later ones, if no other run has taken over the folder."""
    check_held(folder / kind)
    for written, path in array_paths(folder, kind).items():
        if written >= epoch:
            path.unlink()


def read_arrays(path: str | Path, required: tuple[str, ...] = (),
                wanted: Container[str] | None = None) -> dict[str, np.ndarray]:
    """Read the arrays of an ``.npz`` file; nothing is unpickled.

    Args:
        path: of the file.
        required: names that must be there.
        wanted: names that are read; None for all.

    Raises:
        RecordError: if the file is damaged, is larger when unpacked than it can be, or lacks a ``required`` array.
    """
    with open_archive(path) as archive, _damage_named(path):
        arrays = {key: archive[key] for key in archive.files if wanted is None or key in wanted}
    missing = [key for key in required if key not in arrays]
    if missing:
        raise RecordError(f'{path}: {", ".join(missing)} missing; it holds {", ".join(sorted(arrays))}', path)
    return arrays


def open_archive(path: str | Path) -> np.lib.npyio.NpzFile:
    """Open an ``.npz`` file without reading its arrays; raises RecordError if it is none, or its sizes do not fit."""
    with _damage_named(path):
        with open_regular(path) as file:
            _check_sizes(path, file)
        return np.load(path, allow_pickle=False)


def read_array(path: str | Path, mmap_mode: Literal['r'] | None = None) -> np.ndarray:
    """Read a ``.npy`` file; nothing is unpickled, and its header is compared with its size first.

    Raises:
        RecordError: if it is damaged, or no array of plain values.
    """
    with _damage_named(path):
        with open_regular(path) as file:
            claimed, size = _claimed(file), os.fstat(file.fileno()).st_size
        if claimed != size:
            raise RecordError(f'{path}: damaged (it claims {claimed} bytes and has {size}); write it again', path)
        return np.load(path, mmap_mode=mmap_mode, allow_pickle=False)


@contextmanager
def _damage_named(path: str | Path) -> Iterator[None]:
    """Turn whatever a damaged file makes of numpy and zipfile into one line; a shortage of the machine is none of it."""
    try:
        yield
    except UnreadableError as error:
        raise RecordError(str(error), path) from error
    except (UserError, FileNotFoundError):
        raise
    except Exception as error:  # a header is parsed as Python, a pickle is refused, a name is no text
        if shortage := shortage_of(error):
            raise ShortageError.of(shortage, error) from error
        reason = ' '.join(str(error).split())[:200] or type(error).__name__
        raise RecordError(f'{path}: damaged, or no file of plain arrays ({reason}); delete it or write it again',
                          path) from error


def _counted_entries(file: BinaryIO, comment: int) -> int:
    """How many entries the end of an archive counts; a damaged entry can swallow the next one, which Python does not notice."""
    file.seek(-_END.size - comment, os.SEEK_END)
    return _END.unpack(file.read(_END.size))[4]


def _check_sizes(path: str | Path, file: BinaryIO) -> None:
    """Compare what the header of each array claims with the bytes that there are, before any of it is allocated."""
    size = os.fstat(file.fileno()).st_size
    with zipfile.ZipFile(file) as archive:
        counted, listed = _counted_entries(file, len(archive.comment)), len(archive.infolist())
        if counted != min(listed, 0xFFFF):  # larger counts stand elsewhere
            raise RecordError(f'{path}: damaged (it claims {counted} arrays and lists {listed}); delete it or write it again',
                              path)
        unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > max(_LARGE, _MAX_RATIO * size):
            raise RecordError(f'{path}: {size} bytes that unpack to {unpacked}; no run wrote this, delete it', path)
        names = [entry.filename.removesuffix('.npy') for entry in archive.infolist()]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise RecordError(f'{path}: damaged (it holds {shown(twice)} twice); delete it or write it again', path)
        for entry in archive.infolist():
            with archive.open(entry) as content:
                claimed = _claimed(content)
            if claimed != entry.file_size:
                raise RecordError(f'{path}: damaged ({shown(entry.filename)} claims {claimed} bytes and has '
                                  f'{entry.file_size}); delete it or write it again', path)


def _claimed(file: IO[bytes]) -> int:
    """Bytes that the header at the beginning of an array says that it has, with the header."""
    major, _ = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
    shape, _, dtype = read_header(file)
    if dtype.hasobject:
        raise ValueError('it holds objects, which are not unpickled')
    if math.prod(shape) and not dtype.itemsize:
        raise ValueError(f'its elements have no bytes, and it claims {math.prod(shape)} of them')
    return file.tell() + math.prod(shape) * dtype.itemsize
