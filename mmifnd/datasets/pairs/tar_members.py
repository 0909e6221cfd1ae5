"""The members of an uncompressed tar file, found by its headers alone."""

import io
import os
import tarfile
from collections.abc import Iterator
from typing import NamedTuple

from mmifnd.files import open_regular

BLOCK = 512
#: Bytes of a header with a long name or attributes.
_MOST_OF_HEADER = 1 << 24
_COMPRESSED = {b'\x1f\x8b': 'gzip', b'BZ': 'bzip2', b'\xfd7': 'xz', b'\x28\xb5': 'zstd'}
_REGULAR, _FOLDER = (b'0', b'\0'), b'5'


class Member(NamedTuple):
    """A regular file of an archive.

    Attributes:
        name (str): as the archive has it.
        offset (int): of its content, in bytes from the start of the archive.
        size (int): of its content, in bytes.
    """

    name: str
    offset: int
    size: int


def members_of(path: str) -> list[Member]:
    """Regular files in the order of the archive; nothing is unpacked, and contents are not read.

    Raises:
        ValueError: if the archive is compressed, cut off, damaged or no tar file, or a name leaves it.
    """
    total = os.path.getsize(path)
    with open_regular(path) as file:
        start = file.read(2)
        if start in _COMPRESSED:
            raise ValueError(f'{path} is compressed ({_COMPRESSED[start]}) and cannot be read at random; unpack it to a '
                             'plain tar first')
        members = _plain_members(file.fileno(), path, total)
    if members is None:
        members = _members_by_library(path)
    for member in members:
        _check(member, path, total)
    return members


def _plain_members(descriptor: int, path: str, total: int) -> list[Member] | None:
    """Members of an archive of plain headers; None if some are of a kind that only the standard library knows."""
    members, offset = [], 0
    while True:
        header = os.pread(descriptor, BLOCK, offset)
        if len(header) < BLOCK:
            raise ValueError(f'{path} is cut off after {total} bytes, or no tar file; fetch it again')
        kind = header[156:157]
        if not header.rstrip(b'\0'):
            return members
        if _octal(header[148:156]) != sum(header) - sum(header[148:156]) + 8 * ord(' '):
            raise ValueError(f'{path} is damaged at byte {offset}, or no tar file; fetch it again')
        size = _octal(header[124:136])
        if kind not in (*_REGULAR, _FOLDER) or size is None:
            return None
        if kind in _REGULAR:
            members.append(Member(_name(header), offset + BLOCK, size))
        offset += BLOCK + -(-size // BLOCK) * BLOCK


class _Bounded(io.BufferedReader):
    """A file of which tarfile reads headers only, so no more at a time than a header can have."""

    def read(self, size: int | None = -1) -> bytes:
        """Read up to ``size`` bytes; raises ValueError if they are far too many."""
        if size is None or not 0 <= size <= _MOST_OF_HEADER:
            raise ValueError(f'a header claims {size} bytes')
        return super().read(size)


def _members_by_library(path: str) -> list[Member]:
    try:
        with _Bounded(io.FileIO(path)) as file, tarfile.open(fileobj=file, mode='r:') as archive:
            return [Member(entry.name, entry.offset_data, entry.size) for entry in _forward(archive) if entry.isfile()]
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        raise ValueError(f'{path} is damaged or cut off ({error}); fetch it again') from None


def _forward(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The entries of an archive; a size below 0 would lead back to an earlier one, for ever."""
    last = -1
    for entry in archive:
        if entry.size < 0 or entry.offset <= last or entry.issparse():
            raise ValueError(f'{entry.name!r} has {entry.size} bytes, or holes')
        last = entry.offset
        yield entry


def _check(member: Member, path: str, total: int) -> None:
    if not 0 <= member.size <= total - member.offset:
        raise ValueError(f'{path} is cut off in {member.name!r} after {total} bytes; fetch it again')
    if member.name.startswith(('/', '\\')) or '..' in member.name.replace('\\', '/').split('/'):
        raise ValueError(f'{path} has a member {member.name!r}, whose path is absolute or leaves the archive; remove it')


def _name(header: bytes) -> str:
    name = header[:100].split(b'\0', 1)[0].decode('utf-8', 'surrogateescape')
    prefix = header[345:500].split(b'\0', 1)[0] if header[257:265] == b'ustar\x0000' else b''
    return f'{prefix.decode("utf-8", "surrogateescape")}/{name}' if prefix else name


def is_header_of(header: bytes, size: int) -> bool:
    """Whether a block is the header of a regular file of ``size`` bytes."""
    return len(header) == BLOCK and header[156:157] in _REGULAR and _octal(header[124:136]) == size


def _octal(field: bytes) -> int | None:
    """A number of a header; None if it is not written in octal digits."""
    digits = field.strip(b' \0')
    return int(digits or b'0', 8) if not digits.strip(b'01234567') else None
