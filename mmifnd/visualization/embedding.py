"""Features and pseudo labels at several stages of training, by t-SNE (IFND, Fig. 3)."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from scipy.optimize import linear_sum_assignment
from sklearn.manifold import TSNE

from mmifnd.records.arrays import RecordError
from mmifnd.records.run_record import RunRecord
from mmifnd.records.snapshot import Snapshot, check_lengths

from .style import INK, PAPER, UNACCEPTED, bare, class_colors, figure_style, new_figure

PERPLEXITY = 30.
DARKER = np.array([0.6, 0.6, 0.6, 1.])
NAMED_CLASSES = 20
READING = ('Each dot is an image and near dots have similar features. Above, its true class; below, its pseudo label, '
           'grey where that was not accepted; crosses are centroids. A cluster takes the colour of the class that '
           'it overlaps most, one to one. Positions cannot be compared from column to column.')
READING_OF_CLUSTERS = ('Each dot is an image and near dots have similar features. Above, its true class; below, its '
                       'cluster, which nothing in this run asks for; crosses are centroids. A cluster takes the colour of '
                       'the class that it overlaps most, one to one. Positions cannot be compared from column to column.')
READING_WITHOUT_LABELS = ('Each dot is an image and near dots have similar features; colours are pseudo labels (clusters '
                          'where nothing asks for labels), grey was not accepted; crosses are centroids. Neither colours nor '
                          'positions can be compared from column to column.')


def stages(epochs: list[int], count: int = 3) -> list[int]:
    """Choose at most ``count`` of the epochs: first, last and evenly between."""
    positions = np.linspace(0, len(epochs) - 1, min(count, len(epochs))).round().astype(int)
    return [epochs[position] for position in positions]


def fixed_subset(num_images: int, size: int = 1500, seed: int = 0) -> np.ndarray:
    """The images shown, ascending: a draw without replacement that depends on ``seed`` alone."""
    return np.sort(np.random.default_rng(seed).permutation(num_images)[:size])


def project(features: np.ndarray, centroids: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Positions of features (N, D) and centroids (K, D) in one t-SNE map: (N, 2) and (K, 2).

    Both are fitted together, because t-SNE cannot place a point that it was not fitted on.
    """
    points = np.concatenate([features, centroids]).astype(np.float32)
    perplexity = min(PERPLEXITY, (len(points) - 1) / 3)
    positions = TSNE(perplexity=perplexity, init='pca', random_state=seed).fit_transform(points)
    return positions[:len(features)], positions[len(features):]


def colors_of_clusters(assignments: np.ndarray, labels: np.ndarray | None, num_clusters: int) -> np.ndarray:
    """RGBA (K, 4): each cluster gets the colour of its class under the best one-to-one matching (N images).

    Clusters beyond the number of classes get a darker shade of the class that they overlap most.
    """
    if labels is None:
        return class_colors(num_clusters)
    classes, label = np.unique(labels, return_inverse=True)
    overlap = np.zeros((num_clusters, len(classes)), dtype=np.int64)
    np.add.at(overlap, (assignments, label), 1)
    colors = class_colors(len(classes))[overlap.argmax(axis=1)] * DARKER
    clusters, matched = linear_sum_assignment(-overlap)
    colors[clusters] = class_colors(len(classes))[matched]
    return colors


def class_count(labels: np.ndarray | None) -> int | None:
    """Number of classes, where the labels are known."""
    return None if labels is None else len(np.unique(labels))


@figure_style()
def embedding_figure(record: RunRecord, labels: np.ndarray | None = None, epochs: list[int] | None = None,
                     size: int = 1500, seed: int = 0, class_names: list[str] | None = None) -> Figure:
    """t-SNE of the features, a column per epoch; above the true classes, below the pseudo labels.

    Args:
        record (RunRecord): a run whose snapshots keep the features.
        labels (ndarray | None): true classes (N,); without them there is only the lower row.
        epochs (list[int] | None): default: first, middle and last epoch that have features.
        size (int): images shown, the same at every epoch.
        seed (int): of the subset and of t-SNE.
        class_names (list[str] | None): names of the classes, by ``np.unique(labels)``; default: the labels themselves.

    Raises:
        RecordError: if a snapshot lacks the features.
        ValueError: if labels and snapshot differ in length.
    """
    epochs = epochs or stages(record.epochs_with_features())
    if not epochs:
        raise RecordError(f'{record.work_dir}: no snapshot keeps features; let the run save them')
    rows = 1 if labels is None else 2
    figure = new_figure(2.9 * max(2, len(epochs)), 3. * rows)
    grid = figure.subplots(rows, len(epochs), squeeze=False)
    for column, epoch in enumerate(epochs):
        snapshot = record.snapshot(epoch)
        if snapshot.features is None:
            raise RecordError(f'{record.snapshot_paths[epoch]}: keeps no features; let the run save them')
        check_lengths(snapshot.labels.shape[1], labels=labels)
        draw_column(grid[:, column], snapshot, labels, fixed_subset(snapshot.labels.shape[1], size, seed), seed,
                    class_names, uses_labels(record))
    return figure


def draw_column(column: np.ndarray, snapshot: Snapshot, labels: np.ndarray | None, subset: np.ndarray, seed: int,
                class_names: list[str] | None, by_label: bool) -> None:
    """One epoch: true classes in the first axes (where known), pseudo labels (or else clusters) in the last."""
    classes = None if labels is None else np.unique(labels)
    position = snapshot.granularity(class_count(labels))
    centroids = snapshot.centroids[position]
    points, crosses = project(snapshot.features[subset], centroids, seed)
    if labels is not None:
        label = np.searchsorted(classes, labels[subset])
        scatter(column[0], points, class_colors(len(classes))[label])
        name_classes(column[0], points, label, class_names or [str(name) for name in classes])
        column[0].set_title(f'epoch {snapshot.epoch}: true classes')
    pseudo = (snapshot.labels if by_label else snapshot.assignments)[position, subset]
    colors = colors_of_clusters(snapshot.assignments[position], labels, len(centroids))[pseudo]
    colors[pseudo < 0] = to_rgba(UNACCEPTED)
    order = np.argsort(pseudo >= 0, kind='stable')
    scatter(column[-1], points[order], colors[order])
    column[-1].scatter(*crosses.T, marker='x', color=INK.neutral, s=42, linewidths=1.6)
    share = (snapshot.labels[position] >= 0).mean()
    column[-1].set_title(f'epoch {snapshot.epoch}: k = {len(centroids)}' + (f', {share:.0%} accepted' if by_label else ''))


def uses_labels(record: RunRecord) -> bool:
    """Whether the training asked for pseudo labels; a baseline is clustered to be measured only."""
    levels = [level for entry in record.history for level in entry['granularities']]
    return not levels or any('accepted_share' in level for level in levels)


def reading(record: RunRecord, labels: np.ndarray | None) -> str:
    """How to read the map."""
    if labels is None:
        return READING_WITHOUT_LABELS
    return READING if uses_labels(record) else READING_OF_CLUSTERS


def scatter(axes: Axes, points: np.ndarray, colors: np.ndarray) -> None:
    """Dots as one picture: thousands of vector marks would make the page slow."""
    bare(axes).scatter(*points.T, c=colors, s=max(5., min(16., 6000 / len(points))), linewidths=0, rasterized=True)
    axes.set_aspect('equal', adjustable='datalim')


def name_classes(axes: Axes, points: np.ndarray, label: np.ndarray, names: list[str]) -> None:
    """Write each class's name at the median of its dots, if there are few enough to be read."""
    if len(names) > NAMED_CLASSES:
        return
    for number in np.unique(label):
        axes.annotate(names[number], np.median(points[label == number], axis=0), ha='center', va='center',
                      bbox=dict(boxstyle='round,pad=0.2', facecolor=PAPER.neutral, edgecolor='none', alpha=0.75))


def describe(record: RunRecord, epochs: list[int]) -> str:
    """The figure in words."""
    return (f'Scatter plots of a t-SNE map of the features of {record.work_dir.name} at '
            f'epochs {", ".join(map(str, epochs))}, coloured by class and by pseudo label.')
