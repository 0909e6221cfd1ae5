"""Pseudo labels, features and thresholds of a clustering: ``epoch_NNNN.npz``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .arrays import RecordError, read_arrays, write_arrays
from .kinds import LARGEST, REAL, WHOLE, Kind, check_arrays, check_epoch
from .names import SNAPSHOT

SNAPSHOT_KEYS = ('epoch', 'rate', 'labels', 'assignments', 'confidence')
THRESHOLD_KEYS = ('thresholds', 'exact_thresholds', 'threshold_anchors')
#: G granularities of N images; a threshold that was never learned is NaN.
KINDS = dict(
    rate=Kind(REAL, low=0, high=1), labels=Kind(WHOLE, ('G', 'N')), assignments=Kind(WHOLE, ('G', 'N')),
    confidence=Kind(REAL, ('G', 'N')), features=Kind(REAL, ('N', 'D'), low=-LARGEST), thresholds=Kind(REAL, ('N',)),
    exact_thresholds=Kind(REAL, ('anchors',)), threshold_anchors=Kind(WHOLE, ('anchors',)))


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
        assignments (ndarray): int32 (G, N), the cluster of every image, -1 of those that the epoch did not see.
        confidence (ndarray): float32 (G, N).
        centroids (list[ndarray]): G arrays, float32 (k_g, D).
        features (ndarray | None): float32 (N, D), where the run kept them.
        thresholds (ndarray | None): float32 (N,), cosine similarities, where the detector learns one per image.
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
    """Raise ValueError if an array given by the caller has not one entry per image of the snapshot."""
    for name, array in arrays.items():
        if array is not None and len(array) != num_images:
            raise ValueError(f'{len(array)} {name} for a snapshot of {num_images} images; give those of the images '
                             'that the run clustered, in its order')


def write_snapshot(folder: Path, epoch: int, rate: float, labels: np.ndarray, assignments: np.ndarray, confidence: np.ndarray,
                   centroids: Sequence[np.ndarray], features: np.ndarray | None = None,
                   thresholds: Mapping[str, np.ndarray] | None = None) -> Path:
    """Write ``epoch_NNNN.npz`` and return its path; for the arguments see :class:`Snapshot`.

    Args:
        folder: of the run's records.
        features: stored as float16, which takes 2 N D bytes.
        thresholds: some or all of ``thresholds``, ``exact_thresholds`` and ``threshold_anchors``.
    """
    arrays = dict(
        epoch=np.int64(epoch), rate=np.float64(rate), labels=labels.astype(np.int32), assignments=assignments.astype(np.int32),
        confidence=confidence, **(thresholds or {}),
        **{f'centroids_{position}': level for position, level in enumerate(centroids)})
    if features is not None:
        arrays['features'] = features.astype(np.float16)
    return write_arrays(folder, SNAPSHOT, epoch, arrays)


def read_snapshot(path: Path) -> Snapshot:
    """Read and check one ``epoch_NNNN.npz``; raises RecordError, which names the file, if something does not fit."""
    arrays = read_arrays(path, SNAPSHOT_KEYS)
    check_epoch(path, arrays)
    sizes = check_arrays(path, arrays, KINDS)
    names = [f'centroids_{position}' for position in range(sizes['G'])]
    missing = [name for name in names if name not in arrays]
    if missing:
        raise RecordError(f'{path}: {", ".join(missing)} missing, though labels has {len(names)} granularities', path)
    _check_clusters(path, arrays, names)
    _check_thresholds(path, arrays, sizes['N'])
    features = arrays.get('features')
    return Snapshot(
        epoch=int(arrays['epoch']), rate=float(arrays['rate']), labels=arrays['labels'],
        assignments=arrays['assignments'], confidence=arrays['confidence'],
        centroids=[arrays[name] for name in names],
        features=None if features is None else features.astype(np.float32),
        **{key: arrays[key] for key in THRESHOLD_KEYS if key in arrays})


def _check_clusters(path: Path, arrays: dict[str, np.ndarray], names: list[str]) -> None:
    """Raise RecordError if centroids are none, or a label or an assignment names a cluster that there is not."""
    check_arrays(path, arrays, {
        'features': KINDS['features'],
        **{name: Kind(REAL, (f'K{position}', 'D'), low=-LARGEST) for position, name in enumerate(names)}})
    for position, name in enumerate(names):
        rows = {f'{key} of granularity {position}': arrays[key][position] for key in ('labels', 'assignments')}
        last = len(arrays[name]) - 1
        check_arrays(path, rows, dict.fromkeys(rows, Kind(WHOLE, ('N',), -1, last)))


def _check_thresholds(path: Path, arrays: dict[str, np.ndarray], num_images: int) -> None:
    """Raise RecordError if some of the optional thresholds lack the others, or are of images that there are not."""
    there = [key for key in THRESHOLD_KEYS if key in arrays]
    if there not in ([], ['thresholds'], list(THRESHOLD_KEYS)):
        missing = [key for key in THRESHOLD_KEYS if key not in there]
        raise RecordError(f'{path}: {", ".join(missing)} missing, though {", ".join(there)} is there', path)
    check_arrays(path, arrays, dict(threshold_anchors=Kind(WHOLE, ('anchors',), 0, num_images - 1)))
