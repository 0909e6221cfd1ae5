"""Images that cannot be read: known to every process that reads a data set, reported once, listed in one file."""

import copy
import csv
import fcntl
import io
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import torch
from mmengine.logging import print_log

from mmifnd.errors import UserError
from mmifnd.files import open_own

from .file_bytes import reason_of
from .reading_notes import KINDS

#: Name of the list in the folder of a run, with the columns image and reason.
BROKEN_LIST = 'broken_images.csv'
#: Images of a data set that may be unreadable, on each process, unless a config says otherwise.
MAX_BROKEN = 10


class BrokenImages:
    """The unreadable images of a data set of N images, and of its views.

    Flags lie in shared memory: worker processes hold copies of this object.

    Args:
        num_images (int): N.
        limit (int): images that may be unreadable; one more ends the run.

    Attributes:
        list_file (str | None): file that each of them is written to once; None for none.
        num_shared (int): those that all processes know of.
    """

    def __init__(self, num_images: int, limit: int) -> None:
        self.limit = limit
        self.list_file: str | None = None
        self.num_shared = 0
        self._rows: torch.Tensor | None = None
        self._flags = torch.zeros(num_images, dtype=torch.bool).share_memory_()
        self._noted = torch.zeros(len(KINDS), dtype=torch.int64).share_memory_()

    def __contains__(self, index: int) -> bool:
        return bool(self._flags[self._row(index)])

    def part(self, rows: Sequence[int]) -> 'BrokenImages':
        """The broken images among some of the images, renumbered, with the same flags and limit."""
        part = copy.copy(self)
        rows = torch.as_tensor(rows, dtype=torch.int64)
        part._rows = rows if self._rows is None else self._rows[rows]
        return part

    def _row(self, index: int) -> int:
        return index if self._rows is None else int(self._rows[index])

    @property
    def too_many(self) -> bool:
        """Whether the limit is exceeded."""
        return int(self._flags.sum()) > self.limit

    def flags(self) -> torch.Tensor:
        """The images that this process or its workers have found so far, bool (N,), by stable index."""
        return self._flags.clone() if self._rows is None else self._flags[self._rows]

    def add(self, index: int, name: str, error: Exception, is_replaced: bool = True) -> None:
        """Report an image that a second try could not read either, and whether another one is trained on in its place.

        Raises:
            RuntimeError: if none may be unreadable.
            UserError: if there are more than :attr:`limit`.
        """
        if self.limit == 0:
            raise RuntimeError(f'{name} cannot be loaded: {reason_of(error)}') from error
        is_new = index not in self
        self._flags[self._row(index)] = True
        reason = reason_of(error)
        count = int(self._flags.sum())
        if is_new:
            self._write(name, reason)
        if count > self.limit:
            raise UserError(f'{count} images cannot be read, the last of them {name}: {reason}; repair or remove them, or '
                            f'raise max_broken={self.limit} of train_cfg or test_cfg') from error
        if is_new:
            replaced = ', and another image replaces it' if is_replaced else ''
            print_log(f'{name} cannot be read{replaced} ({count} of at most {self.limit}): {reason}',
                      logger='current', level=logging.WARNING)

    def merge(self, flags: torch.Tensor, describe: Callable[[int], str]) -> None:
        """Add the images that other processes have found, bool (N,), by stable index; they have reported them.

        Args:
            describe: the name of an image, for the list.
        """
        for index in torch.nonzero(flags & ~self.flags()).flatten().tolist():
            self._flags[self._row(index)] = True
            self._write(describe(index), 'found by another process')
        self.num_shared = int(flags.sum())

    def report(self, name: str, notes: dict[str, str]) -> None:
        """Log what was noted while an image was read, the first image of each kind only."""
        for kind, text in notes.items():
            seen = self._noted[KINDS.index(kind)]
            if not seen:
                print_log(f'{name}: {text} (said once)', logger='current', level=logging.WARNING)
            seen += 1

    def _write(self, name: str, reason: str) -> None:
        if self.list_file is None:
            return
        path = Path(self.list_file)
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, 'a+', encoding='utf-8', errors='surrogateescape', newline='', opener=open_own) as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # workers and processes write into the same list
            file.seek(0)
            text = file.read()
            if name in _names(text):
                return
            csv.writer(file, lineterminator='\n').writerows(([] if text else [('image', 'reason')]) + [(name, reason)])


def _names(text: str) -> set[str]:
    """The images of a list; of a damaged one those before the damage."""
    names = set()
    with suppress(csv.Error):
        for row in csv.reader(io.StringIO(text)):
            names.add(row[0] if row else '')
    return names
