"""All records of a run, read back: history of the clusterings, scores by epoch, training curve, snapshots."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from .arrays import RecordError, open_archive
from .curve import read_curve
from .evaluations import read_evaluations
from .lines import latest_by, read_records
from .names import DETECTION, DIRECTIONS, HEALTH, HISTORY, ONLINE, SNAPSHOT, STEPS, array_paths, folder_of
from .snapshot import Snapshot, read_snapshot
from .steps import read_steps

_LOGGER = logging.getLogger('mmifnd')

Result = TypeVar('Result')


class NoRecordError(RecordError):
    """A directory holds no record of a run at all."""


@dataclass(frozen=True)
class RunRecord:
    """One run's record; the snapshots are read only when asked for.

    Attributes:
        work_dir (Path): where the run wrote.
        history (list[dict]): one entry per clustering, by epoch; empty for a run that never clustered. Shares of
            images, negatives and time are in [0, 1]; ``nmi``, ``mtpr`` and ``mtnr`` in percent.
        scalars (list[dict]): one entry per logging step that has a loss, by step, of the last training that began
            anew and of what resumed it; empty if the run kept none.
        snapshot_paths (dict[int, Path]): epoch -> file.
        detection (list[dict]): one entry per epoch: precision, recall, F1 and shares of the training steps' masks, in
            percent; empty if they were not measured.
        health (list[dict]): one entry per epoch: effective ranks, spread and more of embedding and backbone, means of the
            steps, and ``alarms``, sentences.
        online (list[dict]): one entry per epoch: accuracies of the online probe and of kNN, in percent.
        step_paths (dict[int, Path]): epoch -> file of what its training steps removed for a few images.
        paths_of_direction (dict[str, dict[int, Path]]): the same files of each direction of an image-text model.
        evaluation (dict[str, float]): measures of the results that evaluations left in the directory.
        problems (list[str]): what was damaged and is left out, one line each; also logged.
    """

    work_dir: Path
    history: list[dict]
    scalars: list[dict]
    snapshot_paths: dict[int, Path]
    detection: list[dict] = field(default_factory=list)
    health: list[dict] = field(default_factory=list)
    online: list[dict] = field(default_factory=list)
    step_paths: dict[int, Path] = field(default_factory=dict)
    paths_of_direction: dict[str, dict[int, Path]] = field(default_factory=dict)
    evaluation: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @classmethod
    def load(cls, work_dir: str | Path) -> 'RunRecord':
        """Read the record of one run.

        Args:
            work_dir: holds the folder and the files of :mod:`mmifnd.records.names`, and the training curve; each may be
                missing, but not all of them.

        Raises:
            NoRecordError: if there is no record.
            RecordError: if a file cannot be read at all. Damaged lines are left out, and logged.
        """
        work_dir = Path(work_dir)
        folder = folder_of(work_dir)
        problems: list[str] = []
        history = read_records(folder / HISTORY, ('granularities',), problems.append)
        detection, health, online = (read_records(folder / name, report=problems.append)
                                     for name in (DETECTION, HEALTH, ONLINE))
        scalars = read_curve(work_dir, problems.append)
        snapshots, steps = (array_paths(folder, kind) for kind in (SNAPSHOT, STEPS))
        if not (history or detection or health or online or scalars or snapshots):
            raise NoRecordError(
                f'{work_dir} holds no record of a run: expected {folder.name}/{HISTORY}, {DETECTION}, {HEALTH} or '
                f'{SNAPSHOT}_NNNN.npz, scalars.jsonl or */vis_data/scalars.json; give the work_dir of a run')
        for line in problems:
            _LOGGER.warning(line)
        directions = {name: array_paths(folder, f'{STEPS}_{name}') for name in DIRECTIONS}
        return cls(work_dir, history, latest_by(scalars, 'step'), snapshots, detection, health, online, steps,
                   {name: paths for name, paths in directions.items() if paths}, read_evaluations(work_dir), problems)

    def leave_out(self, error: RecordError) -> bool:
        """Forget the arrays that ``error`` is about, and log it; False if they are none of this run."""
        for paths in (self.snapshot_paths, self.step_paths, *self.paths_of_direction.values()):
            for epoch in [epoch for epoch, path in paths.items() if path == error.path]:
                del paths[epoch]
                self.problems.append(f'{error}; it is left out')
                _LOGGER.warning(self.problems[-1])
                return True
        return False

    @property
    def directions(self) -> list[str]:
        """The directions whose detections were recorded separately; none of a model with one head."""
        recorded = {entry.get('direction') for entry in self.detection} | set(self.paths_of_direction)
        return [direction for direction in DIRECTIONS if direction in recorded]

    def of_direction(self, direction: str) -> 'RunRecord':
        """What the head of one direction detected, as a record of its own; clusterings and curves are left out."""
        detection = [entry for entry in self.detection if entry.get('direction') == direction]
        return replace(self, history=[], scalars=[], snapshot_paths={}, detection=detection, health=[], online=[],
                       step_paths=self.paths_of_direction.get(direction, {}), paths_of_direction={})

    def by_direction(self) -> dict[str, 'RunRecord']:
        """The record of each direction under its name in reports; the whole record under '' if there are none."""
        return {DIRECTIONS[name]: self.of_direction(name) for name in self.directions} or {'': self}

    @property
    def epochs(self) -> list[int]:
        """Epochs that have a snapshot, ascending."""
        return sorted(self.snapshot_paths)

    def epochs_with(self, key: str) -> list[int]:
        """Epochs whose snapshot also keeps the array ``key``, ascending; opens the files, reads no array."""
        names = {epoch: open_archive(self.snapshot_paths[epoch]).files for epoch in self.epochs}
        return [epoch for epoch in self.epochs if key in names[epoch]]

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


def without_damaged(records: Mapping[str, RunRecord], build: Callable[[], Result]) -> Result:
    """What ``build`` makes of ``records`` once all arrays that turn out to be damaged are left out of them, and logged.

    Raises:
        RecordError: if something else is damaged.
    """
    while True:
        try:
            return build()
        except RecordError as error:
            if not any(record.leave_out(error) for record in records.values()):
                raise
