"""What a run leaves behind, read back: the clusterings' history, the training curve and the snapshots."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .snapshot import RecordError, Snapshot, open_archive, read_snapshot, read_steps

SNAPSHOT_NAME = re.compile(r'epoch_(\d+)\.npz')
STEPS_NAME = re.compile(r'removed_(\d+)\.npz')


class NoRecordError(RecordError):
    """A directory holds no record of a run at all."""


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
        health (list[dict]): one entry per epoch: effective ranks, spread and more of embedding and backbone, means of the
            steps, and ``alarms``, sentences.
        online (list[dict]): one entry per epoch: accuracies of the online probe and of kNN, in percent.
        step_paths (dict[int, Path]): epoch -> file of what its training steps removed for a few images.
        evaluation (dict[str, float]): measures of the results that ``tools/test.py --out`` left in the directory.
    """

    work_dir: Path
    history: list[dict]
    scalars: list[dict]
    snapshot_paths: dict[int, Path]
    detection: list[dict] = field(default_factory=list)
    health: list[dict] = field(default_factory=list)
    online: list[dict] = field(default_factory=list)
    step_paths: dict[int, Path] = field(default_factory=dict)
    evaluation: dict[str, float] = field(default_factory=dict)

    @classmethod
    def load(cls, work_dir: str | Path) -> 'RunRecord':
        """Read the record of one run.

        Args:
            work_dir (str | Path): holds ``false_negatives/`` (``history.jsonl``, ``detection.jsonl``, ``health.jsonl``,
                ``epoch_*.npz``) and the training curve; each may be missing, but not all of them.

        Raises:
            NoRecordError: where there is no record.
            RecordError: where a file is damaged. A torn last line, left by a run that was killed while it wrote, is
                no damage and is left out.
        """
        work_dir = Path(work_dir)
        folder = work_dir / 'false_negatives'
        history = read_json_lines(folder / 'history.jsonl', required=('epoch', 'granularities'))
        detection = read_json_lines(folder / 'detection.jsonl', required=('epoch',), flat=True)
        health = read_json_lines(folder / 'health.jsonl', required=('epoch',), flat=True)
        logged = read_log(work_dir)
        scalars = [entry for entry in logged if all(key in entry for key in ('step', 'epoch', 'loss'))]
        snapshots, steps = (paths_by_epoch(folder, name) for name in (SNAPSHOT_NAME, STEPS_NAME))
        if not (history or detection or health or scalars or snapshots):
            raise NoRecordError(
                f'{work_dir} holds no record of a run: expected false_negatives/history.jsonl, '
                'false_negatives/detection.jsonl, false_negatives/health.jsonl, false_negatives/epoch_*.npz, scalars.jsonl '
                'or */vis_data/scalars.json; give the work_dir of a run')
        return cls(work_dir, latest_by(history, 'epoch'), latest_by(scalars, 'step'), snapshots,
                   since_the_last_resume(detection), since_the_last_resume(health),
                   since_the_last_resume(online_entries(logged)), steps, read_evaluations(work_dir))

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

    def steps(self, epoch: int) -> dict[str, np.ndarray]:
        """Read what the steps of one epoch removed for a few images; raises RecordError where it is missing or damaged."""
        if epoch not in self.step_paths:
            raise RecordError(f'{self.work_dir} has no record of the steps of epoch {epoch}; choose one of '
                              f'{sorted(self.step_paths)}')
        return read_steps(self.step_paths[epoch])


def paths_by_epoch(folder: Path, name: re.Pattern) -> dict[int, Path]:
    """Epoch -> file, of those whose name matches as a whole."""
    matches = [(name.fullmatch(path.name), path) for path in sorted(folder.glob('*.npz'))]
    return {int(match.group(1)): path for match, path in matches if match}


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


def read_log(work_dir: Path) -> list[dict]:
    """Entries of ``scalars.jsonl``, or of mmengine's log, a file for each start of the run.

    Such a log holds lines of steps, which have a loss, and of epochs (evaluations, clusterings), whose ``step`` is an epoch.
    """
    path = work_dir / 'scalars.jsonl'
    paths = [path] if path.is_file() else sorted(work_dir.glob('*/vis_data/scalars.json'))
    return [entry for path in paths for entry in read_json_lines(path)]


def online_entries(logged: list[dict]) -> list[dict]:
    """What the online probe logged, an entry an epoch."""
    prefix = 'online/'
    entries = [(entry, {key.removeprefix(prefix): value for key, value in entry.items() if key.startswith(prefix)})
               for entry in logged]
    return [dict(epoch=entry['step'], **found) for entry, found in entries if found]


def read_evaluations(work_dir: Path) -> dict[str, float]:
    """Measures of all results of an evaluation in ``work_dir``, by name; other files of JSON there are none of ours."""
    measures: dict[str, float] = {}
    for path in sorted(work_dir.glob('*.json')):
        try:
            found = json.loads(path.read_bytes())
            if found['kind'] == 'evaluation':
                measures.update({name: float(entry['value']) for name, entry in found['measures'].items()})
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return measures


def latest_by(entries: list[dict], key: str) -> list[dict]:
    """One entry per value of ``key``, ascending: a resumed run repeats some, and the later one counts."""
    latest = {entry[key]: entry for entry in entries}
    return [latest[value] for value in sorted(latest)]


def since_the_last_resume(entries: list[dict]) -> list[dict]:
    """Entries by ascending epoch; one that a resumed run wrote replaces those of its epoch and of all later ones."""
    kept = []
    for entry in entries:
        while kept and is_replaced(kept[-1], entry):
            kept.pop()
        kept.append(entry)
    return kept


def is_replaced(old: dict, new: dict) -> bool:
    """Whether ``new`` was written by a run that was resumed before ``old``; heads of one epoch each have an entry."""
    is_same_head = old.get('direction') == new.get('direction')
    return old['epoch'] > new['epoch'] or old['epoch'] == new['epoch'] and is_same_head
