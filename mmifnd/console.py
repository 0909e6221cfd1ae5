"""Standard error and output that may vanish during a run: a pipe whose reader has ended, a full disk, a closed stream."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, TextIO

from mmifnd.errors import UserError

Tell = Callable[[str], None]

#: The names that streams have in ``sys``, and in messages.
STREAMS = dict(stderr='standard error', stdout='standard output')
_LOSSES = (OSError, ValueError)  # ValueError: the stream was closed


class LastingStream:
    """A stream that shows what it can; what it cannot show is dropped, and this is told once.

    Args:
        stream: None if the process was started without it.
        name: how messages call it.
    """

    def __init__(self, stream: TextIO | None, name: str) -> None:
        self._name, self._process, self._loss = name, os.getpid(), ''
        self._tell: Tell = _tell_on_stderr
        self._stream = stream if stream is not None and not stream.closed else open(os.devnull, 'w')  # noqa: SIM115
        if self._stream is not stream:
            self._lose('it is closed')

    def write(self, text: str) -> int:
        """Write a text, or drop it."""
        self._try(self._stream.write, text)
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Write texts, or drop them."""
        self._try(self._stream.writelines, lines)

    def flush(self) -> None:
        """Show what was written, as far as that can be shown."""
        if not self._stream.closed:  # else nothing waits
            self._try(self._stream.flush)

    def tell_to(self, tell: Tell) -> None:
        """Let ``tell`` be called with the line about the loss, at once if it has happened already."""
        self._tell = tell
        if self._loss:
            tell(self._loss)

    def keep(self, text: str) -> None:
        """Tell a text that nobody sees otherwise, if the stream is lost."""
        if self._loss:
            self._tell(text)

    def settle(self) -> None:
        """Drop what still waits to be written, at which the interpreter would fail when it ends."""
        try:
            self._stream.flush()
        except _LOSSES:
            with suppress(*_LOSSES):
                _discard(self._stream)

    def _try(self, call: Callable[..., Any], *args: Any) -> None:
        try:
            call(*args)
        except _LOSSES as error:
            self._lose(str(getattr(error, 'strerror', None) or error))

    def _lose(self, reason: str) -> None:
        if not self._loss:
            self._loss = f'{self._name} could not be written ({reason}): lines are missing there, and the work goes on'
            if os.getpid() == self._process:  # of a process that loads images, this one tells
                self._tell(self._loss)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def lasting(*names: str) -> Iterator[None]:
    """Let work go on where streams of ``sys`` cannot be written any more.

    Args:
        *names: of :data:`STREAMS`; default: all of them.
    """
    with ExitStack() as stack:
        for name in names or STREAMS:
            before = getattr(sys, name)
            if not isinstance(before, LastingStream):
                stream = LastingStream(before, STREAMS[name])
                setattr(sys, name, stream)
                stack.callback(_restore, name, stream, before)
        yield


@contextmanager
def escaping() -> Iterator[None]:
    r"""Let standard output and error show what their encoding lacks as an escape, such as ``\u03c4``, and not fail at it."""
    before = []
    for stream in (sys.stdout, sys.stderr):
        with suppress(*_LOSSES, AttributeError):  # it is lost, or a replacement that takes all
            if stream.errors == 'strict' or not stream.encoding.lower().startswith('utf'):
                before.append((stream, stream.errors))
                stream.reconfigure(errors='backslashreplace')
    try:
        yield
    finally:
        for stream, errors in before:
            with suppress(*_LOSSES, AttributeError):
                stream.reconfigure(errors=errors)


@contextmanager
def shown_output() -> Iterator[None]:
    """Write out at the end what standard output still holds, at which the interpreter would fail later.

    Raises:
        UserError: if that is not possible, and no other error ends the block.
    """
    try:
        yield
    except BaseException as error:
        if (loss := _flush_output()) and isinstance(error, SystemExit) and not error.code:
            raise loss from None
        raise
    if loss := _flush_output():
        raise loss


def _flush_output() -> UserError | None:
    """Flush standard output; if it cannot be written, drop what it holds, and return the error that says so."""
    if sys.stdout is None:
        return None
    try:
        sys.stdout.flush()
    except _LOSSES as error:
        with suppress(*_LOSSES):
            _discard(sys.stdout)
        reason = getattr(error, 'strerror', None) or error
        return UserError(f'{STREAMS["stdout"]} could not be written ({reason}); send it to a place with room, or to a file')
    return None


def tell_losses(tell: Tell) -> None:
    """Let ``tell`` be called with a line for each stream that is lost, or was already."""
    for name in STREAMS:
        if isinstance(stream := getattr(sys, name), LastingStream):
            stream.tell_to(tell)


def say(text: str) -> None:
    """Print a line on standard error; if that is lost, the line is told."""
    print(text, file=sys.stderr, flush=True)
    keep(text)


def keep(text: str) -> None:
    """Tell a text that standard error would show, if that is lost."""
    if isinstance(sys.stderr, LastingStream):
        sys.stderr.keep(text)


def _restore(name: str, stream: LastingStream, before: TextIO | None) -> None:
    stream.settle()
    if getattr(sys, name) is stream:
        setattr(sys, name, before)


def _tell_on_stderr(line: str) -> None:
    if sys.stderr is not None:
        with suppress(*_LOSSES):
            print(f'warning: {line}', file=sys.stderr, flush=True)


def _discard(stream: TextIO) -> None:
    """Write what waits in the buffers of a stream to nowhere."""
    number = stream.fileno()
    kept, nowhere = os.dup(number), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, number)
        stream.flush()
    finally:
        os.dup2(kept, number)
        os.close(kept)
        os.close(nowhere)
