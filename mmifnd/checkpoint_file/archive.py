"""What an archive of torch says of itself, compared with what it holds, before torch believes it."""

import pickle
import zipfile
from typing import Any, BinaryIO

from mmifnd.text import shown

#: Bytes of an element of each kind of storage, by its name.
_ITEM = dict(DoubleStorage=8, FloatStorage=4, HalfStorage=2, BFloat16Storage=2, LongStorage=8, IntStorage=4, ShortStorage=2,
             CharStorage=1, ByteStorage=1, BoolStorage=1, ComplexDoubleStorage=16, ComplexFloatStorage=8, UntypedStorage=1,
             QInt8Storage=1, QUInt8Storage=1, QInt32Storage=4)
_FOLDER = 0x10  # DOS attribute of an entry; torch gives uninitialised memory for it
#: Bytes of the pickle that says how records become tensors; one of a million tensors has less.
_MAX_PICKLE = 1 << 28


def archive_problem(file: BinaryIO, checks_records: bool) -> str:
    """What is wrong with an archive, in words; '' if nothing is.

    Args:
        file: open, of an archive.
        checks_records: also compute the checksum of each record; a seal has told already.
    """
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        for entry in entries:
            if problem := _entry_problem(entry):
                return f'{shown(entry.filename)} {problem}'
        names = {entry.filename.lower() for entry in entries}  # torch does not tell DATA.PKL from data.pkl
        if len(names) < len(entries) or len({name.partition('/')[0] for name in names}) > 1:
            return 'its records have the same name, or are in several folders'
        if checks_records and (record := archive.testzip()):
            return f'wrong checksum of {shown(record)}'
        return _storage_problem(archive)


def legacy_problem(file: BinaryIO) -> str:
    """What is wrong with a file of the format before archives, in words: a storage that claims more bytes than the file has."""
    size = file.seek(0, 2)
    file.seek(0)
    try:
        for _ in range(4):  # magic number, protocol, system, content
            _Storages(file, {}, size).load()
    except _Mismatch as error:
        return str(error)
    except Exception:  # no such file; torch says what it is
        return ''
    return ''


def _entry_problem(entry: zipfile.ZipInfo) -> str:
    if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
        return 'is compressed, which torch.save never does'
    if entry.external_attr & _FOLDER or entry.is_dir() or entry.flag_bits & 1:
        return 'is no record of bytes'
    return ''


def _storage_problem(archive: zipfile.ZipFile) -> str:
    """Compare the number of elements that the pickle claims for each storage with the bytes of its record."""
    description = next((entry for entry in archive.infolist() if entry.filename.endswith('/data.pkl')), None)
    if description is None:
        return 'it has no data.pkl'
    if description.file_size > _MAX_PICKLE:
        return f'its data.pkl has {description.file_size} bytes'
    folder = description.filename.removesuffix('data.pkl')
    sizes = {entry.filename.removeprefix(f'{folder}data/'): entry.file_size for entry in archive.infolist()}
    with archive.open(description) as file:
        try:
            _Storages(file, sizes).load()
        except _Mismatch as error:
            return str(error)
    return ''


class _Mismatch(Exception):
    pass


class _Inert:
    """Stands for whatever a pickle names: takes anything, does nothing."""

    def __new__(cls, *args: Any, **kwargs: Any) -> '_Inert':
        return object.__new__(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __call__(self, *args: Any, **kwargs: Any) -> '_Inert':
        return self

    def __setstate__(self, state: Any) -> None:
        pass

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def append(self, value: Any) -> None:
        """Take an item of a list."""

    def extend(self, values: Any) -> None:
        """Take items of a list."""

    def add(self, value: Any) -> None:
        """Take an item of a set."""


class _Storages(pickle._Unpickler):
    """Reads a pickle without importing or executing anything, and looks at the storages that it asks for.

    It is the one in Python, since the one in C allocates as much memory as the number of a memo says.
    """

    def __init__(self, file, sizes: dict[str, int], total: int | None = None) -> None:
        super().__init__(file, encoding='utf-8')
        self._sizes, self._total = sizes, total

    def find_class(self, module: str, name: str) -> Any:
        """Stand in for any class or function, under its name."""
        return type(name, (_Inert,), dict(__module__=module))

    def persistent_load(self, pid: Any) -> None:
        """Check the description of a storage: ('storage', type, key, device, number of elements)."""
        if not isinstance(pid, tuple) or len(pid) < 5 or not isinstance(pid[4], int) or not isinstance(pid[1], type):
            return  # torch refuses it
        _, kind, key, _, count, *_ = pid
        if self._total is not None:
            if count * _ITEM.get(kind.__name__, 1) > self._total:
                raise _Mismatch(f'storage {shown(str(key))} claims {count} elements and the file has {self._total} bytes')
            return
        size, item = self._sizes.get(str(key)), _ITEM.get(kind.__name__)
        if size is None:
            raise _Mismatch(f'record data/{shown(str(key))} is missing')
        if item is not None and count * item != size:
            raise _Mismatch(f'record data/{shown(str(key))} has {size} bytes and claims {count * item}')
