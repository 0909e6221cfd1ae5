"""What is noticed while an image is read, handed to whoever reads it: a page that is left out, a dark 16-bit image."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

#: Kinds of notes; each is reported once per data set.
KINDS = ('pages', 'depth')

_notes: ContextVar[dict[str, str] | None] = ContextVar('notes', default=None)


def note(kind: str, text: str) -> None:
    """Say something of the image that is being read; nobody may listen."""
    notes = _notes.get()
    if notes is not None:
        notes[kind] = text


@contextmanager
def noted() -> Iterator[dict[str, str]]:
    """Collect what is noted of one image, by kind."""
    notes: dict[str, str] = {}
    token = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(token)
