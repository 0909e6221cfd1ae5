"""What the training steps of an epoch removed for a few images: ``removed_NNNN.npz``."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .arrays import RecordError, read_arrays, write_arrays
from .kinds import REAL, TEXT, WHOLE, Kind, check_arrays, check_epoch
from .names import STEPS

STEP_KEYS = ('num_images', 'anchors', 'counts', 'shares', 'thresholds', 'images', 'similarities')
#: A anchors; images are numbered in 32 bits.
KINDS = dict(
    num_images=Kind(WHOLE, low=1, high=2**31 - 1), anchors=Kind(WHOLE, ('A',)), counts=Kind(WHOLE, ('A',)),
    shares=Kind(REAL, ('A',), low=0, high=1), thresholds=Kind(REAL, ('A',)), images=Kind(WHOLE, ('removed',)),
    similarities=Kind(REAL, ('removed',)), direction=Kind(TEXT))


class Removed(NamedTuple):
    """What a training step removed for one anchor.

    Attributes:
        anchor (int): its image.
        images (ndarray): int (R,), the removed images, the most similar first.
        similarities (ndarray): float (R,), their cosine similarities to the anchor.
        threshold (float): the similarity above which candidates were removed; NaN if the detector has none.
        share (float): share of the anchor's candidates that was removed, in [0, 1].
    """

    anchor: int
    images: np.ndarray
    similarities: np.ndarray
    threshold: float
    share: float


def write_steps(folder: Path, epoch: int, num_images: int, removed: Sequence[Removed], direction: str = '') -> Path:
    """Write ``removed_NNNN.npz``, or ``removed_DIRECTION_NNNN.npz`` if a framework has several heads, and return its path.

    Args:
        folder: of the run's records.
        epoch: completed epochs at the end of the epoch that is recorded.
        num_images: size of the training set.
        removed: one entry per anchor, at least one.
        direction: of the head.
    """
    arrays = dict(
        epoch=np.int64(epoch), num_images=np.int64(num_images),
        anchors=np.array([visit.anchor for visit in removed], dtype=np.int64),
        counts=np.array([len(visit.images) for visit in removed], dtype=np.int64),
        shares=np.array([visit.share for visit in removed], dtype=np.float32),
        thresholds=np.array([visit.threshold for visit in removed], dtype=np.float32),
        images=np.concatenate([visit.images for visit in removed]).astype(np.int32),
        similarities=np.concatenate([visit.similarities for visit in removed]).astype(np.float32))
    if direction:
        arrays['direction'] = np.array(direction)
    return write_arrays(folder, f'{STEPS}_{direction}' if direction else STEPS, epoch, arrays)


def read_steps(path: Path) -> dict[str, np.ndarray]:
    """Read and check one ``removed_NNNN.npz``; raises RecordError, which names the file, if something does not fit.

    Returns:
        dict[str, ndarray]: ``num_images`` (); of the A anchors ``anchors`` int (A,), ``thresholds`` (A,), NaN where the
        detector has none, ``shares`` of their candidates that were removed, (A,), and ``counts`` of removed images, int (A,),
        which lie one anchor after another in ``images`` int (R,) and ``similarities`` (R,).
    """
    arrays = read_arrays(path, STEP_KEYS)
    check_epoch(path, arrays)
    sizes = check_arrays(path, arrays, KINDS)
    last = int(arrays['num_images']) - 1
    check_arrays(path, arrays, dict(
        anchors=Kind(WHOLE, ('A',), 0, last), images=Kind(WHOLE, ('removed',), 0, last),
        counts=Kind(WHOLE, ('A',), 0, sizes['removed'])))
    if arrays['counts'].sum() != sizes['removed']:
        raise RecordError(f'{path}: counts of {arrays["counts"].sum()} images in all, but {sizes["removed"]} are named', path)
    anchors, times = np.unique(arrays['anchors'], return_counts=True)
    if times.max() > 1:
        raise RecordError(f'{path}: the anchor {anchors[times.argmax()]} stands {times.max()} times', path)
    return arrays
