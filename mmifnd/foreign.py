"""Content that somebody else may have written: parsed strictly, and one line wherever code cannot use it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import UserError
from .files import read_regular
from .shortage import raise_shortage
from .text import shown

#: What code raises whose input is of another type or form than it was written for.
OF_FORM = (KeyError, TypeError, IndexError, AttributeError, ArithmeticError)
#: Also what it raises on purpose, if its values are others.
OF_CONTENT = (*OF_FORM, ValueError, RuntimeError, AssertionError)


def read_json(path: str | Path, what: str | None = None) -> Any:
    """The content of a file of JSON.

    Raises:
        FileNotFoundError: if it does not exist.
        UserError: if it holds something else, or is no regular file.
        ShortageError: if the machine is short of something.
        OSError: if it cannot be read.
    """
    return parse_json(read_regular(path, what), str(path) if what is None else what)


def parse_json(text: str | bytes, what: str) -> Any:
    """The value of a text in JSON, of which nothing is dropped silently: a key stands once in an object.

    Args:
        text: in UTF-8, if it is bytes.
        what: how messages name it.

    Raises:
        UserError: if it is no JSON, is nested too deeply, or holds a number of thousands of digits or a key twice.

    Example:
        >>> parse_json('{"epoch": 1, "epoch": 2}', 'history.jsonl')
        Traceback (most recent call last):
        mmifnd.errors.UserError: history.jsonl is no JSON (the key 'epoch' stands twice in an object); repair it
    """
    try:
        return json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise UserError(f'{what} is no JSON ({" ".join(str(error).split())}); repair it') from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f'the key {shown(next(key for key in keys if keys.count(key) > 1))!r} stands twice in an object')
    return value


@contextmanager
def believed(what: str, remedy: str, errors: tuple[type[Exception], ...] = OF_CONTENT) -> Iterator[None]:
    """Turn whatever the content of a file makes of the code that uses it into one line.

    Args:
        what: the file, or its part.
        remedy: what to do about it.
        errors: types that speak of the content; others stay what they are.

    Raises:
        UserError: naming both.
        ShortageError: if the machine is short of something.
    """
    try:
        yield
    except UserError:
        raise
    except errors as error:
        raise_shortage(error)
        text = ' '.join(str(error).split())[:120]
        raise UserError(f'{what} is not what this version of mmifnd writes ({type(error).__name__}: {text}); '
                        f'{remedy}') from error
