"""When the features are clustered, and what is logged of it. The work itself is done elsewhere."""

import time
from collections.abc import Sequence

import torch
from mmengine.dist import all_reduce, is_main_process
from mmengine.hooks import Hook
from torch import Tensor

from mmifnd.clustering import KMeans, PseudoLabeler, PseudoLabels
from mmifnd.evaluation import normalized_mutual_information, true_rates
from mmifnd.registry import HOOKS, TASK_UTILS

from ..clustering_across_ranks import label_across_ranks
from ..detector_probe import error_of, threshold_sample
from ..feature_pass import extract_features
from ..loops import unwrap
from ..progress import reported
from ..run_files import RunFiles

SOURCES = ('extract', 'bank')


@HOOKS.register_module()
class FalseNegativeHook(Hook):
    """After every ``interval`` epochs: features, pseudo labels, publish, log (IFND, Algorithm 1).

    Args:
        num_clusters (Sequence[int]): K of each granularity.
        acceptance (dict): which labels are trusted yet; registered under TASK_UTILS.
        interval (int): epochs between clusterings. The useless one after the last epoch is skipped.
        cluster_feature (str): ``'z'``, the embedding, or ``'f'``, the backbone's feature.
        source (str): ``'extract'``, an exact pass in evaluation mode with ``pipeline``; or ``'bank'``, the features of the
            training steps since the last clustering (no extra pass; images that were not drawn take no part).
        pipeline (list[dict], optional): test transform of the pass, for data sets that read images one by one; that of
            ``test_dataloader`` unless given.
        batch_size (int): images at a time of the pass, on each rank.
        num_workers (int): processes that read images for the pass.
        temperature (float, optional): of the confidence, Eq. 2; the head's unless given.
        kmeans (dict): options of :class:`mmifnd.clustering.KMeans`.
        initial (bool): also cluster the features of the untrained network, before the first epoch.
        save (str): what each clustering leaves in ``false_negatives/`` of the work directory: ``'labels'``,
            ``'features'`` (those, too) or ``'none'``.

    Raises:
        ValueError: where an option is unknown, or a granularity exceeds the training set.
    """

    def __init__(self, num_clusters: Sequence[int], acceptance: dict, interval: int = 1, cluster_feature: str = 'z',
                 source: str = 'extract', pipeline: list[dict] | None = None, batch_size: int = 256,
                 num_workers: int = 0, temperature: float | None = None, kmeans: dict | None = None,
                 initial: bool = False, save: str = 'labels') -> None:
        if source not in SOURCES:
            raise ValueError(f'source={source!r} of FalseNegativeHook is unknown; choose one of {", ".join(SOURCES)}')
        if temperature is not None and not temperature > 0:
            raise ValueError(f'temperature={temperature} of FalseNegativeHook is not positive; None takes that of the head')
        if interval < 1 or batch_size < 1:
            raise ValueError(f'interval={interval} and batch_size={batch_size} of FalseNegativeHook must be positive')
        self.labeler = PseudoLabeler(num_clusters, TASK_UTILS.build(acceptance), 1. if temperature is None else temperature, KMeans(**(kmeans or {})))
        self.temperature = temperature
        self.interval, self.source, self.cluster_feature = interval, source, cluster_feature
        self.pipeline, self.batch_size, self.num_workers = pipeline, batch_size, num_workers
        self.initial = initial
        self.files = RunFiles(save)

    def before_run(self, runner) -> None:
        """Check what can be checked before training, and learn what the run is about."""
        if not runner._train_loop or isinstance(runner._train_loop, dict):
            return  # a test, which trains nothing
        self.framework = unwrap(runner.model)
        self.dataset = runner.train_loop.dataset
        self.labeler.check(self.dataset.num_samples)
        self.labeler.temperature = self.framework.temperature if self.temperature is None else self.temperature
        if self.source == 'bank' and self.interval > 1:
            runner.logger.warning("source='bank' with interval > 1: the features since the last clustering are not in checkpoints; "
                                  'after a resume, images that were not drawn again take no part in the next one')
        self.labels = self.dataset.labels() if is_main_process() else None  # to measure; training never sees them
        self.files.open(runner.work_dir)
        if self.source == 'bank':
            self.framework.keep_features(self.cluster_feature, self.dataset.num_samples)

    def before_train(self, runner) -> None:
        """Start the clock, and cluster the untrained network where asked to."""
        self._started = time.perf_counter()
        self._spent = 0.
        self._share_removed: list[Tensor] = []
        if self.initial and runner.epoch == 0:
            self._relabel(runner, completed=0)

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None) -> None:
        """Keep the share of negatives that this step removed."""
        if outputs and 'false_negative_share' in outputs:
            self._share_removed.append(outputs['false_negative_share'].detach())

    def after_train_epoch(self, runner) -> None:
        """Cluster where it is due."""
        completed = runner.epoch + 1
        if completed % self.interval == 0 and completed < runner.max_epochs:
            self._relabel(runner, completed)

    def _relabel(self, runner, completed: int) -> None:
        started = time.perf_counter()
        features, seen = self._features(runner, completed)
        featured = time.perf_counter()
        labels = self._label(features, seen, completed / runner.max_epochs)
        self.framework.publish(labels)
        clustered = time.perf_counter()
        self._spent += clustered - started
        record = dict(
            epoch=completed, progress=labels.progress, rate=labels.rate, seconds_features=featured - started,
            seconds_clustering=clustered - featured, share_of_training_time=self._spent / (clustered - self._started),
            false_negative_share=self._mean_share_removed(), granularities=self._measure(labels))
        thresholds = self._thresholds(features)
        if thresholds:
            record.update(error_of(thresholds))
        self._log(runner, record)
        self.files.write(record, labels, features, thresholds)

    def _features(self, runner, completed: int) -> tuple[Tensor, Tensor | None]:
        if self.source == 'bank' and completed:  # before the first epoch the bank is empty
            features, seen = self.framework.feature_bank.collect()
            self.framework.feature_bank.clear()
            return features, seen
        view = self.dataset.evaluation_view(self.pipeline or runner.cfg.test_dataloader.dataset.get('pipeline'))
        with reported('features', len(view)) as report:
            features = extract_features(
                self.framework, view, lambda images: self.framework.cluster_feature(images, self.cluster_feature),
                self.batch_size, self.num_workers, runner.train_dataloader.collate_fn, report)
        return features, None

    def _label(self, features: Tensor, seen: Tensor | None, progress: float) -> PseudoLabels:
        self._check_finite(features)
        with reported('k-means', len(self.labeler.num_clusters)) as report:
            return label_across_ranks(self.labeler, features, progress, seen, report)

    def _check_finite(self, features: Tensor) -> None:
        bad = (~features.isfinite().all(dim=1)).nonzero().squeeze(1).tolist()
        if bad:
            names = ', '.join(self.dataset.describe(index) for index in bad[:3])
            raise ValueError(f'{len(bad)} of {len(features)} images have NaN or infinite features, such as {names}; '
                             'look at these images, or lower the learning rate')

    def _measure(self, labels: PseudoLabels) -> list[dict]:
        rows = labels.statistics()
        for row, accepted, level in zip(rows, labels.labels, labels.granularities):
            if self.labels is not None:
                seen = level.assignment.numpy() >= 0
                row['nmi'] = 100 * normalized_mutual_information(self.labels[seen], level.assignment.numpy()[seen])
            if self.labels is not None and self.framework.uses_pseudo_labels:
                row['mtpr'], row['mtnr'] = (100 * rate for rate in true_rates(self.labels, accepted.numpy()))
            if not self.framework.uses_pseudo_labels:  # a baseline that is clustered to be measured only
                del row['accepted_share']
        return rows

    def _thresholds(self, features: Tensor) -> dict[str, Tensor]:
        """Of a detector that learns thresholds on the embedding, where that is what was extracted."""
        if self.cluster_feature != 'z' or self.source == 'bank' or not is_main_process():
            return {}
        return threshold_sample(self.framework.head.detector, features)

    def _mean_share_removed(self) -> float | None:
        if not self._share_removed:
            return None
        mean = torch.stack(self._share_removed).mean()
        self._share_removed.clear()
        all_reduce(mean, op='mean')
        return mean.item()

    def _log(self, runner, record: dict) -> None:
        if not is_main_process():
            return
        runner.logger.info(_sentence(record))
        scalars = {f'false_negative/{key}': value for key, value in record.items() if isinstance(value, float)}
        for row in record['granularities']:
            scalars.update({f'false_negative/k{row["num_clusters"]}/{key}': value for key, value in row.items()})
        runner.visualizer.add_scalars(scalars, step=record['epoch'])


def _sentence(record: dict) -> str:
    text = (f'Epoch {record["epoch"]}: accepted {record["rate"]:.1%} of the pseudo labels; features '
            f'{record["seconds_features"]:.1f} s, k-means {record["seconds_clustering"]:.1f} s '
            f'({record["share_of_training_time"]:.1%} of the training so far)')
    if record['false_negative_share'] is not None:
        text += f'; {record["false_negative_share"]:.2%} of the negatives were removed since the last time'
    for row in record['granularities']:
        text += (f'\n    k={row["num_clusters"]}: clusters of {row["cluster_size_min"]} to {row["cluster_size_max"]} images, '
                 f'{row["empty_clusters"]} empty, confidence >= {row["confidence_threshold"]:.3f}')
        if 'nmi' in row:
            text += f', NMI {row["nmi"]:.1f}'
        if 'mtpr' in row:
            text += f', MTPR {row["mtpr"]:.1f}, MTNR {row["mtnr"]:.1f}'
    return text
