"""The seal of a checkpoint: size and checksum of the whole file, in the comment at its end.

torch writes a zip archive with a checksum for each record, which it never looks at again, and none for what holds the records
together. A seal covers every byte. Any reader of zip archives skips the comment, torch as well.
"""

import os
import re
import zlib
from collections.abc import Iterator
from io import BufferedIOBase

#: The last record of a zip archive without a comment; its last two bytes are the length of the comment.
_END, _END_SIZE = b'PK\5\6', 22
_COMMENT = 'mmifnd seal 1 size={size:020d} crc32={crc:08x}'
_PATTERN = re.compile(rb'mmifnd seal 1 size=([0-9]{20}) crc32=([0-9a-f]{8})')
_LENGTH = len(_COMMENT.format(size=0, crc=0))
_CHUNK = 1 << 22


def is_archive(content: bytes) -> bool:
    """Whether bytes are a zip archive as torch writes it: without a comment."""
    return content[:4] == b'PK\3\4' and content[-_END_SIZE:][:4] == _END and content[-2:] == b'\0\0'


def sealed(content: bytes) -> Iterator[bytes]:
    """Pieces of a file: an archive that torch wrote, and its seal. Other content stays as it is.

    Example:
        >>> import io, torch
        >>> file = io.BytesIO()
        >>> torch.save(dict(weight=torch.ones(2)), file)
        >>> whole = b''.join(sealed(file.getvalue()))
        >>> whole[-54:].decode()[:13], torch.load(io.BytesIO(whole), weights_only=True)
        ('mmifnd seal 1', {'weight': tensor([1., 1.])})
    """
    if not is_archive(content):
        yield content
        return
    body = memoryview(content)[:-2]
    yield body
    seal = _COMMENT.format(size=len(body) + 2 + _LENGTH, crc=zlib.crc32(body)).encode()
    yield len(seal).to_bytes(2, 'little') + seal


def seal_problem(file: BufferedIOBase) -> str | None:
    """What is wrong with a sealed archive, in words; '' if nothing is; None if the archive has no seal.

    Args:
        file: open, of an archive.
    """
    size = os.fstat(file.fileno()).st_size
    file.seek(max(0, size - 2 - _LENGTH))
    end = file.read()
    seal = _PATTERN.fullmatch(end[2:])
    if seal is None:
        plain = end[-_END_SIZE:][:4] == _END and end[-2:] == b'\0\0'
        return None if plain else 'its end is missing or changed'
    if int.from_bytes(end[:2], 'little') != _LENGTH or int(seal[1]) != size:
        return f'it has {size} bytes and should have {int(seal[1])}'
    return '' if _crc(file, size - 2 - _LENGTH) == int(seal[2], 16) else 'wrong checksum of the whole'


def _crc(file: BufferedIOBase, count: int) -> int:
    file.seek(0)
    value, left, buffer = 0, count, bytearray(_CHUNK)
    while left:
        read = file.readinto(memoryview(buffer)[:min(left, _CHUNK)])
        if not read:
            break
        value, left = zlib.crc32(memoryview(buffer)[:read], value), left - read
    return value
