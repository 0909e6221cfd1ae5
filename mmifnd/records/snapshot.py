"""Read back: pseudo labels, features and thresholds of a clustering (``epoch_NNNN.npz``), and what the training steps of an
epoch removed for a few images (``removed_NNNN.npz``)."""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SNAPSHOT_KEYS = ('epoch', 'rate', 'labels', 'assignments', 'confidence')
STEP_KEYS = ('num_images', 'anchors', 'counts', 'shares', 'thresholds', 'images', 'similarities')
THRESHOLD_KEYS = ('thresholds', 'exact_thresholds', 'threshold_anchors')


class RecordError(ValueError):
    """A file of a run is missing or damaged; the message is one line that names it."""


def nearest_granularity(num_clusters: list[int], wanted: int | None) -> int:
    """Position of the granularity whose number of clusters is nearest to ``wanted`` (0 where ``wanted`` is None)."""
    if wanted is None:
        return 0
    return min(range(len(num_clusters)), key=lambda position: abs(num_clusters[position] - wanted))


@dataclass(frozen=True)
class Snapshot:
    """The pseudo labels of one clustering.

    Attributes:
        epoch (int): completed epochs when the clustering was made.
        rate (float): share of pseudo labels that the schedule accepts, in [0, 1].
        labels (ndarray): int32 (G, N), -1 where the pseudo label was not accepted.
        assignments (ndarray): int32 (G, N), the cluster of every image.
        confidence (ndarray): float32 (G, N).
        centroids (list[ndarray]): G arrays, float32 (k_g, D).
        features (ndarray | None): float32 (N, D), where the run kept them.
        thresholds (ndarray | None): float32 (N,), cosine similarities, where the detector learns one an image.
        exact_thresholds (ndarray | None): float32 (A,), the quantiles that those of ``threshold_anchors`` estimate.
        threshold_anchors (ndarray | None): int64 (A,), images in [0, N); given with ``exact_thresholds``.
    """

    epoch: int
    rate: float
    labels: np.ndarray
    assignments: np.ndarray
    confidence: np.ndarray
    centroids: list[np.ndarray]
    features: np.ndarray | None = None
    thresholds: np.ndarray | None = None
    exact_thresholds: np.ndarray | None = None
    threshold_anchors: np.ndarray | None = None

    def granularity(self, wanted: int | None) -> int:
        """Position g of the granularity whose number of clusters is nearest to ``wanted``."""
        return nearest_granularity([len(centroids) for centroids in self.centroids], wanted)


def check_lengths(num_images: int, **arrays: np.ndarray | None) -> None:
    """Raise ValueError where an array given by the caller has not one entry per image of the snapshot."""
    for name, array in arrays.items():
        if array is not None and len(array) != num_images:
            raise ValueError(f'{len(array)} {name} for a snapshot of {num_images} images; give those of the images '
                             'that the run clustered, in its order')


def open_archive(path: Path) -> np.lib.npyio.NpzFile:
    """Open an .npz file without ever unpickling; raises RecordError where it is none."""
    try:
        archive = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise RecordError(f'{path}: not a readable .npz file; delete it or write it again') from error
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise RecordError(f'{path}: expected an .npz archive, got a single array')
    return archive


def read_arrays(path: Path, required: tuple[str, ...]) -> dict[str, np.ndarray]:
    """All arrays of an .npz file; raises RecordError where it is damaged, or lacks one of the ``required``."""
    try:
        with open_archive(path) as archive:
            arrays = {key: archive[key] for key in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, RecordError):
            raise
        raise RecordError(f'{path}: damaged ({error}); delete it or write it again') from error
    missing = [key for key in required if key not in arrays]
    if missing:
        raise RecordError(f'{path}: {", ".join(missing)} missing; found {", ".join(sorted(arrays))}')
    return arrays


def read_steps(path: Path) -> dict[str, np.ndarray]:
    """Read and check one ``removed_*.npz``; raises RecordError, naming the file, where something does not fit.

    Returns:
        dict[str, ndarray]: ``num_images`` (); of the A anchors ``anchors`` int (A,), ``thresholds`` (A,), NaN where the
        detector has none, ``shares`` of their candidates that were removed, (A,), and ``counts`` of removed images, int (A,),
        which lie one anchor after another in ``images`` int (R,) and ``similarities`` (R,).
    """
    arrays = read_arrays(path, STEP_KEYS)
    shapes = {key: arrays[key].shape for key in STEP_KEYS[1:]}
    anchors, removed = (arrays['anchors'].size,), (int(arrays['counts'].sum()),)
    expected = dict.fromkeys(('anchors', 'counts', 'shares', 'thresholds'), anchors)
    expected.update(images=removed, similarities=removed)
    wrong = [key for key in STEP_KEYS[1:] if shapes[key] != expected[key]]
    if wrong:
        raise RecordError(f'{path}: {wrong[0]} of shape {shapes[wrong[0]]}, expected {expected[wrong[0]]}')
    named = np.concatenate([arrays['anchors'], arrays['images']])
    if named.dtype.kind not in 'iu' or len(named) and not 0 <= named.min() <= named.max() < arrays['num_images']:
        raise RecordError(f'{path}: images that are none of the {arrays["num_images"]} of the training set')
    return arrays


def read_snapshot(path: Path) -> Snapshot:
    """Read and check one ``epoch_*.npz``; raises RecordError, naming the file, where something does not fit."""
    arrays = read_arrays(path, SNAPSHOT_KEYS)
    shapes = {key: arrays[key].shape for key in ('labels', 'assignments', 'confidence')}
    if len(set(shapes.values())) != 1 or arrays['labels'].ndim != 2:
        raise RecordError(f'{path}: labels, assignments and confidence must share one shape (G, N), got {shapes}')
    names = [f'centroids_{position}' for position in range(len(arrays['labels']))]
    missing = [name for name in names if name not in arrays]
    if missing:
        raise RecordError(f'{path}: {", ".join(missing)} missing, though labels has {len(names)} granularities')
    features = arrays.get('features')
    if features is not None and len(features) != arrays['labels'].shape[1]:
        raise RecordError(f'{path}: {len(features)} features for {arrays["labels"].shape[1]} images')
    check_thresholds(path, arrays)
    return Snapshot(
        epoch=int(arrays['epoch']), rate=float(arrays['rate']), labels=arrays['labels'],
        assignments=arrays['assignments'], confidence=arrays['confidence'],
        centroids=[arrays[name] for name in names],
        features=None if features is None else features.astype(np.float32),
        **{key: arrays[key] for key in THRESHOLD_KEYS if key in arrays})


def check_thresholds(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Raise RecordError where the optional thresholds do not fit the images, or each other."""
    shapes = {key: arrays[key].shape for key in THRESHOLD_KEYS if key in arrays}
    num_images = arrays['labels'].shape[1]
    if shapes.get('thresholds', (num_images,)) != (num_images,):
        raise RecordError(f'{path}: thresholds of shape {shapes["thresholds"]} for {num_images} images')
    if set(shapes) not in (set(), {'thresholds'}, set(THRESHOLD_KEYS)):
        missing = [key for key in THRESHOLD_KEYS if key not in shapes]
        raise RecordError(f'{path}: {", ".join(missing)} missing, though {", ".join(shapes)} is there')
    if len(shapes) < 3:
        return
    anchors, exact = arrays['threshold_anchors'], shapes['exact_thresholds']
    if anchors.ndim != 1 or anchors.shape != exact or anchors.dtype.kind not in 'iu':
        raise RecordError(f'{path}: threshold_anchors {anchors.dtype} {anchors.shape} for exact_thresholds {exact}; '
                          'expected integers, one a threshold')
    if len(anchors) and not 0 <= anchors.min() <= anchors.max() < num_images:
        raise RecordError(f'{path}: threshold_anchors from {anchors.min()} to {anchors.max()} for {num_images} images')
