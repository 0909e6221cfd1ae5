"""The files that a clustering leaves for people and for the report."""

import logging

import numpy as np
from mmengine.logging import print_log
from torch import Tensor

from mmifnd.checks import check_choice
from mmifnd.clustering import PseudoLabels
from mmifnd.distributed import is_main
from mmifnd.records.arrays import forget_arrays
from mmifnd.records.lines import add_record
from mmifnd.records.names import HISTORY, SNAPSHOT, folder_of
from mmifnd.records.snapshot import write_snapshot

KINDS = ('none', 'labels', 'features')


class ClusteringFiles:
    """One line per clustering in the history of a run, and the arrays of each one.

    Args:
        save (str): ``'labels'``: labels, assignments, confidence and centroids; ``'features'``: those and the features, which
            take 2 N D bytes; ``'none'``: the history only.

    Raises:
        ValueError: if ``save`` is unknown.
    """

    def __init__(self, save: str) -> None:
        check_choice('save', save, KINDS)
        self.save = save

    def open(self, work_dir: str) -> None:
        """Take the run's directory; nothing is written on ranks other than 0."""
        self.folder = folder_of(work_dir)

    def write(self, record: dict, labels: PseudoLabels, features: Tensor, thresholds: dict[str, Tensor] | None = None) -> None:
        """Add a clustering, and the thresholds of that moment; what a resumed run repeats is replaced."""
        if not is_main():
            return
        add_record(self.folder / HISTORY, record, report=lambda line: print_log(line, 'current', logging.WARNING))
        forget_arrays(self.folder, SNAPSHOT, record['epoch'])
        if self.save == 'none':
            return
        levels = labels.granularities
        write_snapshot(
            self.folder, record['epoch'], labels.rate, labels.labels.numpy(),
            np.stack([level.assignment.numpy() for level in levels]), np.stack([level.confidence.numpy() for level in levels]),
            [level.centroids.numpy() for level in levels], features.numpy() if self.save == 'features' else None,
            {name: values.numpy() for name, values in (thresholds or {}).items()})
