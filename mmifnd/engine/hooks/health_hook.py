"""The health of the representation, measured once an epoch."""

from mmengine.hooks import Hook
from torch import Tensor

from mmifnd.datasets import indices_of
from mmifnd.detectors import UnionDetector
from mmifnd.distributed import is_main, rank, unwrap, world_size
from mmifnd.errors import UserError
from mmifnd.evaluation import (
    even_anchors,
    health_alarms,
    lidar,
    participation_ratio,
    rankme,
    spread,
    threshold_alarm,
    uniformity,
)
from mmifnd.parts import KeepsRankState
from mmifnd.records.lines import add_record
from mmifnd.records.names import HEALTH, folder_of
from mmifnd.registry import HOOKS

from ..features.epoch_features import sample_view
from ..features.feature_pass import extract_views
from ..features.image_batches import ImageBatches
from ..features.training_rows import TrainingRows
from .step_values import MeanOfSteps, named_values

#: Of the steps' statistics (see `mmifnd.models.heads`), those whose mean over the epoch belongs to the record.
STEP_VALUES = ('alignment', 'spread', 'false_negative_share', 'false_negative_mass', 'rows_without_negatives',
               'rows_short_of_negatives')

#: Records in a row after which attraction that exceeds its limit ends a run.
RUN_AWAY = 2


@HOOKS.register_module()
class HealthHook(Hook, KeepsRankState):
    """RankMe, participation ratio, uniformity and spread of embedding and backbone, and an alarm that names the cause.

    They are taken of the first views in the epoch's last steps, as the training has computed them: augmented, in training
    mode, so that no image is encoded for them. A momentum encoder, if there is one, is what is measured. One line per epoch
    goes to ``false_negatives/health.jsonl`` of the work directory. A run that attracts by learned thresholds, which detect more
    than the head's ``max_share`` in two records in a row, is ended in one line.

    Args:
        interval (int): epochs between two records; the last epoch always has one.
        max_images (int): images that are measured; all of the epoch if there are fewer.
        batch_size (int): images at a time of LiDAR's pass, on each rank; the training's loader says how many processes read
            them.
        lidar_views (int): augmented views of each image for LiDAR (50 in its paper), an even number; 0 leaves it out, since
            it needs a pass of its own.
        lidar_images (int): images for LiDAR (1,000 in its paper).

    Raises:
        ValueError: if a number is out of range.
    """

    priority = 'LOW'  # after the clustering

    def __init__(self, interval: int = 1, max_images: int = 4096, batch_size: int = 256, lidar_views: int = 0,
                 lidar_images: int = 1000) -> None:
        if min(interval, batch_size) < 1 or max_images < 2:
            raise ValueError(f'interval={interval}, batch_size={batch_size} and max_images={max_images} of HealthHook must be '
                             'positive, and there must be two images to compare')
        if lidar_views < 0 or lidar_views % 2 or lidar_views and lidar_images < 2:
            raise ValueError(f'lidar_views={lidar_views} of lidar_images={lidar_images} of HealthHook: give an even number of '
                             'views of two images or more, or 0 views for none')
        self.interval, self.max_images, self.batch_size = interval, max_images, batch_size
        self.lidar_views, self.lidar_images = lidar_views, lidar_images

    def before_train(self, runner) -> None:
        """Learn what the run is about."""
        self.framework = unwrap(runner.model)
        self.dataset = runner.train_loop.dataset
        self.path = folder_of(runner.work_dir) / HEALTH
        self._steps: dict[str, MeanOfSteps] = {}
        self._before: dict | None = None
        self._run_away = [0] * len(self.framework.heads)  # epochs in a row, for each head
        self._rows = TrainingRows(self.framework, self.max_images)

    def after_train(self, runner) -> None:
        """Stop watching the steps."""
        self._rows.stop()

    def rank_state(self) -> dict:
        """The state for a checkpoint: what was noted of this epoch, and the last record."""
        return dict(steps={name: values.state() for name, values in self._steps.items()}, before=self._before,
                    run_away=list(self._run_away), layers=self._rows.state())

    def load_rank_states(self, states: list[dict]) -> None:
        """Continue with it; on another number of ranks, the epoch is judged by its remaining steps."""
        is_same_world = len(states) == world_size()
        self._before = states[rank() if is_same_world else 0]['before']
        self._run_away = list(states[0].get('run_away', self._run_away))
        if is_same_world:
            device = next(self.framework.parameters()).device
            for name, values in states[rank()]['steps'].items():
                self._steps.setdefault(name, MeanOfSteps()).load(values, device)
            self._rows.load(states[rank()].get('layers', {}), device)

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Ask for the rows of the last steps of an epoch that is measured."""
        if self._is_due(runner):
            self._rows.expect(len(indices_of(data_batch)), len(runner.train_dataloader) - batch_idx)

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None) -> None:
        """Keep the step's statistics on their device."""
        for name in STEP_VALUES:
            for key, value in named_values(outputs, name).items():
                self._steps.setdefault(key, MeanOfSteps()).add([value])

    def after_train_epoch(self, runner) -> None:
        """Measure, write, and give the alarm."""
        if not self._is_due(runner):
            return
        completed = runner.epoch + 1
        layers = {layer: rows[even_anchors(len(rows), self.max_images)] for layer, rows in self._rows.collect().items()}
        views = self._views(runner) if self.lidar_views else None
        record = dict(epoch=completed, **self._step_means())
        if is_main():
            self._finish(runner, record, layers, views)
        self._stop_runaway(record)

    def _finish(self, runner, record: dict, layers: dict[str, Tensor], views: tuple[Tensor, Tensor] | None) -> None:
        for layer, rows in layers.items():
            record.update({f'{layer}_{name}': value for name, value in health_of(rows).items()})
        if views is not None:
            record['embedding_lidar'] = lidar(*views)
        self._log(runner, record)

    def _threshold_alarms(self, record: dict) -> list[str]:
        """A sentence for each head whose learned thresholds have not settled."""
        alarms = []
        for direction, head in self.framework.heads.items():
            alpha, visits = head.detector.learned_share, head.detector.mean_visits
            if alpha is None or visits is None:
                continue
            share = record.get(f'{direction}/false_negative_share' if direction else 'false_negative_share')
            alone = not isinstance(head.detector, UnionDetector)  # other parts detect pairs of their own
            alarm = threshold_alarm(share if alone else None, alpha, visits)
            if alarm:
                alarms.append(f'{direction}: {alarm}' if direction else alarm)
        return alarms

    def _stop_runaway(self, record: dict) -> None:
        """End a run whose learned thresholds detect more than may be attracted, two records in a row."""
        for place, (direction, head) in enumerate(self.framework.heads.items()):
            limit = head.attraction_limit
            share = record.get(f'{direction}/false_negative_share' if direction else 'false_negative_share', 0.)
            is_above = limit is not None and limit.can_run_away and limit.share is not None and share > limit.share
            self._run_away[place] = self._run_away[place] + 1 if is_above else 0
            if self._run_away[place] >= RUN_AWAY:
                raise UserError(
                    f'epoch {record["epoch"]}: learned thresholds detect {share:.1%} of the candidates, above max_share='
                    f'{limit.share:g} for the second time in a row: attraction runs away; lower alpha, remove false negatives '
                    'instead (ElimContrastiveHead), or set max_share=1 to go on without a limit')

    def _is_due(self, runner) -> bool:
        completed = runner.epoch + 1
        return completed % self.interval == 0 or completed == runner.max_epochs

    def _views(self, runner) -> tuple[Tensor, Tensor]:
        view, _ = sample_view(self.dataset, None, self.lidar_images)
        images = ImageBatches.like(runner.train_dataloader, view, self.batch_size)
        return extract_views(self.framework, images, self.framework.cluster_feature, self.lidar_views)

    def _step_means(self) -> dict[str, float]:
        means = {name: values.take() for name, values in self._steps.items()}
        self._steps.clear()
        return means

    def _log(self, runner, record: dict) -> None:
        runner.logger.info('Health: ' + ', '.join(f'{name} {value:.4g}' for name, value in record.items() if name != 'epoch'))
        runner.visualizer.add_scalars({f'health/{k}': v for k, v in record.items() if k != 'epoch'}, step=record['epoch'])
        record['alarms'] = health_alarms(self._before, record)
        if record['epoch'] == runner.max_epochs:
            record['alarms'] += self._threshold_alarms(record)
        for alarm in record['alarms']:
            runner.logger.warning(f'Epoch {record["epoch"]}: {alarm}')
        self._before = record
        add_record(self.path, record, report=runner.logger.warning)


def health_of(rows: Tensor) -> dict[str, float]:
    """The measures of one layer's features (n, D)."""
    return dict(rankme=rankme(rows), participation_ratio=participation_ratio(rows), uniformity=uniformity(rows),
                spread=spread(rows), dimensions=rows.shape[1])
