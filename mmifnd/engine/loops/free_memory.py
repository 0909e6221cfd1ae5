"""Give freed memory back to the system."""

import ctypes


def return_freed_memory() -> None:
    """Let the C library return the pages that it keeps for later; does nothing if it is not glibc.

    An epoch's end frees much at once: features of the whole data set, what k-means and checkpoints needed. glibc keeps such
    pages between blocks that live on, and the resident memory of a long run creeps up although the run holds no more.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library, or Windows, which has no library of that name
        return
    trim(0)
