"""What the detection did that training itself acted on, and how good it was."""

from pathlib import Path

import torch
from mmengine.dist import all_gather, get_rank, get_world_size, is_main_process
from mmengine.hooks import Hook
from torch import Tensor

from mmifnd.detectors import NoDetector
from mmifnd.evaluation import scores_of_counts
from mmifnd.records.run_files import add_record
from mmifnd.registry import HOOKS

from ..loops import unwrap
from .online_probe_hook import index_of
from .step_examples import StepExamples, is_shown


@HOOKS.register_module()
class DetectionHook(Hook):
    """What the masks of the training steps say, of any detector, also of one that looks at a batch only.

    Once an epoch, where the data set has labels: precision, recall and F1, to ``false_negatives/detection.jsonl`` of the work
    directory. A pair counts as detected where any granularity says so. Only this hook sees the labels.

    At ten epochs, spread over the training, the last among them: the images that were removed for ``num_examples`` anchors,
    when these were trained on, with similarities and threshold; to ``false_negatives/removed_NNNN.npz``.

    Args:
        interval (int): steps between two that are scored; nothing waits for the device until the epoch ends.
        num_examples (int): anchors, the same images in every run on a data set; 0 for none.

    Raises:
        ValueError: where the interval is below 1, or the number of anchors negative.
    """

    def __init__(self, interval: int = 10, num_examples: int = 64) -> None:
        if interval < 1:
            raise ValueError(f'interval={interval} of DetectionHook is below 1; it counts steps')
        if num_examples < 0:
            raise ValueError(f'num_examples={num_examples} of DetectionHook is negative; 0 keeps none')
        self.interval, self.num_examples = interval, num_examples
        self.labels: Tensor | None = None

    def before_train(self, runner) -> None:
        """Fetch the labels, if there are any."""
        self.head, dataset = unwrap(runner.model).head, runner.train_loop.dataset
        detects = not isinstance(self.head.detector, NoDetector)
        self.examples = StepExamples(dataset.num_samples, self.num_examples if detects else 0)
        labels = dataset.labels()
        if labels is not None:
            self.labels = torch.as_tensor(labels).to(next(runner.model.parameters()).device)
        self.path = Path(runner.work_dir) / 'false_negatives' / 'detection.jsonl'
        self._counts: list[Tensor] = []

    def rank_state(self) -> dict:
        """For a checkpoint: what was counted and noted of this epoch."""
        return dict(counts=[count.cpu() for count in self._counts], examples=self.examples.state())

    def load_rank_states(self, states: list[dict]) -> None:
        """Go on with it; on another number of ranks, the epoch is judged by its rest."""
        if len(states) != get_world_size():
            return
        self.examples.load(states[get_rank()].get('examples', []))  # older checkpoints have none
        if self.labels is not None:
            self._counts = [count.to(self.labels.device) for count in states[get_rank()]['counts']]

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Ask the head to keep what it detects in this step."""
        self._is_scored = self.labels is not None and self.every_n_inner_iters(batch_idx, self.interval)
        self._rows = self.examples.rows(index_of(data_batch)) if is_shown(runner.epoch, runner.max_epochs) else []
        self.head.keeps_detection = self._is_scored or bool(self._rows)

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None) -> None:
        """Count and note."""
        detection, self.head.detection = self.head.detection, None
        if detection is None:
            return
        if self._is_scored:
            self._counts.append(count(detection, self.labels))
        self.examples.note(detection, self._rows)

    def after_train_epoch(self, runner) -> None:
        """Write the examples, and score the epoch over all ranks."""
        if self.examples.anchors and is_shown(runner.epoch, runner.max_epochs):
            found = self.examples.collect()
            if found and is_main_process():
                self.examples.write(self.path.parent, runner.epoch + 1, found)
        self._score(runner)

    def _score(self, runner) -> None:
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
