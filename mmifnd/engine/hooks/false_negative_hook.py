"""When the features are clustered. The work itself is done elsewhere."""

import logging
import time
from collections.abc import Sequence

from mmengine.hooks import Hook
from mmengine.logging import print_log

from mmifnd.checks import check_choice, check_divisor
from mmifnd.clustering import PseudoLabeler
from mmifnd.distributed import is_main, unwrap
from mmifnd.parts import KeepsRankState
from mmifnd.registry import HOOKS, TASK_UTILS

from ..features.clustering_across_ranks import label_features
from ..features.epoch_features import evaluation_pipeline
from ..features.sources import SOURCES, ExactPass, TrainingSteps
from .clustering_record import ClusteringRecord

#: Steps before the end of an epoch in which processes begin to read images for the pass that follows it.
READ_AHEAD = 20


@HOOKS.register_module()
class FalseNegativeHook(Hook, KeepsRankState):
    """After every ``interval`` epochs: features, pseudo labels, publish, log (IFND, Algorithm 1).

    Args:
        num_clusters (Sequence[int]): K of each granularity.
        acceptance (dict): which labels are trusted yet; registered under TASK_UTILS.
        interval (int): epochs between clusterings. The useless one after the last epoch is skipped.
        begin (int): completed epochs before which nothing is clustered (PCL's warm-up).
        cluster_feature (str): ``'z'``, the embedding; ``'f'``, the backbone's feature; of pairs also ``'t'``, the text's
            embedding.
        source (str): ``'extract'``, an exact pass in evaluation mode with ``pipeline``; or ``'bank'``, the features of the
            training steps since the last clustering (no extra pass; images that were not drawn take no part).
        pipeline (list[dict], optional): test transform of the pass, for data sets that read images one by one; default: that
            of ``test_dataloader``.
        batch_size (int): images at a time of the pass, on each rank.
        num_workers (int): processes that read images for the pass.
        confidence (str): ``'softmax'`` (Eq. 2) or ``'concentration'`` (PCL), see :class:`mmifnd.clustering.PseudoLabeler`.
        temperature (float, optional): of the confidence, Eq. 2; default: the head's.
        kmeans (dict): options of :class:`mmifnd.clustering.KMeans`; with ``type='DistributedKMeans'``, of that class. There,
            and with ``backend='torch'``, the default on a GPU, features stay on the rank and device that made them.
        initial (bool): also cluster the features of the untrained network, before the first epoch.
        save (str): what each clustering leaves in ``false_negatives/`` of the work directory: ``'labels'``,
            ``'features'`` (labels and features, which rank 0 then has in host memory) or ``'none'``.

    Raises:
        ValueError: if an option is unknown, or a granularity exceeds the training set.
    """

    def __init__(self, num_clusters: Sequence[int], acceptance: dict, interval: int = 1, cluster_feature: str = 'z',
                 source: str = 'extract', pipeline: list[dict] | None = None, batch_size: int = 256,
                 num_workers: int = 0, confidence: str = 'softmax', temperature: float | None = None,
                 kmeans: dict | None = None, initial: bool = False, begin: int = 0, save: str = 'labels') -> None:
        check_choice('source', source, SOURCES, 'FalseNegativeHook')
        if temperature is not None:
            check_divisor('temperature', temperature, 'FalseNegativeHook', 'None takes that of the head')
        if interval < 1 or batch_size < 1:
            raise ValueError(f'interval={interval} and batch_size={batch_size} of FalseNegativeHook must be positive')
        if begin < 0 or initial and begin:
            raise ValueError(f'begin={begin} of FalseNegativeHook must not be negative, nor positive with initial=True, which '
                             'clusters before the first epoch')
        self.interval, self.initial, self.begin, self.temperature = interval, initial, begin, temperature
        self.labeler = PseudoLabeler(num_clusters, TASK_UTILS.build(acceptance), 1. if temperature is None else temperature,
                                     TASK_UTILS.build({'type': 'mmifnd.KMeans', **(kmeans or {})}), confidence)
        exact = ExactPass(cluster_feature, pipeline, batch_size, num_workers, self.labeler.kmeans.runs_on_shares)
        self.source = exact if source == 'extract' else TrainingSteps(exact)
        self.record = ClusteringRecord(save)

    def before_train(self, runner) -> None:
        """Check what can be checked before the first step, and cluster the untrained network if asked to."""
        self.framework, dataset = unwrap(runner.model), runner.train_loop.dataset
        self._check(dataset.num_samples, runner.max_epochs)
        self.labeler.temperature = self.framework.temperature if self.temperature is None else self.temperature
        self.source.open(self.framework, dataset, evaluation_pipeline(runner), runner.train_dataloader)
        self.record.open(runner)
        if is_main():
            runner.logger.info(f'k-means: {self.labeler.kmeans.describe()}')
        if self.initial and runner.iter == 0:
            self._relabel(runner, completed=0)

    def rank_state(self) -> dict:
        """The state for a checkpoint: what is recorded, how the labeler continues, and what the source has gathered."""
        state = self.record.rank_state()
        if is_main():
            state['labeler'] = self.labeler.state_dict()
        return dict(state, **self.source.rank_state()) if isinstance(self.source, KeepsRankState) else state

    def load_rank_states(self, states: list[dict]) -> None:
        """Continue with it."""
        self.record.load_rank_states(states)
        if 'labeler' in states[0]:  # older checkpoints: the next clustering starts cold
            self._warn_of_a_cold_start(states[0]['labeler'])
            self.labeler.load_state_dict(states[0]['labeler'])
        if isinstance(self.source, KeepsRankState):
            self.source.load_rank_states(states)

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None) -> None:
        """Keep the share of negatives that this step removed; near the end of an epoch, let reading for the pass begin."""
        self.record.step(outputs)
        if len(runner.train_dataloader) - batch_idx <= READ_AHEAD and self.is_due(runner.epoch + 1, runner.max_epochs):
            self.source.read_ahead()

    def after_train_epoch(self, runner) -> None:
        """Cluster if it is due."""
        if self.is_due(runner.epoch + 1, runner.max_epochs):
            self._relabel(runner, runner.epoch + 1)

    def after_train(self, runner) -> None:
        """End the processes that read images for the pass."""
        self.source.close()

    def is_due(self, completed: int, max_epochs: int) -> bool:
        """Whether a clustering follows after ``completed`` epochs."""
        return completed % self.interval == 0 and self.begin <= completed < max_epochs

    def _check(self, num_samples: int, max_epochs: int) -> None:
        self.labeler.check(num_samples)
        if self.begin >= max_epochs:
            raise ValueError(f'begin={self.begin} of FalseNegativeHook is beyond the training of {max_epochs} epochs; choose '
                             f'at most {max_epochs - 1}')
        if self.framework.uses_centroids and self.source.kind != 'z':
            raise ValueError(f"cluster_feature={self.source.kind!r} of FalseNegativeHook gives centroids of another space "
                             "than the embeddings that the head compares with them; use cluster_feature='z'")

    def _warn_of_a_cold_start(self, state: dict) -> None:
        """Say that centroids of a checkpoint are of no use to the clusterings that are asked for now."""
        before, now = tuple(len(centroids) for centroids in state['centroids']), self.labeler.num_clusters
        if is_main() and self.labeler.kmeans.init == 'previous' and before and before != now:
            print_log(f"the checkpoint has the centroids of num_clusters={before}, and there are {now} now: where the numbers "
                      "differ, the next clustering is not a warm start", 'current', logging.WARNING)

    def _relabel(self, runner, completed: int) -> None:
        started = time.perf_counter()
        with runner.optim_wrapper.optim_context(self.framework):  # a pass in the precision of the training
            features = self.source.take(completed)
        runner.train_loop.hand_on(features)
        featured = time.perf_counter()
        labels = label_features(self.labeler, features, completed / runner.max_epochs)
        self.framework.publish(labels)
        seconds = featured - started, time.perf_counter() - featured
        self.record.add(runner, labels, features, seconds, self.source.is_exact)
