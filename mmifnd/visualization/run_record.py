"""What a run leaves behind, read back: the clusterings' history, the training curve and the snapshots."""

import json
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

SNAPSHOT_NAME = re.compile(r'epoch_(\d+)\.npz')
SNAPSHOT_KEYS = ('epoch', 'rate', 'labels', 'assignments', 'confidence')
THRESHOLD_KEYS = ('thresholds', 'exact_thresholds', 'threshold_anchors')


class RecordError(ValueError):
    """A file of a run is missing or damaged; the message is one line that names it."""


class NoRecordError(RecordError):
    """A directory holds no record of a run at all."""


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


@dataclass(frozen=True)
class RunRecord:
    """One run's record; the snapshots are read only when asked for.

    Attributes:
        work_dir (Path): where the run wrote.
        history (list[dict]): one entry per clustering, by epoch; empty for a run that never clustered. Shares of
            images, negatives and time are in [0, 1]; ``nmi``, ``mtpr`` and ``mtnr`` in percent.
        scalars (list[dict]): one entry per logging step that has a loss, by step; empty where the run kept none.
        snapshot_paths (dict[int, Path]): epoch -> file.
        detection (list[dict]): one entry per epoch: precision, recall, F1 and shares of the training steps' masks, in
            percent; empty where they were not measured.
    """

    work_dir: Path
    history: list[dict]
    scalars: list[dict]
    snapshot_paths: dict[int, Path]
    detection: list[dict] = field(default_factory=list)

    @classmethod
    def load(cls, work_dir: str | Path) -> 'RunRecord':
        """Read the record of one run.

        Args:
            work_dir (str | Path): holds ``false_negatives/`` (``history.jsonl``, ``detection.jsonl``, ``epoch_*.npz``)
                and the training curve; each may be missing, but not all of them.

        Raises:
            NoRecordError: where there is no record.
            RecordError: where a file is damaged. A torn last line, left by a run that was killed while it wrote, is
                no damage and is left out.
        """
        work_dir = Path(work_dir)
        folder = work_dir / 'false_negatives'
        history = read_json_lines(folder / 'history.jsonl', required=('epoch', 'granularities'))
        detection = read_json_lines(folder / 'detection.jsonl', required=('epoch',), flat=True)
        scalars = read_training_curve(work_dir)
        matches = [(SNAPSHOT_NAME.fullmatch(path.name), path) for path in sorted(folder.glob('*.npz'))]
        snapshots = {int(match.group(1)): path for match, path in matches if match}
        if not (history or detection or scalars or snapshots):
            raise NoRecordError(
                f'{work_dir} holds no record of a run: expected false_negatives/history.jsonl, '
                'false_negatives/detection.jsonl, false_negatives/epoch_*.npz, scalars.jsonl or */vis_data/scalars.json; '
                'give the work_dir of a run')
        return cls(work_dir, latest_by(history, 'epoch'), latest_by(scalars, 'step'), snapshots,
                   since_the_last_resume(detection))

    @property
    def epochs(self) -> list[int]:
        """Epochs of which there is a snapshot, ascending."""
        return sorted(self.snapshot_paths)

    def epochs_with(self, key: str) -> list[int]:
        """Epochs whose snapshot also keeps the array ``key``, ascending; opens the files, reads no array."""
        return [epoch for epoch in self.epochs if key in open_archive(self.snapshot_paths[epoch]).files]

    def epochs_with_features(self) -> list[int]:
        """Epochs whose snapshot also keeps the features, ascending."""
        return self.epochs_with('features')

    def snapshot(self, epoch: int) -> Snapshot:
        """Read the snapshot of one epoch; raises RecordError where it is missing or damaged."""
        if epoch not in self.snapshot_paths:
            raise RecordError(f'{self.work_dir} has no snapshot of epoch {epoch}; choose one of {self.epochs}')
        return read_snapshot(self.snapshot_paths[epoch])


def read_json_lines(path: Path, required: tuple[str, ...] = (), flat: bool = False) -> list[dict]:
    """Entries of a JSON-lines file, [] where it is missing; a torn last line is left out.

    A file that a resumed run appends to may also hold a torn line in its midst, with the next entry on the same line;
    where entries are ``flat`` (no object within), that entry is read and the torn one left out.

    Raises:
        RecordError: where another line is no JSON object, or lacks one of the ``required`` keys.
    """
    if not path.is_file():
        return []
    lines = [(number, line) for number, line in enumerate(path.read_bytes().split(b'\n'), 1) if line.strip()]
    entries = []
    for number, line in lines:
        try:
            entry = parse(line, flat)
        except ValueError as error:
            if number == lines[-1][0]:
                break
            raise RecordError(f'{path}, line {number}: not JSON; repair or delete that line') from error
        missing = [key for key in required if key not in entry] if isinstance(entry, dict) else ['the object']
        if missing:
            raise RecordError(f'{path}, line {number}: {", ".join(missing)} missing; repair or delete that line')
        entries.append(entry)
    return entries


def parse(line: bytes, flat: bool) -> object:
    """The JSON of a line; of a flat entry that follows a torn one on its line, that after the last opening brace."""
    try:
        return json.loads(line)
    except ValueError:
        if not flat or line.rfind(b'{') < 1:
            raise
        return json.loads(line[line.rfind(b'{'):])


def read_training_curve(work_dir: Path) -> list[dict]:
    """Entries with step, epoch and loss: of ``scalars.jsonl``, or of mmengine's log, a file for each start of the run.

    Such a log also holds lines without a loss (evaluations, clusterings) at the steps of others.
    """
    path = work_dir / 'scalars.jsonl'
    paths = [path] if path.is_file() else sorted(work_dir.glob('*/vis_data/scalars.json'))
    entries = [entry for path in paths for entry in read_json_lines(path)]
    return [entry for entry in entries if all(key in entry for key in ('step', 'epoch', 'loss'))]


def latest_by(entries: list[dict], key: str) -> list[dict]:
    """One entry per value of ``key``, ascending: a resumed run repeats some, and the later one counts."""
    latest = {entry[key]: entry for entry in entries}
    return [latest[value] for value in sorted(latest)]


def since_the_last_resume(entries: list[dict]) -> list[dict]:
    """Entries by ascending epoch; one that a resumed run wrote replaces those of its epoch and of all later ones."""
    kept = []
    for entry in entries:
        while kept and kept[-1]['epoch'] >= entry['epoch']:
            kept.pop()
        kept.append(entry)
    return kept


def open_archive(path: Path) -> np.lib.npyio.NpzFile:
    """Open an .npz file without ever unpickling; raises RecordError where it is none."""
    try:
        archive = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise RecordError(f'{path}: not a readable .npz file; delete it or write it again') from error
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise RecordError(f'{path}: expected an .npz archive, got a single array')
    return archive


def read_snapshot(path: Path) -> Snapshot:
    """Read and check one ``epoch_*.npz``; raises RecordError, naming the file, where something does not fit."""
    try:
        with open_archive(path) as archive:
            arrays = {key: archive[key] for key in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, RecordError):
            raise
        raise RecordError(f'{path}: damaged ({error}); delete it or write it again') from error
    missing = [key for key in SNAPSHOT_KEYS if key not in arrays]
    if missing:
        raise RecordError(f'{path}: {", ".join(missing)} missing; found {", ".join(sorted(arrays))}')
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
