"""How good the detection is that training itself acted on."""

from pathlib import Path

import torch
from mmengine.dist import all_gather, get_rank, get_world_size, is_main_process
from mmengine.hooks import Hook
from torch import Tensor

from mmifnd.evaluation import scores_of_counts
from mmifnd.registry import HOOKS

from ..loops import unwrap
from ..run_files import add_record


@HOOKS.register_module()
class DetectionHook(Hook):
    """Once an epoch: precision, recall and F1 of the masks of the training steps, where the data set has labels.

    Any detector is measured on the pairs that it was asked about, so that those which look at a batch only are judged by
    what they did. A pair counts as detected where any granularity says so. Only this hook sees the labels.
    Lines go to ``false_negatives/detection.jsonl`` of the work directory.

    Args:
        interval (int): steps between two that are looked at; nothing waits for the device until the epoch ends.

    Raises:
        ValueError: where the interval is below 1.
    """

    def __init__(self, interval: int = 10) -> None:
        if interval < 1:
            raise ValueError(f'interval={interval} of DetectionHook is below 1; it counts steps')
        self.interval = interval
        self.labels: Tensor | None = None

    def before_train(self, runner) -> None:
        """Fetch the labels, if there are any."""
        self.head = unwrap(runner.model).head
        labels = runner.train_loop.dataset.labels()
        if labels is not None:
            self.labels = torch.as_tensor(labels).to(next(runner.model.parameters()).device)
        self.path = Path(runner.work_dir) / 'false_negatives' / 'detection.jsonl'
        self._counts: list[Tensor] = []

    def rank_state(self) -> dict:
        """For a checkpoint: what was counted of this epoch."""
        return dict(counts=[count.cpu() for count in self._counts])

    def load_rank_states(self, states: list[dict]) -> None:
        """Go on with it; on another number of ranks, the epoch is judged by its rest."""
        if len(states) == get_world_size() and self.labels is not None:
            self._counts = [count.to(self.labels.device) for count in states[get_rank()]['counts']]

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Ask the head to keep what it detects in this step."""
        self.head.keeps_detection = self.labels is not None and self.every_n_inner_iters(batch_idx, self.interval)

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None) -> None:
        """Count."""
        if self.head.detection is not None:
            self._counts.append(count(self.head.detection, self.labels))
            self.head.detection = None

    def after_train_epoch(self, runner) -> None:
        """Score the epoch over all ranks, and log it."""
        if not self._counts:
            return
        hit, predicted, actual, pairs = torch.cat(all_gather(torch.cat(self._counts, dim=1)), dim=1).cpu()
        self._counts.clear()
        scores = scores_of_counts(hit, predicted, actual, int(pairs.sum()))
        if is_main_process():
            record = {name: 100 * value for name, value in scores._asdict().items()}
            runner.logger.info('Detection: ' + ', '.join(f'{name} {value:.2f}' for name, value in record.items()))
            runner.visualizer.add_scalars({f'detection/{k}': v for k, v in record.items()}, step=runner.epoch + 1)
            add_record(self.path, dict(epoch=runner.epoch + 1, **record, **self._aim()))

    def _aim(self) -> dict[str, float]:
        """The share in per cent that a detector with an ``alpha`` aims at."""
        alpha = getattr(self.head.detector, 'alpha', None)
        return {} if alpha is None else dict(alpha=100 * alpha)


def count(detection, labels: Tensor) -> Tensor:
    """Hits, predictions, false negatives and pairs of each anchor, int64 (4, A), on the device of ``labels`` (N,)."""
    anchor = labels[detection.anchor_index]
    candidate = labels[detection.candidate_index.clamp(min=0)]
    same = (anchor.unsqueeze(1) == candidate) & detection.is_candidate & (detection.candidate_index >= 0)
    detected = detection.false_negative.any(dim=0)
    return torch.stack([(detected & same).sum(1), detected.sum(1), same.sum(1), detection.is_candidate.sum(1)])
