"""When the features are clustered, and what is logged of it. The work itself is done elsewhere."""

import time
from collections.abc import Sequence

import torch
from mmengine.hooks import Hook
from torch import Tensor

from mmifnd.clustering import DistributedKMeans, PseudoLabeler, PseudoLabels, RowShare
from mmifnd.distributed import all_reduce, is_main, rank, unwrap, world_size
from mmifnd.errors import UserError
from mmifnd.evaluation import cluster_change, normalized_mutual_information, true_rates
from mmifnd.models.embedding import PAIR_FEATURES, check_feature
from mmifnd.parts import KeepsRankState
from mmifnd.registry import HOOKS, TASK_UTILS

from ..features.clustering_across_ranks import label_across_ranks, label_share
from ..features.detector_probe import error_of, threshold_sample
from ..features.epoch_features import EpochFeatures, evaluation_pipeline, joined, noted_backbone
from ..features.feature_pass import extract_features, extract_share
from ..progress import reported
from .clustering_files import ClusteringFiles
from .step_values import named_values

SOURCES = ('extract', 'bank')


@HOOKS.register_module()
class FalseNegativeHook(Hook, KeepsRankState):
    """After every ``interval`` epochs: features, pseudo labels, publish, log (IFND, Algorithm 1).

    Args:
        num_clusters (Sequence[int]): K of each granularity.
        acceptance (dict): which labels are trusted yet; registered under TASK_UTILS.
        interval (int): epochs between clusterings. The useless one after the last epoch is skipped.
        begin (int): completed epochs before which nothing is clustered (PCL's warm-up).
        cluster_feature (str): ``'z'``, the embedding, or ``'f'``, the backbone's feature; of image-text pairs also ``'t'``,
            the text's embedding.
        source (str): ``'extract'``, an exact pass in evaluation mode with ``pipeline``; or ``'bank'``, the features of the
            training steps since the last clustering (no extra pass; images that were not drawn take no part).
        pipeline (list[dict], optional): test transform of the pass, for data sets that read images one by one; that of
            ``test_dataloader`` unless given.
        batch_size (int): images at a time of the pass, on each rank.
        num_workers (int): processes that read images for the pass.
        confidence (str): ``'softmax'`` (Eq. 2) or ``'concentration'`` (PCL), see :class:`mmifnd.clustering.PseudoLabeler`.
        temperature (float, optional): of the confidence, Eq. 2; the head's unless given.
        kmeans (dict): options of :class:`mmifnd.clustering.KMeans`; with ``type='DistributedKMeans'``, of that class: features
            then stay on the rank that made them, and no hook behind this one sees them.
        initial (bool): also cluster the features of the untrained network, before the first epoch.
        save (str): what each clustering leaves in ``false_negatives/`` of the work directory: ``'labels'``,
            ``'features'`` (those, too) or ``'none'``.

    Raises:
        ValueError: where an option is unknown, a granularity exceeds the training set, or features that stay on their ranks
            are to be banked or saved.
    """

    def __init__(self, num_clusters: Sequence[int], acceptance: dict, interval: int = 1, cluster_feature: str = 'z',
                 source: str = 'extract', pipeline: list[dict] | None = None, batch_size: int = 256,
                 num_workers: int = 0, confidence: str = 'softmax', temperature: float | None = None,
                 kmeans: dict | None = None, initial: bool = False, begin: int = 0, save: str = 'labels') -> None:
        if source not in SOURCES:
            raise ValueError(f'source={source!r} of FalseNegativeHook is unknown; choose one of {", ".join(SOURCES)}')
        if temperature is not None and not temperature > 0:
            raise ValueError(f'temperature={temperature} of FalseNegativeHook is not positive; None takes that of the head')
        check_feature(cluster_feature, PAIR_FEATURES)
        if num_workers < 0:
            raise ValueError(f'num_workers={num_workers} of FalseNegativeHook is negative; 0 reads in the main process')
        if interval < 1 or batch_size < 1:
            raise ValueError(f'interval={interval} and batch_size={batch_size} of FalseNegativeHook must be positive')
        if begin < 0 or initial and begin:
            raise ValueError(f'begin={begin} of FalseNegativeHook must not be negative, nor positive with initial=True, which '
                             'clusters before the first epoch')
        self.labeler = PseudoLabeler(num_clusters, TASK_UTILS.build(acceptance), 1. if temperature is None else temperature,
                                     TASK_UTILS.build({'type': 'mmifnd.KMeans', **(kmeans or {})}), confidence)
        if isinstance(self.labeler.kmeans, DistributedKMeans) and (source == 'bank' or save == 'features'):
            raise ValueError(f'source={source!r} and save={save!r} of FalseNegativeHook do not go with DistributedKMeans, '
                             "whose features stay on their ranks; use source='extract' with save='labels' or 'none'")
        self.temperature = temperature
        self.interval, self.source, self.cluster_feature = interval, source, cluster_feature
        self.pipeline, self.batch_size, self.num_workers = pipeline, batch_size, num_workers
        self.initial, self.begin = initial, begin
        self.files = ClusteringFiles(save)

    def before_run(self, runner) -> None:
        """Check what can be checked before training, and learn what the run is about."""
        if not runner._train_loop or isinstance(runner._train_loop, dict):
            return  # a test, which trains nothing
        self.framework = unwrap(runner.model)
        self.dataset = runner.train_loop.dataset
        check_feature(self.cluster_feature, self.framework.features)
        self._check(runner.max_epochs)
        self.labeler.temperature = self.framework.temperature if self.temperature is None else self.temperature
        self.labels = self.dataset.labels() if is_main() else None  # to measure; training never sees them
        self.files.open(runner.work_dir)
        if self.source == 'bank':
            self.framework.keep_features(self.cluster_feature, self.dataset.num_samples)

    def _check(self, max_epochs: int) -> None:
        self.labeler.check(self.dataset.num_samples)
        if self.begin >= max_epochs:
            raise ValueError(f'begin={self.begin} of FalseNegativeHook is beyond the training of {max_epochs} epochs; choose '
                             f'at most {max_epochs - 1}')
        if self.framework.uses_centroids and self.cluster_feature != 'z':
            raise ValueError(f"cluster_feature={self.cluster_feature!r} of FalseNegativeHook gives centroids of another space "
                             "than the embeddings that the head compares with them; use cluster_feature='z'")

    def before_train(self, runner) -> None:
        """Start the clock, and cluster the untrained network where asked to."""
        self._started = time.perf_counter()
        self._spent = 0.
        self._share_removed: list[Tensor] = []
        self._assignments: list[Tensor] | None = None
        self.epoch_features: EpochFeatures | None = None  # hooks behind this one look at what was clustered, too
        if self.initial and runner.iter == 0:
            self._relabel(runner, completed=0)

    def rank_state(self) -> dict:
        """For a checkpoint: what was noted since the last clustering, and its assignments."""
        state = dict(elapsed=time.perf_counter() - self._started, spent=self._spent,
                     share_removed=[share.cpu() for share in self._share_removed])
        if self._assignments and is_main():  # the same on all ranks, and looked at on this one
            state['assignments'] = [assignment.int() for assignment in self._assignments]
        if is_main():
            state['labeler'] = self.labeler.state_dict()
        if self.source == 'bank':
            state['bank'] = self.framework.feature_bank.rank_state()
        return state

    def load_rank_states(self, states: list[dict]) -> None:
        """Go on with it; on another number of ranks, shares that were removed count from here on."""
        own = states[rank() % len(states)]
        self._started, self._spent = time.perf_counter() - own['elapsed'], own['spent']
        if len(states) == world_size():
            device = next(self.framework.parameters()).device
            self._share_removed = [share.to(device) for share in own['share_removed']]
        if 'assignments' in own:
            self._assignments = [assignment.cpu().long() for assignment in own['assignments']]
        if 'labeler' in states[0]:  # older checkpoints: the next clustering starts cold
            self.labeler.load_state_dict(states[0]['labeler'])
        if self.source == 'bank' and all('bank' in state for state in states):
            self.framework.feature_bank.load_rank_states([state['bank'] for state in states])

    def before_train_epoch(self, runner) -> None:
        """Let go of the features: they can be as large as the data set."""
        self.epoch_features = None

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None) -> None:
        """Keep the share of negatives that this step removed."""
        shares = list(named_values(outputs, 'false_negative_share').values())
        if shares:
            self._share_removed.append(torch.stack(shares).mean() if len(shares) > 1 else shares[0])

    def after_train_epoch(self, runner) -> None:
        """Cluster where it is due."""
        if self.is_due(runner.epoch + 1, runner.max_epochs):
            self._relabel(runner, runner.epoch + 1)

    def is_due(self, completed: int, max_epochs: int) -> bool:
        """Whether a clustering follows after ``completed`` epochs."""
        return completed % self.interval == 0 and self.begin <= completed < max_epochs

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

    def _features(self, runner, completed: int) -> tuple[Tensor | RowShare, Tensor | None]:
        if self.source == 'bank' and completed:  # before the first epoch the bank is empty
            features, seen = self.framework.feature_bank.collect()
            self.framework.feature_bank.clear()
            self.epoch_features = EpochFeatures(completed, self.cluster_feature, features, seen)
            return features, seen
        view = self.dataset.evaluation_view(self.pipeline or evaluation_pipeline(runner))
        is_shared = isinstance(self.labeler.kmeans, DistributedKMeans)
        with reported('features', len(view)) as report, noted_backbone(self.framework, len(view)) as rows:
            features = (extract_share if is_shared else extract_features)(
                self.framework, view, lambda images: self.framework.cluster_feature(images, self.cluster_feature),
                self.batch_size, self.num_workers, runner.train_dataloader.collate_fn, report,
                texts=self.cluster_feature == 't')
        if is_shared:
            return features, None
        self.epoch_features = EpochFeatures(completed, self.cluster_feature, features, backbone=joined(rows))
        return features, None

    def _label(self, features: Tensor | RowShare, seen: Tensor | None, progress: float) -> PseudoLabels:
        self._check_finite(features)
        with reported('k-means', len(self.labeler.num_clusters)) as report:
            if isinstance(features, RowShare):
                return label_share(self.labeler, features, progress, report)
            return label_across_ranks(self.labeler, features, progress, seen, report)

    def _check_finite(self, features: Tensor | RowShare) -> None:
        share = features if isinstance(features, RowShare) else RowShare(features, torch.arange(len(features)), len(features))
        bad = share.not_finite().tolist()
        if bad:
            names = ', '.join(self.dataset.describe(index) for index in bad[:3])
            raise UserError(f'{len(bad)} of {share.total} images have NaN or infinite features, such as {names}; '
                            'look at these images, or lower the learning rate')

    def _measure(self, labels: PseudoLabels) -> list[dict]:
        rows = labels.statistics()
        before, self._assignments = self._assignments, [level.assignment for level in labels.granularities]
        for row, old, new in zip(rows, before or (), self._assignments):
            row['changed_share'] = cluster_change(old, new)
        for row, accepted, level in zip(rows, labels.labels, labels.granularities):
            if self.labels is not None:
                seen = level.assignment.numpy() >= 0
                row['nmi'] = 100 * normalized_mutual_information(self.labels[seen], level.assignment.numpy()[seen])
            if self.labels is not None and self.framework.uses_pseudo_labels:
                row['mtpr'], row['mtnr'] = (100 * rate for rate in true_rates(self.labels, accepted.numpy()))
            if not self.framework.uses_pseudo_labels:  # a baseline that is clustered to be measured only
                del row['accepted_share']
        return rows

    def _thresholds(self, features: Tensor | RowShare) -> dict[str, Tensor]:
        """Thresholds of a detector that learns them on the embedding, if that was extracted, of all images.

        A head with a direction compares with the embeddings of another encoder, which are not extracted here.
        """
        head = self.framework.heads.get('')
        is_exact = self.cluster_feature == 'z' and self.source == 'extract' and not isinstance(features, RowShare)
        return threshold_sample(head.detector, features) if head and is_exact and is_main() else {}

    def _mean_share_removed(self) -> float | None:
        if not self._share_removed:
            return None
        mean = torch.stack(self._share_removed).mean()
        self._share_removed.clear()
        all_reduce(mean, 'mean')
        return mean.item()

    def _log(self, runner, record: dict) -> None:
        if not is_main():
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
        if 'changed_share' in row:
            text += f', {row["changed_share"]:.1%} changed since the last one'
        if 'nmi' in row:
            text += f', NMI {row["nmi"]:.1f}'
        if 'mtpr' in row:
            text += f', MTPR {row["mtpr"]:.1f}, MTNR {row["mtnr"]:.1f}'
    return text
