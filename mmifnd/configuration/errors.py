"""One clear line for bad input, before work starts."""

import errno
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from mmifnd.errors import MissingExtra, UserError
from mmifnd.text import printable

#: What bad input raises, here and in the libraries below. MMIFND_TRACEBACK=1 shows where it comes from.
EXPECTED = (ValueError, TypeError, KeyError, OSError, ImportError, RuntimeError, AssertionError)

FULL_DISK = (errno.ENOSPC, errno.EDQUOT)

#: Exit status after Ctrl-C, where nothing was saved: 128 + SIGINT, as of a shell.
INTERRUPTED = 130

_WRAPPING = re.compile(r"class `\w+` in \S+\.py: ")
_OF_WORKER = re.compile(r'Caught \w+ in \w+ worker process .*\n[\w.]+: ', re.DOTALL)


@contextmanager
def one_line_errors(started=lambda: False) -> Iterator[None]:
    """End the program with status 2 and one line where input is bad.

    Args:
        started: says whether work has begun; from then on only :class:`UserError` is taken for bad input, and a full disk.
    """
    try:
        yield
    except UserError as error:
        _end(error)
    except EXPECTED as error:
        if os.environ.get('MMIFND_TRACEBACK') or started() and getattr(error, 'errno', None) not in FULL_DISK:
            raise
        _end(error)
    except KeyboardInterrupt:
        _end('interrupted; what was saved before stands: go on with --resume', INTERRUPTED)


def one_line(error: BaseException) -> str:
    """The message of ``error`` without the names of the classes that were being built around it."""
    if isinstance(error, OSError) and error.errno in FULL_DISK and not isinstance(error, UserError):
        return (f'{error.filename or "a file of the run, such as its log,"} could not be written ({error.strerror}); free some '
                'room on the disk, then run the command again (a training with --resume)')
    if isinstance(error, ModuleNotFoundError):
        error = MissingExtra.of(error) or error
    text = error.args[0] if isinstance(error, KeyError) and error.args else str(error)
    return _WRAPPING.sub('', ' '.join(_OF_WORKER.sub('', str(text)).split())) or type(error).__name__


def _end(error: BaseException | str, status: int = 2) -> None:
    if int(os.environ.get('RANK', '0')) == 0:
        print(f'error: {printable(error if isinstance(error, str) else one_line(error))}', file=sys.stderr)
    sys.exit(status)
