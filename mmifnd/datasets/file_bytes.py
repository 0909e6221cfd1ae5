"""The bytes of an image file: regular files of a bounded size, and what a shortage of the machine is not."""

import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from mmengine import fileio

from mmifnd.shortage import ShortageError, shortage_of

#: Bytes of a file that are read at most, 1 GiB.
MAX_BYTES = 2**30

#: Seconds before another try of what the machine was short of.
PAUSES = (0.1, 1.)

Result = TypeVar('Result')


class BrokenImageError(ValueError):
    """A file that is no image, a damaged one, or one that is too large.

    Args:
        reason (str): what is wrong with the image, without the name of its file.
        path (str, optional): of the file; the message begins with it.

    Example:
        >>> print(BrokenImageError('the file is empty', 'cats/1.png'))
        cats/1.png: the file is empty
    """

    def __init__(self, reason: str, path: str | None = None) -> None:
        super().__init__(reason if path is None else f'{path}: {reason}')
        self.reason, self.path = reason, path


class TooLargeError(BrokenImageError):
    """An image beyond a limit, which may be raised."""


@contextmanager
def named(path: str | None) -> Iterator[None]:
    """Let a :class:`BrokenImageError` that is raised within name its file."""
    try:
        yield
    except BrokenImageError as error:
        if error.path is not None or path is None:
            raise
        raise type(error)(error.reason, path) from error.__cause__


def reason_of(error: BaseException) -> str:
    """What is wrong with an image, in one line without the name of its file, which the caller names."""
    reason = error.reason if isinstance(error, BrokenImageError) else getattr(error, 'strerror', None) or str(error)
    return ' '.join(reason.split()) or type(error).__name__


def read_bytes(path: str, backend_args: dict | None = None, max_bytes: int = MAX_BYTES) -> bytes:
    """The content of a file.

    Raises:
        BrokenImageError: if it is no regular file, is empty, or has more than ``max_bytes``; nothing is read then.
        OSError: if it cannot be read.
    """
    if '://' not in path and backend_args is None:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise BrokenImageError('it is no regular file; list images only', path)
        if status.st_size > max_bytes:
            raise TooLargeError(f'the file has {status.st_size} bytes, more than the {max_bytes} that an image may have', path)
        with open(path, 'rb') as file:
            content = file.read()
    else:
        content = fileio.get(path, backend_args=backend_args)
    if not content:
        raise BrokenImageError('the file is empty', path)
    return content


def tried_again(read: Callable[[], Result], pauses: tuple[float, ...] = PAUSES) -> Result:
    """Call ``read``; after a failure once more, and after a shortage of the machine once after each of ``pauses``.

    Raises:
        ShortageError: if the machine is still short of something.
        Exception: of the second try, if the file itself fails twice.
    """
    has_failed = False
    waits = iter(pauses)
    while True:
        try:
            return read()
        except Exception as error:
            shortage = shortage_of(error)
            if shortage is None and has_failed:
                raise
            if shortage is not None:
                pause = next(waits, None)
                if pause is None:
                    raise ShortageError.of(shortage, error) from error
                time.sleep(pause)
            else:
                has_failed = True
