"""A look at a folder of images before anything is trained on it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mmifnd.datasets.folder import hint, reading_of, remarks
from mmifnd.datasets.image_data import ImageFolder, read_folder
from mmifnd.datasets.leaf_files import RealPaths
from mmifnd.datasets.load_image import LEAST_SHARE, LoadImageFromFile
from mmifnd.datasets.look import Look, equal_contents, look_at
from mmifnd.datasets.pairs.pair_data import is_pair_data
from mmifnd.datasets.pixels import MAX_PIXELS, WHITE
from mmifnd.datasets.text_files import shown
from mmifnd.engine.progress import reported
from mmifnd.errors import UserError
from mmifnd.records.inspection import InspectionRecord
from mmifnd.text import printable

from .inspection_sheet import contact_sheet

#: Standard deviation of pixel values, 0 to 255, below which an image is flat.
FLAT = 3.
#: What the line of an inspection names.
LINE = ('captions', 'repeated', 'flat', 'equal', 'broken', 'left out')
#: Side that test images are resized to at least; what this makes of a thin image counts for :data:`MAX_PIXELS`.
SIDE = 256


@dataclass(frozen=True)
class Inspection:
    """The result of :func:`inspect`.

    Attributes:
        folder (ImageFolder): how the folder is read.
        names (tuple[str, ...]): of the images that were looked at, below the folder.
        looks (tuple[Look, ...]): one per name.
        linked (int): further names that are links to these images.
    """

    folder: ImageFolder
    names: tuple[str, ...]
    looks: tuple[Look, ...]
    linked: int = 0

    @property
    def num_images(self) -> int:
        """Images that would be trained on or held out; one that is reached twice through links counts once."""
        return self.folder.layout.num_images - self.linked

    @cached_property
    def broken(self) -> dict[str, str]:
        """Why images cannot be read, by name."""
        return {name: look.problem for name, look in self._pairs if look.problem and not look.is_too_large}

    @cached_property
    def too_large(self) -> dict[str, str]:
        """Why images are beyond a limit, by name."""
        problems = {name: look.problem for name, look in self._pairs if look.is_too_large}
        for name, look in self._pairs:
            if look.header is not None and SIDE**2 * max(look.size) > MAX_PIXELS * min(look.size):
                problems[name] = f'{look.size[0]} x {look.size[1]} pixels, too thin to be resized to a short edge of {SIDE}'
        return problems

    @cached_property
    def flat(self) -> list[str]:
        """Images of about one colour."""
        return [name for name, look in self._pairs if look.header is not None and look.std < FLAT]

    @cached_property
    def duplicates(self) -> list[list[str]]:
        """Names of images with equal pixels."""
        return [[self.names[position] for position in group] for group in equal_contents(self.looks)]

    @cached_property
    def data_range(self) -> tuple[float, float] | None:
        """The least (at most 0) and the largest value of images of more than 8 bits; None if there are none."""
        values = [look.header.values for look in self.looks if look.header is not None and look.header.values is not None]
        return (min(0., *(used.low for used in values)), max(used.high for used in values)) if values else None

    @cached_property
    def dark(self) -> list[str]:
        """Images of more than 8 bits that use under a sixteenth of the range of their type."""
        return [name for name, look in self._pairs
                if look.header is not None and look.header.values is not None and look.header.values.share < LEAST_SHARE]

    def rows(self) -> list[tuple[str, str]]:
        """The table: what, and what was found."""
        layout, files = self.folder.layout, self.folder.files
        sizes = [look.size for look in self.looks if look.header is not None]
        looked = f', of which {len(self.looks)} were looked at, evenly spread' if len(self.looks) < self.num_images else ''
        linked = f'; links to them: {self.linked}' if self.linked else ''
        return [
            ('folder', '; '.join(filter(None, [reading_of(replace(layout, num_images=self.num_images)), hint(files, layout)]))),
            ('images', f'{self.num_images}{looked}{linked}'),
            ('size', _size_line(sizes)),
            ('format', self._formats()),
            ('mode', self._modes()),
            ('depth', self._depth()),
            ('flat', _some(self.flat, f'of about one colour (standard deviation below {FLAT:g})')),
            ('equal', self._equal()),
            ('broken', _some(list(self.broken), 'cannot be read') + _reason(self.broken) + _also(self.too_large, 'too large')),
            ('left out', '; '.join(remarks(files, layout)) or 'nothing')]

    def findings(self) -> dict[str, Any]:
        """All findings in plain values, for JSON."""
        return dict(
            folder=self.folder.files.root, layout=self.folder.layout.kind, classes=list(self.folder.layout.classes),
            num_images=self.num_images, linked=self.linked, num_looked=len(self.looks), data_range=self.data_range,
            flat=self.flat, dark=self.dark, duplicates=self.duplicates, broken=self.broken, too_large=self.too_large,
            left_out=dict(self.folder.files.left_out))

    def record(self, loader: LoadImageFromFile | None = None) -> InspectionRecord:
        """What a run keeps of it: table, findings, and the pictures of a contact sheet."""
        pictures, titles = contact_sheet(self, loader or LoadImageFromFile())
        return InspectionRecord(self.rows(), self.findings(), pictures, titles)

    def print(self, console: Console | None = None) -> None:
        """The table, on standard error."""
        table = Table(title=Text(shown(self.folder.files.root)), box=SIMPLE_HEAD, show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(overflow='fold')
        for what, value in self.rows():
            table.add_row(Text(what), Text(printable(value)))
        (console or Console(stderr=True)).print(table)

    def print_line(self, console: Console | None = None) -> None:
        """The same in a line, on standard error."""
        rows = dict(self.rows())
        facts = [rows.pop('folder'), *(value for key, value in rows.items() if key in ('size', 'format', 'mode', 'depth')),
                 *(f'{key} {rows[key]}' for key in LINE if key in rows)]
        line = f'{shown(self.folder.files.root)}: {", ".join(facts)}'
        (console or Console(stderr=True)).print(line, markup=False, highlight=False, soft_wrap=True)

    @property
    def _pairs(self) -> list[tuple[str, Look]]:
        return list(zip(self.names, self.looks))

    def _formats(self) -> str:
        counts = Counter(look.header.format for look in self.looks if look.header is not None)
        pages = [name for name, look in self._pairs if look.header is not None and look.header.has_pages]
        return _counts(counts) + _also(pages, 'of several pages or frames, of which the first is taken')

    def _modes(self) -> str:
        counts = Counter(look.header.mode for look in self.looks if look.header is not None)
        transparent = [name for name, look in self._pairs if look.header is not None and look.header.has_alpha]
        return _counts(counts) + _also(transparent, 'with transparency, laid on a background')

    def _depth(self) -> str:
        deep = sum(look.header is not None and look.header.is_deep for look in self.looks)
        if not deep or self.data_range is None:
            return '8 bits'
        low, high = self.data_range
        line = f'8 bits, but {deep} of more, with values from {low:g} to {high:g}'
        return line if not self.dark else (f'{line}; {len(self.dark)} use under 1/{round(1 / LEAST_SHARE)} of their range and '
                                           "come out dark: set depth='data'")

    def _equal(self) -> str:
        if not self.duplicates:
            return '0'
        total = sum(map(len, self.duplicates))
        example = ' = '.join(shown(name, 40) for name in self.duplicates[0][:2])
        return f"{total} images have the pixels of another one, such as {example}; groups='duplicates' keeps them together"


def inspect(folder: str | Path, max_images: int | None = None, background: Sequence[int] = WHITE,
            num_threads: int | None = None) -> Inspection:
    """Inspect the images of a folder.

    It counts them, their sizes, formats, modes and depths, and lists the flat, equal, broken, too large and left-out ones.

    Args:
        folder: of images, see :func:`mmifnd.datasets.image_data.read_folder`; or image-text pairs, in a table or a file
            of captions, whose captions are looked at, too.
        max_images: images to look at, evenly spread over the folder; default: all of those that would be trained on.
        background: red, green and blue behind what is transparent.
        num_threads: threads that read; default: one per core, at most 8.

    Raises:
        UserError: if the folder does not exist or holds no image, or a number is out of range.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for number in range(3):
        ...         Image.new('RGB', (8, 6), (90, 0, number // 2)).save(f'{folder}/{number}.png')
        ...     found = inspect(folder)
        >>> found.names, found.duplicates, len(found.flat)
        (('0.png', '1.png', '2.png'), [['0.png', '1.png']], 3)
    """
    if is_pair_data(folder):
        from .pair_inspection import inspect_pairs
        return inspect_pairs(folder, max_images, background, num_threads)
    return inspect_folder(read_folder(folder), max_images, background, num_threads)


def inspect_folder(folder: ImageFolder, max_images: int | None = None, background: Sequence[int] = WHITE,
                   num_threads: int | None = None) -> Inspection:
    """Inspect the images of a folder, as :func:`inspect` does, that has been walked already."""
    layout = folder.layout
    names = [name for name in folder.files.images if name.startswith(f'{layout.train}/') or not layout.train]
    left_out = {f'{layout.train}/{name}' if layout.train else name for name in layout.loose}
    names = [name for name in names if name not in left_out]
    root = Path(folder.files.root)
    total, names = len(names), _distinct(root, names) if folder.files.has_links else names
    looked = look_at_names(root, names, max_images, LoadImageFromFile(background=background), num_threads)
    return Inspection(folder, *looked, total - len(names))


def look_at_names(root: Path, names: list[str], max_images: int | None, loader: LoadImageFromFile,
                  num_threads: int | None) -> tuple[tuple[str, ...], tuple[Look, ...]]:
    """Inspect images of a folder, evenly spread over ``names``; the names that were looked at, and what was found.

    Raises:
        UserError: if ``max_images`` is below 1.
    """
    if max_images is not None and max_images < 1:
        raise UserError(f'max_images={max_images} is below 1; give a positive number, or None for all')
    if max_images is not None and len(names) > max_images:
        names = [names[round(place)] for place in np.linspace(0, len(names) - 1, max_images)]
    with reported('look at the images', len(names)) as report:
        looks = look_at([str(root / name) for name in names], loader, num_threads, report)
    return tuple(names), tuple(looks)


def _distinct(root: Path, names: Sequence[str]) -> list[str]:
    """The first name of each file."""
    real, first = RealPaths(), dict[str, str]()
    for name in names:
        first.setdefault(real(str(root / name)), name)
    return list(first.values())


def _size_line(sizes: list[tuple[int, int]]) -> str:
    if not sizes:
        return 'none'
    ordered = sorted(sizes, key=lambda size: size[0] * size[1])
    least, middle, largest = (f'{width} x {height}' for width, height in (ordered[0], ordered[len(ordered) // 2], ordered[-1]))
    return f'{least} pixels' if least == largest else f'{least} to {largest} pixels, median {middle}'


def _counts(counts: Counter) -> str:
    return ', '.join(f'{kind} {count}' for kind, count in counts.most_common(6)) or 'none'


def _some(names: Sequence[str], what: str) -> str:
    return f'{len(names)} {what}, such as {shown(names[0], 50)}' if names else '0'


def _reason(reasons: dict[str, str]) -> str:
    """Why the first of them cannot be read."""
    return f' ({next(iter(reasons.values()))})' if reasons else ''


def _also(names: Sequence[str] | dict[str, str], what: str) -> str:
    names = list(names)
    return f'; {len(names)} {what}, such as {shown(names[0], 50)}' if names else ''
