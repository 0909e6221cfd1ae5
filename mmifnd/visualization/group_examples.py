"""What a coarser class means: images of a few groups of each grouping of the classes (IFND, Fig. 1 and 5)."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from mmifnd.records.snapshot import check_lengths

from .cells import SIDE, draw_image
from .removed import check_images
from .style import FAINT, FONT_SIZE, bare, figure_style, new_figure

CELL = 0.62  # inches of a picture's place
CHARACTERS = 7.5  # of a title, for each picture below it


@figure_style()
def group_examples_figure(images: np.ndarray, labels: np.ndarray, classes: Sequence[str],
                          groupings: Mapping[str, Mapping[str, str]], names: Mapping[str, str] | None = None,
                          num_groups: int = 4, num_images: int = 4, seed: int = 0) -> Figure:
    """A row for each grouping, those of few groups first: its largest group and others by chance, images of each.

    Images of one group are of different classes, as far as it has several.

    Args:
        images (ndarray): uint8 (N, C, H, W), C = 1 or 3; only the images shown are asked for, one by one.
        labels (ndarray): classes, int (N,).
        classes (Sequence[str]): their names.
        groupings (Mapping[str, Mapping[str, str]]): by name, the group of every class.
        names (Mapping[str, str] | None): of groups, to be read; the group itself where it is missing.
        num_groups (int): groups of a row, at most.
        num_images (int): images of a group, at most.
        seed (int): of the choice.

    Raises:
        ValueError: if images and labels do not fit, or a grouping does not know a class of the images.
    """
    check_lengths(len(labels), images=images)
    check_images(images)
    rows = {name: members_of(labels, classes, name, groups) for name, groups in groupings.items()}
    rows = dict(sorted(rows.items(), key=lambda row: len(row[1])))
    columns = min(num_groups, max(map(len, rows.values())))
    figure = new_figure(CELL * (num_images + .4) * columns, 1.15 * len(rows))
    for axes_of_row, (name, members) in zip(figure.subplots(len(rows), columns, squeeze=False), rows.items()):
        generator = np.random.default_rng(seed)
        chosen = choose_groups(members, num_groups, generator)
        for position, axes in enumerate(axes_of_row):
            bare(axes).set(xlim=(-.05, num_images), ylim=(-.07, SIDE + .07))
            axes.set_aspect('equal', anchor='W')
            if position < len(chosen):
                title = f'{name}: {len(members)} groups' if position == 0 else ''
                shown = spread_over_classes(members[chosen[position]], labels, num_images, generator)
                for place, image in enumerate(shown):
                    draw_image(axes, images[image], float(place), FAINT.neutral)
                label = group_title((names or {}).get(chosen[position], chosen[position]),
                                    len(np.unique(labels[members[chosen[position]]])), num_images)
                axes.set_title(f'{title}\n{label}', fontsize=FONT_SIZE - .5, fontweight='normal')
    return figure


def members_of(labels: np.ndarray, classes: Sequence[str], grouping: str,
               groups: Mapping[str, str]) -> dict[str, np.ndarray]:
    """Images of each group that has any, the largest group first.

    Raises:
        ValueError: if a class of the images has no group.
    """
    shown = np.unique(labels)
    missing = [classes[label] for label in shown if classes[label] not in groups]
    if missing:
        raise ValueError(f'{grouping} has no group for {len(missing)} of {len(shown)} classes, such as {missing[0]}; give '
                         'one per class, by the names of the data set')
    group_of_image = np.array([groups[classes[label]] for label in labels])
    members = {str(group): np.flatnonzero(group_of_image == group) for group in np.unique(group_of_image)}
    return dict(sorted(members.items(), key=lambda item: -len(item[1])))


def choose_groups(members: Mapping[str, np.ndarray], count: int, generator: np.random.Generator) -> list[str]:
    """The first, the largest, and others by chance, in the order of their sizes."""
    others = list(members)[1:]
    drawn = sorted(generator.permutation(len(others))[:count - 1])
    return [next(iter(members)), *(others[position] for position in drawn)]


def spread_over_classes(members: np.ndarray, labels: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """Choose at most ``count`` of the images ``members``, of as many classes as possible."""
    shuffled = generator.permutation(members)
    # How many images of its class stand before each one: firsts of their classes come first.
    seen: dict[int, int] = {}
    rank = [seen.update({label: seen.get(label, -1) + 1}) or seen[label] for label in labels[shuffled].tolist()]
    return shuffled[np.argsort(rank, kind='stable')][:count]


def group_title(name: str, num_classes: int, num_images: int) -> str:
    """Name and size of a group, short enough to stand above its images."""
    size = f' ({num_classes} {"class" if num_classes == 1 else "classes"})'
    room = max(8, int(CHARACTERS * num_images) - len(size))
    return (name if len(name) <= room else f'{name[:room - 1]}…') + size


def describe(groupings: Mapping[str, Mapping[str, str]]) -> str:
    """The figure in words."""
    return f'Rows of images, for {", ".join(groupings)}: examples of a few groups of classes.'
