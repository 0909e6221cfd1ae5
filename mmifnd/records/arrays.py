"""Archives of arrays (``.npz``): written whole or not at all, read without believing what they say of their size."""

import math
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .names import array_paths

#: Above this many bytes, an archive that is compressed more than ``_MAX_RATIO`` times is taken for a bomb.
_LARGE, _MAX_RATIO = 1 << 30, 100


class RecordError(ValueError):
    """A file of a run is missing or damaged; the message is one line that names the file."""


def write_arrays(folder: Path, kind: str, epoch: int, arrays: Mapping[str, np.ndarray]) -> Path:
    """Write ``KIND_NNNN.npz`` of an epoch and return its path; those of later epochs, which a resumed run repeats, go.

    Not compressed: zlib would take more than a second for each million images and granularity.
    """
    folder.mkdir(parents=True, exist_ok=True)
    forget_arrays(folder, kind, epoch)
    partial, path = folder / f'{kind}.partial', folder / f'{kind}_{epoch:04d}.npz'
    with open(partial, 'wb') as file:
        np.savez(file, **arrays)
    partial.replace(path)
    return path


def forget_arrays(folder: Path, kind: str, epoch: int) -> None:
    """Remove the ``KIND_NNNN.npz`` of ``epoch`` and of all later ones."""
    for written, path in array_paths(folder, kind).items():
        if written >= epoch:
            path.unlink()


def read_arrays(path: Path, required: tuple[str, ...] = ()) -> dict[str, np.ndarray]:
    """All arrays of an ``.npz`` file; nothing is unpickled.

    Raises:
        RecordError: if the file is damaged, is larger when unpacked than it can be, or lacks a ``required`` array.
    """
    try:
        with open_archive(path) as archive:
            arrays = {key: archive[key] for key in archive.files}
    except RecordError:
        raise
    except (OSError, ValueError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        raise RecordError(f'{path}: damaged ({error}); delete it or write it again') from error
    missing = [key for key in required if key not in arrays]
    if missing:
        raise RecordError(f'{path}: {", ".join(missing)} missing; it holds {", ".join(sorted(arrays))}')
    return arrays


def open_archive(path: Path) -> np.lib.npyio.NpzFile:
    """Open an ``.npz`` file without reading its arrays; raises RecordError if it is none, or its sizes do not fit."""
    try:
        _check_sizes(path)
        archive = np.load(path, allow_pickle=False)
    except RecordError:
        raise
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise RecordError(f'{path}: not a readable .npz file; delete it or write it again') from error
    return archive


def _check_sizes(path: Path) -> None:
    """Compare what the header of each array claims with the bytes that there are, before any of it is allocated."""
    if not path.is_file():
        raise RecordError(f'{path}: no regular file')
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > max(_LARGE, _MAX_RATIO * path.stat().st_size):
            raise RecordError(f'{path}: {path.stat().st_size} bytes that unpack to {unpacked}; no run wrote this, delete it')
        for entry in archive.infolist():
            with archive.open(entry) as file:
                major, _ = np.lib.format.read_magic(file)
                read_header = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
                shape, _, dtype = read_header(file)
                claimed = file.tell() + math.prod(shape) * dtype.itemsize
            if claimed != entry.file_size and not dtype.hasobject:
                raise RecordError(f'{path}: damaged ({entry.filename} claims {claimed} bytes and has {entry.file_size}); '
                                  'delete it or write it again')
