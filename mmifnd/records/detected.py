"""What was removed for an anchor: by the pseudo labels or thresholds of a snapshot, or in the training steps themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import ClassVar, NamedTuple

import numpy as np

from .run_record import RunRecord
from .snapshot import Snapshot

MAX_ANCHORS = 2048
ROWS = 256  # anchors at a time that are compared with all images
TRIES = 200  # images that are asked for each anchor that is wanted


class Removed(NamedTuple):
    """What one anchor lost.

    Attributes:
        anchor (int): an image.
        images (ndarray): those that no longer count as its negatives, surest first, int (R,).
        scores (ndarray | None): how sure, (R,).
        threshold (float | None): the score above which an image was removed, where the anchor has one.
    """

    anchor: int
    images: np.ndarray
    scores: np.ndarray | None = None
    threshold: float | None = None


@dataclass(frozen=True)
class ByLabels:
    """Images of the anchor's pseudo label (-1: of none), the most confident first.

    Attributes:
        labels (ndarray): int (N,).
        confidence (ndarray): (N,).
    """

    labels: np.ndarray
    confidence: np.ndarray
    score: ClassVar[str] = 'the confidence of its pseudo label'
    pool: ClassVar[str] = 'other images'

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def anchors(self) -> np.ndarray:
        """Images that can be asked about."""
        return np.arange(len(self))

    def of(self, anchor: int) -> Removed:
        """What ``anchor`` lost."""
        same = np.flatnonzero((self.labels == self.labels[anchor]) & (self.labels >= 0))
        same = same[same != anchor]
        same = same[np.argsort(-self.confidence[same], kind='stable')]
        return Removed(anchor, same, self.confidence[same])

    @cached_property
    def shares(self) -> np.ndarray:
        """Share of the other images that each image lost, (N,)."""
        sizes = np.bincount(self.labels[self.labels >= 0], minlength=1)
        return np.where(self.labels >= 0, sizes[self.labels] - 1, 0) / (len(self.labels) - 1)


@dataclass(frozen=True)
class ByThreshold:
    """Images more similar to the anchor than its threshold, the most similar first.

    Attributes:
        features (ndarray): unit vectors, float32 (N, D).
        thresholds (ndarray): cosine similarities, (N,); at 1 (never learned) nothing is detected.
    """

    features: np.ndarray
    thresholds: np.ndarray
    score: ClassVar[str] = 'its cosine similarity to the anchor'
    pool: ClassVar[str] = 'other images'

    def __len__(self) -> int:
        return len(self.thresholds)

    @property
    def anchors(self) -> np.ndarray:
        """Images that can be asked about."""
        return np.arange(len(self))

    def of(self, anchor: int) -> Removed:
        """What ``anchor`` lost."""
        similarity = self.features @ self.features[anchor]
        images = np.flatnonzero(self._detected(similarity[None], np.array([anchor]))[0])
        images = images[np.argsort(-similarity[images], kind='stable')]
        return Removed(anchor, images, similarity[images], float(self.thresholds[anchor]))

    @cached_property
    def shares(self) -> np.ndarray:
        """Share of the other images that each of at most :data:`MAX_ANCHORS` images, evenly spread, lost."""
        total = len(self.features)
        anchors = np.unique(np.linspace(0, total - 1, min(total, MAX_ANCHORS)).round().astype(int))
        parts = [anchors[first:first + ROWS] for first in range(0, len(anchors), ROWS)]
        counts = [self._detected(self.features[part] @ self.features.T, part).sum(axis=1) for part in parts]
        return np.concatenate(counts) / (total - 1)

    def _detected(self, similarity: np.ndarray, anchors: np.ndarray) -> np.ndarray:
        """Bool (a, N)."""
        threshold = self.thresholds[anchors]
        detected = similarity > np.where(threshold < 1, threshold, np.inf)[:, None]
        detected[np.arange(len(anchors)), anchors] = False
        return detected


@dataclass(frozen=True)
class InSteps:
    """Images that training steps removed for a few anchors, of any detector, the most similar first.

    Attributes:
        removed (Mapping[int, Removed]): by anchor.
        shares (ndarray): of the candidates that each of these anchors had in its step, (A,).
        num_images (int): in the training set.
        direction (str): of image-text pairs, the kind of the anchors: ``'image'`` or ``'text'``; what was removed is of the
            other kind.
    """

    removed: Mapping[int, Removed]
    shares: np.ndarray
    num_images: int
    direction: str = ''
    score: ClassVar[str] = 'its cosine similarity to the anchor in that training step'
    pool: ClassVar[str] = 'candidates of its step'

    @classmethod
    def read(cls, steps: dict[str, np.ndarray]) -> 'InSteps':
        """Build it from the arrays of :func:`~mmifnd.records.snapshot.read_steps`."""
        ends = np.cumsum(steps['counts'])[:-1]
        columns = zip(steps['anchors'].tolist(), np.split(steps['images'], ends), np.split(steps['similarities'], ends),
                      steps['thresholds'].tolist())
        removed = {anchor: Removed(anchor, images, scores, threshold if np.isfinite(threshold) else None)
                   for anchor, images, scores, threshold in columns}
        return cls(removed, steps['shares'], int(steps['num_images']), str(steps.get('direction', '')))

    def __len__(self) -> int:
        return self.num_images

    @property
    def anchors(self) -> np.ndarray:
        """Images that can be asked about."""
        return np.array(sorted(self.removed), dtype=int)

    def of(self, anchor: int) -> Removed:
        """What ``anchor`` lost; nothing if it was not recorded."""
        return self.removed.get(anchor, Removed(anchor, np.zeros(0, dtype=int)))


Relation = ByLabels | ByThreshold | InSteps
#: What can be told from: the training steps of a few anchors, or the labels and thresholds of a snapshot, for all images.
SOURCES = ('steps', 'snapshot')


def relations_of(snapshot: Snapshot, num_clusters: int | None) -> list[Relation]:
    """What can be told from a snapshot: by thresholds, where it keeps features too, and by accepted pseudo labels.

    Args:
        num_clusters (int | None): of several granularities, the nearest to this is taken.
    """
    relations: list[Relation] = []
    if snapshot.thresholds is not None and snapshot.features is not None and (snapshot.thresholds < 1).any():
        norms = np.linalg.norm(snapshot.features, axis=1, keepdims=True)
        relations.append(ByThreshold(snapshot.features / np.maximum(norms, 1e-12), snapshot.thresholds))
    position = snapshot.granularity(num_clusters)
    if (snapshot.labels[position] >= 0).any():
        relations.append(ByLabels(snapshot.labels[position], snapshot.confidence[position]))
    return relations


def last_relations(record: RunRecord, num_clusters: int | None, epoch: int | None = None) -> tuple[int, list[Relation]] | None:
    """The last epoch (or ``epoch``) at which anything can be told, and what; None if the run removed nothing."""
    if not removes(record):
        return None
    for candidate in [epoch] if epoch is not None else reversed(record.epochs):
        relations = relations_of(record.snapshot(candidate), num_clusters)
        relations = [relation for relation in relations if relation.shares.any()]
        if relations:
            return candidate, relations
    return None


def last_steps(record: RunRecord, epoch: int | None = None) -> tuple[int, list[Relation]] | None:
    """The last epoch (or ``epoch``) whose training steps removed anything for the anchors that were recorded, and what."""
    for candidate in [epoch] if epoch is not None else sorted(record.step_paths, reverse=True):
        steps = InSteps.read(record.steps(candidate))
        if steps.shares.any():
            return candidate, [steps]
    return None


def told_of(records: Mapping[str, RunRecord], num_clusters: int | None, epoch: int | None = None,
            source: str | None = None) -> dict[str, tuple[int, list[Relation]]]:
    """Epoch and relations of each run that can tell what it removed, by its name.

    Args:
        records (Mapping[str, RunRecord]): by name.
        num_clusters (int | None): see :func:`relations_of`.
        epoch (int | None): default: of one run the last that tells anything; of several the last that all have recorded.
        source (str | None): one of :data:`SOURCES`. Unless given, one run tells from its snapshot, where that can be; of
            several runs all tell from their steps, or else each from what it has.
    """
    found = {}
    for name, record in records.items():
        steps = last_steps(record, epoch) if epoch in (None, *record.step_paths) else None
        snapshot = last_relations(record, num_clusters, epoch) if epoch in (None, *record.epochs) else None
        found[name] = {key: taken for key, taken in zip(SOURCES, (steps, snapshot), strict=True) if taken}
    found = {name: taken for name, taken in found.items() if taken and (source is None or source in taken)}
    if source is None:
        source = 'steps' if len(found) > 1 and all('steps' in taken for taken in found.values()) else 'snapshot'
    told = {name: taken.get(source) or next(iter(taken.values())) for name, taken in found.items()}
    common = last_common_epoch([records[name] for name in told], source) if epoch is None and len(told) > 1 else None
    if common is None or len({taken[0] for taken in told.values()}) == 1:
        return told
    at_common = told_of({name: records[name] for name in told}, num_clusters, common, source)
    return at_common if len(at_common) == len(told) else told


def last_common_epoch(records: Sequence[RunRecord], source: str) -> int | None:
    """The last epoch that all runs have recorded, in their training steps or in snapshots; None if there is none."""
    epochs = [set(record.step_paths if source == 'steps' else record.epochs) for record in records]
    return max(set.intersection(*epochs), default=None)


def removes(record: RunRecord) -> bool:
    """Whether the training removed any negative; pseudo labels may have other uses, as in PCL."""
    shares = [entry.get('false_negative_share') for entry in (*record.history, *record.health)]
    measured = [share for share in shares if share is not None]
    return not measured or any(share > 0 for share in measured)


def shared_anchors(relations: Sequence[Relation], kinds: np.ndarray | None, count: int, seed: int) -> list[int]:
    """Random images, ascending, for which *every* relation detected something.

    Args:
        kinds (ndarray | None): class or cluster of each image, (N,); no two anchors are of one.
        count (int): at most so many.
        seed (int): of the draw.
    """
    chosen, taken = [], set()
    shared = reduce(np.intersect1d, [relation.anchors for relation in relations])
    for anchor in np.random.default_rng(seed).permutation(shared).tolist()[:TRIES * count]:
        kind = anchor if kinds is None else kinds[anchor]
        if len(chosen) < count and kind not in taken and all(len(relation.of(anchor).images) for relation in relations):
            chosen.append(anchor)
            taken.add(kind)
    return sorted(chosen)
