"""Lists of images: a line for each, its path and perhaps its label."""

import os
import re
from collections.abc import Sequence
from typing import NamedTuple

from .text_files import lines_of, read_text, shown

#: Lines whose file is looked for, at most.
MAX_LOOKS = 10_000
#: A label; more digits are none.
_LABEL = re.compile('[0-9]{1,9}')


class Listed(NamedTuple):
    """A line of a list.

    Attributes:
        path (str): below the folder of the images.
        label (int | None): None in a list without labels.
        line (int): counted from 1.
    """

    path: str
    label: int | None
    line: int


def read_listed(file: str, what: str, with_label: bool, first_label: int | None = 0) -> list[Listed]:
    """Read a list of images. Empty lines, a byte order mark and the line ends of any system do not matter.

    Args:
        file: the list; ``PATH LABEL`` in each line, or ``PATH`` alone. A path may have blanks.
        what: how messages name it.
        with_label: whether there are labels.
        first_label: the number of the first class, subtracted from all; None takes labels as they are.

    Raises:
        ValueError: if the list is empty or not UTF-8, a label is none, one image has two labels, or all labels count from 1
            where they should count from 0.
    """
    rows = [(number, line.strip()) for number, line in enumerate(lines_of(read_text(file, what)), 1) if line.strip()]
    if not rows:
        raise ValueError(f'{what} is empty; write a line "PATH LABEL" for each image')
    if not with_label:
        return [Listed(path, None, number) for number, path in rows]
    listed = [_labelled(line, number, what, first_label or 0) for number, line in rows]
    _check_labels(listed, what, first_label)
    return listed


def _labelled(line: str, number: int, what: str, first_label: int) -> Listed:
    path, *label = line.rsplit(maxsplit=1)
    if not label or not _LABEL.fullmatch(label[0]):
        raise ValueError(f'line {number} of {what} is {shown(line)!r}; write "PATH LABEL", the label a whole number from '
                         f'{first_label}, or set with_label=False')
    if int(label[0]) < first_label:
        raise ValueError(f'line {number} of {what} has label {label[0]}, below first_label={first_label}')
    return Listed(path, int(label[0]) - first_label, number)


def _check_labels(listed: Sequence[Listed], what: str, first_label: int | None) -> None:
    seen: dict[str, Listed] = {}
    for image in listed:
        other = seen.setdefault(image.path, image)
        if other.label != image.label:
            raise ValueError(f'{what} gives {shown(image.path)} two labels, {other.label} in line {other.line} and '
                             f'{image.label} in line {image.line}; keep one')
    labels = {image.label for image in listed}
    if first_label == 0 and len(labels) > 1 and labels == set(range(1, len(labels) + 1)):
        raise ValueError(f'the labels of {what} are 1 to {len(labels)}, and labels count from 0; set first_label=1, which is '
                         'subtracted, or first_label=None if class 0 has no image here')


def with_slashes(listed: Sequence[Listed], root: str) -> list[Listed]:
    """Paths of Windows with slashes, if the files are there under these names only."""
    return [image._replace(path=image.path.replace('\\', '/')) if _is_of_windows(image.path, root) else image
            for image in listed]


def check_listed(listed: Sequence[Listed], root: str, what: str, with_label: bool) -> None:
    """Refuse a list most of whose images do not exist: it is of another folder, or of another kind.

    Fewer missing images are treated as broken ones. At most :data:`MAX_LOOKS` are looked for, evenly spread. Whether a path may
    leave the folder is looked at elsewhere (:func:`mmifnd.datasets.annotations.check_inside`).

    Raises:
        FileNotFoundError: with an example and what may be meant.
    """
    asked = listed[::-(-len(listed) // MAX_LOOKS)]
    missing = [image for image in asked if not (_leaves(image.path) or os.path.exists(os.path.join(root, image.path)))]
    if 2 * len(missing) <= len(asked):
        return
    path = missing[0].path
    hint = 'check data_root and data_prefix'
    name = path.rsplit(maxsplit=1)[0]
    if not with_label and name != path and os.path.exists(os.path.join(root, name)):
        hint = f'{shown(name)} does exist: set with_label=True, or take the labels out'
    raise FileNotFoundError(f'{len(missing)} of the {len(asked)} images looked for in {what} do not exist in {root}, such as '
                            f'{shown(path)!r} of line {missing[0].line}; {hint}')


def _leaves(path: str) -> bool:
    return os.path.isabs(path) or os.path.normpath(path).startswith('..')


def _is_of_windows(path: str, root: str) -> bool:
    if '\\' not in path or os.path.exists(os.path.join(root, path)):
        return False
    return os.path.exists(os.path.join(root, path.replace('\\', '/')))
