"""What a machine can be short of: memory, open files, a disk that answers. None of it says that a file is damaged."""

import errno

from .errors import UserError

#: What the machine, and not the file, is short of; each with its remedy.
SHORTAGES = {
    errno.EMFILE: 'too many open files; raise the limit (ulimit -n), or lower num_workers',
    errno.ENFILE: 'the machine has too many open files; end other programs, or lower num_workers',
    errno.ENOMEM: 'out of memory; lower num_workers or the batch, or give the job more memory',
    errno.EIO: 'input/output error; check the disk or the network file system',
    errno.ESTALE: 'stale file handle; check the network file system',
    errno.ETIMEDOUT: 'the file system does not answer; check the network file system',
}
#: A torch that gets no memory raises a RuntimeError with one of these texts.
_NO_MEMORY = ("can't allocate memory", 'not enough memory', 'out of memory', 'Cannot allocate memory')
_OPENCV_NO_MEMORY = -4  # cv::Error::StsNoMem


class ShortageError(UserError):
    """The machine is short of something, and what it was reading may be sound. Ends a run in one line."""

    @classmethod
    def of(cls, shortage: str, error: BaseException) -> 'ShortageError':
        """The error for a ``shortage`` that :func:`shortage_of` has found in ``error``."""
        return cls(f'{shortage} ({" ".join(str(error).split()) or type(error).__name__})')


def shortage_of(error: BaseException) -> str | None:
    """What the machine is short of, with a remedy; None if ``error`` speaks of the file.

    Example:
        >>> shortage_of(MemoryError())
        'out of memory; lower num_workers or the batch, or give the job more memory'
        >>> shortage_of(ValueError('no image'))
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in SHORTAGES:
            return SHORTAGES[seen.errno]
        if _lacks_memory(seen):
            return SHORTAGES[errno.ENOMEM]
        seen = seen.__cause__ or seen.__context__
    return None


def raise_shortage(error: BaseException) -> None:
    """Raise :class:`ShortageError` if ``error`` speaks of the machine; for code that takes other errors for a broken file.

    Raises:
        ShortageError: if it does.
    """
    if shortage := shortage_of(error):
        raise ShortageError.of(shortage, error) from error


def _lacks_memory(error: BaseException) -> bool:
    by_torch = isinstance(error, RuntimeError) and any(text in str(error) for text in _NO_MEMORY)
    by_opencv = type(error).__module__ == 'cv2' and getattr(error, 'code', None) == _OPENCV_NO_MEMORY
    return isinstance(error, MemoryError) or by_torch or by_opencv
