"""What a run leaves behind for people and for the report."""

import json
from pathlib import Path

import numpy as np
from mmengine.dist import is_main_process
from torch import Tensor

from mmifnd.clustering import PseudoLabels

KINDS = ('none', 'labels', 'features')
PREFIX = 'epoch'


class RunFiles:
    """``WORK_DIR/false_negatives/``: ``history.jsonl``, a line a clustering, and ``epoch_NNNN.npz``, its arrays.

    Args:
        save (str): ``'labels'``: labels, assignments, confidence and centroids; ``'features'``: those, too (2 N D bytes);
            ``'none'``: the history only.

    Raises:
        ValueError: where ``save`` is unknown.
    """

    def __init__(self, save: str) -> None:
        if save not in KINDS:
            raise ValueError(f'save={save!r} is unknown; choose one of {", ".join(KINDS)}')
        self.save = save

    def open(self, work_dir: str) -> None:
        """Take the run's directory; nothing is written on the other ranks."""
        self.folder = Path(work_dir) / 'false_negatives'

    def write(self, record: dict, labels: PseudoLabels, features: Tensor,
              further: dict[str, Tensor] | None = None) -> None:
        """Add a clustering, and ``further`` arrays of that moment.

        One of the same epoch or later (the run was resumed before it) is replaced.
        """
        if not is_main_process():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        add_record(self.folder / 'history.jsonl', record)
        forget_arrays(self.folder, PREFIX, record['epoch'])
        if self.save != 'none':
            self._write_arrays(record, labels, features, further or {})

    def _write_arrays(self, record: dict, labels: PseudoLabels, features: Tensor, further: dict[str, Tensor]) -> None:
        levels = labels.granularities
        arrays = dict(
            epoch=np.int64(record['epoch']), rate=np.float64(labels.rate),
            labels=labels.labels.numpy().astype(np.int32),
            assignments=np.stack([level.assignment.numpy() for level in levels]).astype(np.int32),
            confidence=np.stack([level.confidence.numpy() for level in levels]),
            **{name: values.numpy() for name, values in further.items()},
            **{f'centroids_{position}': level.centroids.numpy() for position, level in enumerate(levels)})
        if self.save == 'features':
            arrays['features'] = features.numpy().astype(np.float16)
        write_arrays(self.folder, PREFIX, record['epoch'], arrays)


def write_arrays(folder: Path, prefix: str, epoch: int, arrays: dict[str, np.ndarray]) -> None:
    """``PREFIX_NNNN.npz`` of an epoch, whole or not at all; those of later ones (the run was resumed before them) go."""
    folder.mkdir(parents=True, exist_ok=True)
    forget_arrays(folder, prefix, epoch)
    partial = folder / f'{prefix}.partial'
    with open(partial, 'wb') as file:
        np.savez_compressed(file, **arrays)
    partial.replace(folder / f'{prefix}_{epoch:04d}.npz')


def forget_arrays(folder: Path, prefix: str, epoch: int) -> None:
    """Remove the ``PREFIX_NNNN.npz`` of ``epoch`` and of all later ones."""
    for path in folder.glob(f'{prefix}_*.npz'):
        number = path.stem.removeprefix(f'{prefix}_')
        if number.isdecimal() and int(number) >= epoch:  # others belong to a longer prefix
            path.unlink()


def add_record(path: Path, *records: dict) -> None:
    """Add one line per record of one epoch to ``path``, which is replaced as a whole; lines of the same epoch or later (the
    run was resumed before it) go."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [line for line in _lines(path) if json.loads(line)['epoch'] < records[0]['epoch']]
    partial = path.with_suffix('.partial')
    partial.write_text('\n'.join([*lines, *map(json.dumps, records)]) + '\n')
    partial.replace(path)


def _lines(path: Path) -> list[str]:
    """Whole lines of ``path``; a last line that a kill cut off is dropped."""
    if not path.exists():
        return []
    return [line for line in path.read_text().splitlines() if line.endswith('}')]
