"""Which negatives were removed: anchors, and the images that share their pseudo label."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.patches import Rectangle

from .embedding import check_lengths, class_count
from .run_record import Snapshot
from .style import FAINT, OTHER, SAME, bare, decoration, figure_style, new_figure

CHECK_MARK = Path([(-1., 0.05), (-0.35, -0.7), (1., 0.8)])
READING = ('Left, the anchor; right of it, images that no longer count as its negatives, evenly spaced from the most '
           'to the least confident pseudo label.')
READING_WITH_LABELS = (READING + ' Blue frame and tick: truly the same class, rightly removed. Orange frame and cross: '
                       'another class, a true negative lost.')


def choose_anchors(pseudo_labels: np.ndarray, count: int = 5, seed: int = 0) -> np.ndarray:
    """Random accepted images (N,) -> (<= count,), none alone in its cluster, each of another cluster."""
    clusters, sizes = np.unique(pseudo_labels[pseudo_labels >= 0], return_counts=True)
    generator = np.random.default_rng(seed)
    chosen = np.sort(generator.permutation(clusters[sizes > 1])[:count])
    return np.array([generator.choice(np.flatnonzero(pseudo_labels == cluster)) for cluster in chosen], dtype=int)


def removed_negatives(pseudo_labels: np.ndarray, confidence: np.ndarray, anchor: int) -> np.ndarray:
    """Images with the pseudo label of ``anchor`` (one of N), most confident first; empty where it was not accepted."""
    if pseudo_labels[anchor] < 0:
        return np.array([], dtype=int)
    same = np.flatnonzero(pseudo_labels == pseudo_labels[anchor])
    same = same[same != anchor]
    return same[np.argsort(-confidence[same], kind='stable')]


@figure_style()
def removed_figure(snapshot: Snapshot, images: np.ndarray, labels: np.ndarray | None = None,
                   anchors: np.ndarray | None = None, num_examples: int = 10, num_anchors: int = 5, seed: int = 0,
                   class_names: dict | None = None) -> Figure:
    """One row per anchor: its image, then examples of the negatives that were removed from its denominator.

    Args:
        snapshot (Snapshot): pseudo labels and confidences of one clustering.
        images (ndarray): uint8 (N, C, H, W), C = 1 or 3.
        labels (ndarray | None): true classes (N,); with them each example is marked as same or other class.
        anchors (ndarray | None): indices of the anchors; default: ``choose_anchors``.
        num_examples (int): examples in a row, evenly spaced over all removed images by confidence.
        num_anchors (int): rows, where ``anchors`` is None.
        seed (int): of the choice of anchors.
        class_names (dict | None): label -> name; default: the label itself.

    Raises:
        ValueError: where images or labels do not fit the snapshot, or no anchor lost a negative.
    """
    check_lengths(snapshot, images=images, labels=labels)
    if images.ndim != 4 or images.shape[1] not in (1, 3) or images.dtype != np.uint8:
        raise ValueError(f'images must be uint8 (N, 1 or 3, H, W), got {images.dtype} {images.shape}')
    position = snapshot.granularity(class_count(labels))
    pseudo_labels, confidence = snapshot.labels[position], snapshot.confidence[position]
    anchors = choose_anchors(pseudo_labels, num_anchors, seed) if anchors is None else np.asarray(anchors)
    rows = [(anchor, removed_negatives(pseudo_labels, confidence, anchor)) for anchor in anchors]
    rows = [(anchor, removed) for anchor, removed in rows if len(removed)]
    if not rows:
        raise ValueError(f'epoch {snapshot.epoch}: no negative was removed for these anchors; choose a later epoch')
    figure = new_figure(0.62 * (num_examples + 1.35), 1.12 * len(rows))
    for axes, (anchor, removed) in zip(figure.subplots(len(rows), 1, squeeze=False)[:, 0], rows):
        draw_row(axes, images, labels, anchor, removed, num_examples)
        axes.set_title(row_title(labels, anchor, removed, class_names), fontsize='medium', fontweight='normal')
    return figure


def row_title(labels: np.ndarray | None, anchor: int, removed: np.ndarray, class_names: dict | None) -> str:
    """What happened to this anchor, in numbers over *all* its removed negatives, not only the examples."""
    title = f'image {anchor}: {len(removed)} negatives removed'
    if labels is None:
        return title
    name = (class_names or {}).get(labels[anchor], labels[anchor])
    share = (labels[removed] == labels[anchor]).mean()
    return f'class {name}, {title}, {share:.0%} of them truly the same class'


def draw_row(axes: Axes, images: np.ndarray, labels: np.ndarray | None, anchor: int, removed: np.ndarray,
             num_examples: int) -> None:
    """Anchor at x = 0, examples from x = 1.35 on, in units of one image width."""
    positions = np.linspace(0, len(removed) - 1, min(num_examples, len(removed))).round().astype(int)
    bare(axes)
    draw_image(axes, images[anchor], 0., FAINT.neutral)
    for column, example in enumerate(removed[positions]):
        left = 1.35 + column
        same = None if labels is None else labels[example] == labels[anchor]
        color = FAINT.neutral if same is None else SAME if same else OTHER
        draw_image(axes, images[example], left, color)
        if same is not None:
            axes.plot([left + 0.44], [-0.17], marker=CHECK_MARK if same else 'x', color=color, markersize=6,
                      markerfacecolor='none', markeredgewidth=1.8)
    axes.set(xlim=(-0.05, 1.35 + num_examples), ylim=(-0.32, 0.95))
    axes.set_aspect('equal', anchor='W')


def draw_image(axes: Axes, image: np.ndarray, left: float, color: str) -> None:
    """One image (C, H, W) of width 0.88 in a coloured frame."""
    picture = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
    axes.imshow(picture, extent=(left, left + 0.88, 0., 0.88), cmap='gray', vmin=0, vmax=255, interpolation='nearest')
    frame = Rectangle((left, 0.), 0.88, 0.88, fill=False, edgecolor=color, linewidth=2.)
    decoration(axes.add_patch(frame))


def describe(snapshot: Snapshot) -> str:
    """The figure in words."""
    return (f'Rows of images at epoch {snapshot.epoch}: an anchor, then examples of the images that were removed from '
            'its negatives.')
