"""One clear line for bad input, before work starts."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

#: What bad input raises, here and in the libraries below. MMIFND_TRACEBACK=1 shows where it comes from.
EXPECTED = (ValueError, TypeError, KeyError, OSError, ImportError, RuntimeError, AssertionError)

_WRAPPING = re.compile(r"class `\w+` in \S+\.py: ")


class UserError(ValueError):
    """Input that cannot be used; the message is one line with value, limit and remedy."""


@contextmanager
def one_line_errors(started=lambda: False) -> Iterator[None]:
    """End the program with status 2 and one line where input is bad.

    Args:
        started: says whether work has begun; from then on only :class:`UserError` is taken for bad input.
    """
    try:
        yield
    except UserError as error:
        _end(error)
    except EXPECTED as error:
        if started() or os.environ.get('MMIFND_TRACEBACK'):
            raise
        _end(error)


def one_line(error: BaseException) -> str:
    """The message of ``error`` without the names of the classes that were being built around it."""
    text = error.args[0] if isinstance(error, KeyError) and error.args else str(error)
    return _WRAPPING.sub('', ' '.join(str(text).split()))


def _end(error: BaseException) -> None:
    if int(os.environ.get('RANK', 0)) == 0:
        print(f'error: {one_line(error)}', file=sys.stderr)
    sys.exit(2)
