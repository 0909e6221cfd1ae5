"""What is recorded of the clusterings of a run: its history, the log, and the arrays of each one."""

import time

from torch import Tensor, nn

from mmifnd.clustering import PseudoLabels
from mmifnd.distributed import is_main, rank, unwrap, world_size
from mmifnd.evaluation import clustering_scores
from mmifnd.parts import KeepsRankState

from ..features.detector_probe import error_of, has_thresholds, threshold_sample
from ..features.epoch_features import EpochFeatures
from .clustering_files import ClusteringFiles
from .clustering_log import log_clustering
from .step_values import MeanOfSteps, named_values


class ClusteringRecord(KeepsRankState):
    """Measures each clustering with the labels of the data set, which training never sees, and writes it down.

    Args:
        save (str): see :class:`ClusteringFiles`.
    """

    def __init__(self, save: str) -> None:
        self.files = ClusteringFiles(save)

    def open(self, runner) -> None:
        """Start the clock of a run."""
        self.framework = unwrap(runner.model)
        self.labels = runner.train_loop.dataset.labels() if is_main() else None
        self.files.open(runner.work_dir)
        self._started, self._spent = time.perf_counter(), 0.
        self._share_removed = MeanOfSteps()
        self._assignments: list[Tensor] | None = None

    def step(self, outputs: dict | None) -> None:
        """Keep the share of negatives that a step removed."""
        self._share_removed.add(named_values(outputs, 'false_negative_share').values())

    def rank_state(self) -> dict:
        """What was noted since the last clustering, and its assignments."""
        state = dict(elapsed=time.perf_counter() - self._started, spent=self._spent, share_removed=self._share_removed.state())
        if self._assignments:
            state['assignments'] = [assignment.int().cpu() for assignment in self._assignments]
        return state

    def load_rank_states(self, states: list[dict]) -> None:
        """Continue with it; on another number of ranks, shares that were removed count from here on."""
        state = states[rank() % len(states)]
        self._started, self._spent = time.perf_counter() - state['elapsed'], state['spent']
        if len(states) == world_size():
            self._share_removed.load(state['share_removed'], next(self.framework.parameters()).device)
        if 'assignments' in state:
            self._assignments = [assignment.cpu().long() for assignment in state['assignments']]

    def add(self, runner, labels: PseudoLabels, epoch_features: EpochFeatures, seconds: tuple[float, float],
            is_exact: bool) -> None:
        """Record a clustering; every rank must call it.

        Args:
            seconds (tuple[float, float]): what the features took, and what the clustering took.
            is_exact (bool): whether the features are those of the present weights for every image.
        """
        self._spent += sum(seconds)
        record = dict(
            epoch=epoch_features.epoch, progress=labels.progress, rate=labels.rate, seconds_features=seconds[0],
            seconds_clustering=seconds[1], share_of_training_time=self._spent / (time.perf_counter() - self._started),
            false_negative_share=self._share_removed.take())
        detector = self._threshold_detector(epoch_features) if is_exact else None
        features = epoch_features.on_main() if detector is not None or self.files.save == 'features' else None
        if is_main():
            thresholds = {} if detector is None else threshold_sample(detector, features)
            record.update(granularities=self._granularities(labels), **error_of(thresholds))
            log_clustering(runner, record)
            self.files.write(record, labels.cpu(), features, thresholds)

    def _granularities(self, labels: PseudoLabels) -> list[dict]:
        """What each granularity is, and is worth; counted where the labels are."""
        rows = labels.statistics()
        before, self._assignments = self._assignments, [level.assignment for level in labels.granularities]
        for position, (row, assignment) in enumerate(zip(rows, self._assignments)):
            # A baseline that accepts no label is clustered only to be measured.
            accepted = labels.labels[position] if self.framework.uses_pseudo_labels else None
            row.update(clustering_scores(assignment, accepted, self.labels, before and before[position]))
            if accepted is None:
                del row['accepted_share']
        return rows

    def _threshold_detector(self, features: EpochFeatures) -> nn.Module | None:
        """The detector that learns thresholds on the embedding, if that is what was taken.

        A head with a direction compares with the embeddings of another encoder, which are not taken here.
        """
        head = self.framework.heads.get('')
        return head.detector if head and features.kind == 'z' and has_thresholds(head.detector) else None
