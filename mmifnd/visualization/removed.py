"""Which negatives were removed: a contact sheet of anchors and what was detected for them (GloFND, Fig. 1, 7 and 8)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.path import Path as Outline

from mmifnd.records.detected import ByLabels, Relation, Removed, shared_anchors
from mmifnd.records.snapshot import check_lengths

from .cells import ANCHOR_KIND, REMOVED_KIND, SIDE, UNDER, draw_caption, draw_image, wrapped
from .style import FAINT, FONT_SIZE, OTHER, SAME, bare, figure_style, new_figure

CHECK_MARK = Outline([(-1., 0.05), (-0.35, -0.7), (1., 0.8)])
READING = ('Left, the anchor; right of it, {what} that no longer count as its negatives, evenly spaced from the surest to the '
           'least sure. Under each stands {score}.')
FRAMES = (' Blue frame and tick: truly the same class, rightly removed. Orange dashed frame and cross: another class, a true '
          'negative lost.')
CELL, ANCHOR = 0.62, 1.35  # inches of a picture's place; places of the anchor
SCORE_SIZE = FONT_SIZE - 2
MAX_NAME = 40
NAME_UNDER, NAME_SIZE = 13, FONT_SIZE - 4  # characters and size of a file's name under its picture


def choose_anchors(pseudo_labels: np.ndarray, count: int = 5, seed: int = 0) -> np.ndarray:
    """Random accepted images (N,) -> (<= count,), none alone in its cluster, each of another cluster."""
    clusters, sizes = np.unique(pseudo_labels[pseudo_labels >= 0], return_counts=True)
    generator = np.random.default_rng(seed)
    chosen = np.sort(generator.permutation(clusters[sizes > 1])[:count])
    return np.array([generator.choice(np.flatnonzero(pseudo_labels == cluster)) for cluster in chosen], dtype=int)


def check_images(images: np.ndarray) -> None:
    """Raise ValueError if ``images`` are not uint8 (N, 1 or 3, H, W)."""
    if images.ndim != 4 or images.shape[1] not in (1, 3) or images.dtype != np.uint8:
        raise ValueError(f'images must be uint8 (N, 1 or 3, H, W), got {images.dtype} {images.shape}')


def sheet_of(relations: dict[str, Relation], images: np.ndarray, labels: np.ndarray | None = None,
             anchors: Sequence[int] | None = None, num_examples: int = 10, class_names: Mapping | None = None,
             names: Sequence[str] | None = None, captions: Sequence[str] | None = None) -> Figure:
    """The contact sheet of one detector, or of several side by side for the same anchors.

    Args:
        relations (dict[str, Relation]): by the names of the detectors.
        images (ndarray): uint8 (N, C, H, W), C = 1 or 3; only the images shown are asked for, one by one.
        labels (ndarray | None): true classes (N,); with them each example is marked as same or other class.
        anchors (Sequence[int] | None): images; default: those of :func:`anchors_of`.
        num_examples (int): examples in a row, evenly spaced over all removed images by their score.
        class_names (Mapping | None): label -> name; default: the label itself.
        names (Sequence[str] | None): name of each image, such as its file; default: its number.
        captions (Sequence[str] | None): the text of each image, which is then written under it; a direction of image-text
            pairs needs them.

    Raises:
        ValueError: if images or labels do not fit the snapshots, no anchor lost a negative, or captions are missing.
    """
    if captions is None and any(direction_of(relation) for relation in relations.values()):
        raise ValueError('captions are needed to draw what was removed of image-text pairs')
    for relation in relations.values():
        check_lengths(len(relation), images=images, labels=labels)
    check_images(images)
    if anchors is None:
        anchors = anchors_of(relations, labels)
    columns = {name: [relation.of(anchor) for anchor in anchors] for name, relation in relations.items()}
    kept = [row for row in zip(*columns.values()) if any(len(removed.images) for removed in row)]
    if not kept:
        raise ValueError(f'no negative was removed for {len(anchors)} anchors; choose other anchors, or a later epoch')
    directions = {name: direction_of(relation) for name, relation in relations.items()}
    return sheet_figure(dict(zip(columns, zip(*kept))), images, labels, num_examples, class_names, names, captions, directions)


def direction_of(relation: Relation) -> str:
    """The kind of a relation's anchors, if it is of image-text pairs; else ''."""
    return getattr(relation, 'direction', '')


def anchors_of(relations: dict[str, Relation], labels: np.ndarray | None, count: int = 5, seed: int = 0) -> list[int]:
    """Choose at most ``count`` random images for which all detectors removed something, no two of one class or label."""
    if labels is None:
        labels = next((relation.labels for relation in relations.values() if isinstance(relation, ByLabels)), None)
    return shared_anchors(list(relations.values()), labels, count, seed)


@figure_style()
def sheet_figure(columns: dict[str, Sequence[Removed]], images: np.ndarray, labels: np.ndarray | None = None,
                 num_examples: int = 10, class_names: Mapping | None = None, names: Sequence[str] | None = None,
                 captions: Sequence[str] | None = None, directions: Mapping[str, str] | None = None) -> Figure:
    """A column for each detector and a row for each anchor: its image, then examples of what was removed, evenly spaced.

    Args:
        columns (dict[str, Sequence[Removed]]): at least one anchor, the same in each column.
        directions (Mapping[str, str] | None): of image-text pairs, the kind of each column's anchors.
    """
    num_rows = len(next(iter(columns.values())))
    height = 1.2 + 0.18 * (len(columns) > 1) + 0.2 * (captions is not None)
    figure = new_figure(CELL * (num_examples + ANCHOR) * len(columns), height * num_rows)
    grid = figure.subplots(num_rows, len(columns), squeeze=False)
    for column, (name, rows) in enumerate(columns.items()):
        direction = (directions or {}).get(name, '')
        for axes, removed in zip(grid[:, column], rows):
            draw_row(axes, images, labels, removed, num_examples, names, captions, direction)
            title = row_title(labels, removed, class_names, names, direction)
            axes.set_title(f'{name[-MAX_NAME:]}\n{title}' if len(columns) > 1 else title, fontsize='medium',
                           fontweight='normal')
    return figure


def row_title(labels: np.ndarray | None, removed: Removed, class_names: Mapping | None,
              names: Sequence[str] | None = None, direction: str = '') -> str:
    """What happened to this anchor, in numbers over *all* its removed negatives, not only the examples."""
    name = f'image {removed.anchor}' if names is None else shortened(names[removed.anchor], MAX_NAME)
    if ANCHOR_KIND[direction] == 'text':
        name = f'text of {name}'
    title = f'{name}: {len(removed.images)} removed'
    if labels is not None:
        name = (class_names or {}).get(labels[removed.anchor], labels[removed.anchor])
        title = f'class {name}, {title}'
        if len(removed.images):
            title += f', {(labels[removed.images] == labels[removed.anchor]).mean():.0%} rightly'
    return title if removed.threshold is None else f'{title}; threshold {removed.threshold:.2f}'


def shortened(name: str, limit: int) -> str:
    """The end of a name, which tells files of one folder apart; the style of figures takes nothing in it for markup."""
    name = str(name)
    return name if len(name) <= limit else f'…{name[1 - limit:]}'


def draw_row(axes: Axes, images: np.ndarray, labels: np.ndarray | None, removed: Removed, num_examples: int,
             names: Sequence[str] | None = None, captions: Sequence[str] | None = None, direction: str = '') -> None:
    """Anchor at x = 0, examples from x = ``ANCHOR`` on, in units of one place."""
    count = len(removed.images)
    positions = np.linspace(0, count - 1, min(num_examples, count)).round().astype(int)
    bare(axes)
    draw_cell(axes, ANCHOR_KIND[direction], removed.anchor, 0., FAINT.neutral, False, images, captions)
    for column, position in enumerate(positions):
        example, left = removed.images[position], ANCHOR + column
        same = None if labels is None else labels[example] == labels[removed.anchor]
        color = FAINT.neutral if same is None else SAME if same else OTHER
        draw_cell(axes, REMOVED_KIND[direction], example, left, color, same is not None and not same, images, captions)
        if names is not None and captions is None:
            axes.text(left, -0.42, shortened(Path(names[example]).name, NAME_UNDER), fontsize=NAME_SIZE, va='center')
        if removed.scores is not None:
            axes.text(left, -0.2, f'{removed.scores[position]:.2f}', fontsize=SCORE_SIZE, va='center')
        if same is not None:
            axes.plot([left + SIDE - 0.13], [-0.2], marker=CHECK_MARK if same else 'x', color=color, markersize=5.5,
                      markerfacecolor='none', markeredgewidth=1.8)
    lowest = -0.75 if captions is not None else -0.36 if names is None else -0.55
    axes.set(xlim=(-0.05, ANCHOR + num_examples), ylim=(lowest, SIDE + 0.07))
    axes.set_aspect('equal', anchor='W')


def draw_cell(axes: Axes, kind: str, image: int, left: float, color: str, dashed: bool, images: np.ndarray,
              captions: Sequence[str] | None) -> None:
    """The picture of a pair with its caption under it, or the caption alone."""
    if kind == 'text':
        draw_caption(axes, captions[image], left, color, dashed)
        return
    draw_image(axes, images[image], left, color, dashed)
    if captions is not None:
        axes.text(left, -0.34, '\n'.join(wrapped(captions[image], *UNDER)), fontsize=NAME_SIZE, va='top', linespacing=1.1)


def reading(relations: dict[str, Relation], labels: np.ndarray | None) -> str:
    """How to read the sheet."""
    scores = ' or '.join(dict.fromkeys(relation.score for relation in relations.values()))
    return READING.format(score=scores, what=removed_things(relations)) + ('' if labels is None else FRAMES)


def removed_things(relations: dict[str, Relation]) -> str:
    """What was removed: images, captions, or both."""
    things = dict(image='images', text='captions')
    return ' or '.join(dict.fromkeys(things[REMOVED_KIND[direction_of(relation)]] for relation in relations.values()))


def describe(relations: dict[str, Relation]) -> str:
    """The figure in words."""
    return (f'Rows of {removed_things(relations)}, of {" and of ".join(relations)}: an anchor, then examples of the '
            f'{removed_things(relations)} that were removed from its negatives.')
