"""What a run leaves behind, read back: the clusterings' history, the training curve and the snapshots."""

import json
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SNAPSHOT_NAME = re.compile(r'epoch_(\d+)\.npz')
SNAPSHOT_KEYS = ('epoch', 'rate', 'labels', 'assignments', 'confidence')


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
    """

    epoch: int
    rate: float
    labels: np.ndarray
    assignments: np.ndarray
    confidence: np.ndarray
    centroids: list[np.ndarray]
    features: np.ndarray | None = None

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
    """

    work_dir: Path
    history: list[dict]
    scalars: list[dict]
    snapshot_paths: dict[int, Path]

    @classmethod
    def load(cls, work_dir: str | Path) -> 'RunRecord':
        """Read the record of one run.

        Args:
            work_dir (str | Path): holds ``false_negatives/`` (``history.jsonl``, ``epoch_*.npz``) and the training
                curve; each may be missing, but not all of them.

        Raises:
            NoRecordError: where there is no record.
            RecordError: where a file is damaged. A torn last line, left by a run that was killed while it wrote, is
                no damage and is left out.
        """
        work_dir = Path(work_dir)
        folder = work_dir / 'false_negatives'
        history = read_json_lines(folder / 'history.jsonl', required=('epoch', 'granularities'))
        scalars = read_training_curve(work_dir)
        matches = [(SNAPSHOT_NAME.fullmatch(path.name), path) for path in sorted(folder.glob('*.npz'))]
        snapshots = {int(match.group(1)): path for match, path in matches if match}
        if not (history or scalars or snapshots):
            raise NoRecordError(f'{work_dir} holds no record of a run: expected false_negatives/history.jsonl, '
                                'false_negatives/epoch_*.npz, scalars.jsonl or */vis_data/scalars.json; '
                                'give the work_dir of a run')
        return cls(work_dir, latest_by(history, 'epoch'), latest_by(scalars, 'step'), snapshots)

    @property
    def epochs(self) -> list[int]:
        """Epochs of which there is a snapshot, ascending."""
        return sorted(self.snapshot_paths)

    def epochs_with_features(self) -> list[int]:
        """Epochs whose snapshot also keeps the features, ascending; opens the files, reads no array."""
        return [epoch for epoch in self.epochs if 'features' in open_archive(self.snapshot_paths[epoch]).files]

    def snapshot(self, epoch: int) -> Snapshot:
        """Read the snapshot of one epoch; raises RecordError where it is missing or damaged."""
        if epoch not in self.snapshot_paths:
            raise RecordError(f'{self.work_dir} has no snapshot of epoch {epoch}; choose one of {self.epochs}')
        return read_snapshot(self.snapshot_paths[epoch])


def read_json_lines(path: Path, required: tuple[str, ...] = ()) -> list[dict]:
    """Entries of a JSON-lines file, [] where it is missing; a torn last line is left out.

    Raises:
        RecordError: where another line is no JSON object, or lacks one of the ``required`` keys.
    """
    if not path.is_file():
        return []
    lines = [(number, line) for number, line in enumerate(path.read_bytes().split(b'\n'), 1) if line.strip()]
    entries = []
    for number, line in lines:
        try:
            entry = json.loads(line)
        except ValueError as error:
            if number == lines[-1][0]:
                break
            raise RecordError(f'{path}, line {number}: not JSON; repair or delete that line') from error
        missing = [key for key in required if key not in entry] if isinstance(entry, dict) else ['the object']
        if missing:
            raise RecordError(f'{path}, line {number}: {", ".join(missing)} missing; repair or delete that line')
        entries.append(entry)
    return entries


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
    return Snapshot(
        epoch=int(arrays['epoch']), rate=float(arrays['rate']), labels=arrays['labels'],
        assignments=arrays['assignments'], confidence=arrays['confidence'],
        centroids=[arrays[name] for name in names],
        features=None if features is None else features.astype(np.float32))
