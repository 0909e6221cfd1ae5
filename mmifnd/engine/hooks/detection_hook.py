"""What the detection did that training itself acted on, and how good it was."""

import torch
from mmengine.hooks import Hook
from torch import Tensor

from mmifnd.datasets import indices_of
from mmifnd.detectors import Detector
from mmifnd.distributed import gather, is_main, rank, unwrap, world_size
from mmifnd.evaluation import scores_of_counts
from mmifnd.functional import softmax_mass
from mmifnd.models.heads.step_record import StepRecord
from mmifnd.parts import KeepsRankState
from mmifnd.records.lines import add_record
from mmifnd.records.names import DETECTION, folder_of
from mmifnd.registry import HOOKS

from .step_examples import StepExamples, is_shown


@HOOKS.register_module()
class DetectionHook(Hook, KeepsRankState):
    """What the masks of the training steps say, for any detector, also for one that looks at a batch only.

    Once per epoch, if the data set has labels: precision, recall and F1, and the softmax mass of false negatives by true label
    (``false_mass``, and ``false_mass_left`` behind the detector), to ``false_negatives/detection.jsonl`` of the work
    directory. A pair counts as detected if any granularity says so. Only this hook sees the labels.

    At ten epochs, spread over the training, the last among them: the images that were removed for ``num_examples`` anchors,
    when these were trained on, with similarities and threshold; to ``false_negatives/removed_NNNN.npz``.

    A model with several heads gets one line per head and epoch, with its ``direction``, and files
    ``removed_DIRECTION_NNNN.npz``.

    Args:
        interval (int): steps between two that are scored, at least one per epoch; nothing waits for the device until the epoch
            ends.
        num_examples (int): anchors, the same images in every run on a data set; 0 for none.

    Raises:
        ValueError: if the interval is below 1, or the number of anchors negative.
    """

    def __init__(self, interval: int = 10, num_examples: int = 64) -> None:
        if interval < 1:
            raise ValueError(f'interval={interval} of DetectionHook is below 1; it counts steps')
        if num_examples < 0:
            raise ValueError(f'num_examples={num_examples} of DetectionHook is negative; 0 keeps none')
        self.interval, self.num_examples = interval, num_examples
        self.labels: Tensor | None = None
        self._is_scored, self._rows = False, []

    def before_train(self, runner) -> None:
        """Fetch the labels, if there are any, and watch the heads."""
        framework, dataset = unwrap(runner.model), runner.train_loop.dataset
        labels = dataset.labels()
        if labels is not None:
            self.labels = torch.as_tensor(labels).to(next(runner.model.parameters()).device)
        self.heads = {direction: HeadDetection(direction, head.detector, dataset.num_samples, self.num_examples)
                      for direction, head in framework.heads.items()}
        self.folder = folder_of(runner.work_dir)
        self._stop = framework.watch_steps(self._look)

    def after_train(self, runner) -> None:
        """Stop watching the heads."""
        self._stop()

    def rank_state(self) -> dict:
        """The state for a checkpoint: what was counted and noted in this epoch."""
        states = {direction: head.state() for direction, head in self.heads.items()}
        return states.get('') or dict(directions=states)

    def load_rank_states(self, states: list[dict]) -> None:
        """Continue with it; on another number of ranks, the epoch is judged by its rest."""
        if len(states) != world_size():
            return
        state = states[rank()]
        for direction, head in self.heads.items():
            head.load(state if not direction else state['directions'][direction], self.labels)

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Find out what this step is looked at for."""
        interval = min(self.interval, len(runner.train_dataloader))  # at least one step of a short epoch
        self._is_scored = self.labels is not None and self.every_n_inner_iters(batch_idx, interval)
        examples = next(iter(self.heads.values())).examples  # all heads have the same anchors
        self._rows = examples.rows(indices_of(data_batch)) if is_shown(runner.epoch, runner.max_epochs) else []

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None) -> None:
        """Ignore what is computed between two steps."""
        self._is_scored, self._rows = False, []

    def after_train_epoch(self, runner) -> None:
        """Write the examples, and score the epoch over all ranks."""
        for head in self.heads.values():
            if head.examples.anchors and is_shown(runner.epoch, runner.max_epochs):
                examples = head.examples.collect()
                if examples:
                    head.examples.write(self.folder, runner.epoch + 1, examples, head.direction)
        self._score(runner)

    def _look(self, direction: str, record: StepRecord) -> None:
        head = self.heads[direction]
        if self._is_scored:
            head.counts.append(count(record, self.labels))
            if record.temperature is not None:
                head.masses.append(false_mass(record, self.labels))
        if head.examples.anchors:
            head.examples.note(record, self._rows)

    def _score(self, runner) -> None:
        records = [record for head in self.heads.values() if (record := head.score(runner.epoch + 1))]
        if not records or not is_main():
            return
        for record in records:
            values = {name: value for name, value in record.items() if name not in ('epoch', 'direction', 'alpha')}
            direction = record.get('direction', '')
            runner.logger.info(f'Detection{direction and f" ({direction})"}: '
                               + ', '.join(f'{name} {value:.2f}' for name, value in values.items()))
            prefix = f'detection/{direction}/' if direction else 'detection/'
            runner.visualizer.add_scalars({f'{prefix}{k}': v for k, v in values.items()}, step=runner.epoch + 1)
        add_record(self.folder / DETECTION, *records, report=runner.logger.warning)


class HeadDetection:
    """What one head's detector did in the steps of an epoch.

    Args:
        direction (str): the head's name; empty for the only head.
        detector (Detector): the head's detector.
        num_samples (int): images in the training set.
        num_examples (int): anchors whose examples are kept.
    """

    def __init__(self, direction: str, detector: Detector, num_samples: int, num_examples: int) -> None:
        self.direction, self.detector = direction, detector
        self.examples = StepExamples(num_samples, 0 if detector.detects_nothing else num_examples)
        self.counts: list[Tensor] = []
        self.masses: list[Tensor] = []

    def state(self) -> dict:
        """Tensors on the host and plain values."""
        return dict(counts=[count.cpu() for count in self.counts], masses=[mass.cpu() for mass in self.masses],
                    examples=self.examples.state())

    def load(self, state: dict, labels: Tensor | None) -> None:
        """Continue with a :meth:`state`."""
        self.examples.load(state.get('examples', []))  # older checkpoints have none
        if labels is not None:
            self.counts = [count.to(labels.device) for count in state['counts']]
            self.masses = [mass.to(labels.device) for mass in state.get('masses', [])]

    def score(self, epoch: int) -> dict | None:
        """The epoch's record over all ranks, in per cent; None if nothing was counted. The counts are forgotten here."""
        if not self.counts:
            return None
        hit, predicted, actual, pairs = gather(torch.cat(self.counts, dim=1).T).T.cpu()
        self.counts.clear()
        scores = scores_of_counts(hit, predicted, actual, int(pairs.sum()))
        record = dict(epoch=epoch, **{name: 100 * value for name, value in scores._asdict().items()}, **self._mass(),
                      **self.aim())
        return dict(record, direction=self.direction) if self.direction else record

    def _mass(self) -> dict[str, float]:
        """The softmax mass of false negatives, all and left, in per cent; nothing of a loss without a softmax."""
        if not self.masses:
            return {}
        mass = gather(torch.stack(self.masses)).mean(dim=0).tolist()
        self.masses.clear()
        return dict(zip(('false_mass', 'false_mass_left'), (100 * value for value in mass), strict=True))

    def aim(self) -> dict[str, float]:
        """The share in per cent that a detector with an ``alpha`` aims at."""
        alpha = getattr(self.detector, 'alpha', None)
        return {} if alpha is None else dict(alpha=100 * alpha)


def count(record: StepRecord, labels: Tensor) -> Tensor:
    """Hits, predictions, false negatives and pairs of each anchor, int64 (4, A), on the device of ``labels`` (N,)."""
    same = truly_same(record, labels)
    detected = record.false_negative.any(dim=0)
    return torch.stack([(detected & same).sum(1), detected.sum(1), same.sum(1), record.is_candidate.sum(1)])


def false_mass(record: StepRecord, labels: Tensor) -> Tensor:
    """The softmax mass of false negatives by true label, (2,), means over anchors: of all of them, and of those left.

    What a granularity detects is taken out of its denominator; those left are a mean over granularities.
    """
    same, positive = truly_same(record, labels), record.positive_similarity.unsqueeze(1)
    kept = record.similarity.masked_fill(record.false_negative, -torch.inf)
    left = torch.stack([softmax_mass(positive, rows, same, record.temperature).mean() for rows in kept])
    return torch.stack([softmax_mass(positive, record.similarity, same, record.temperature).mean(), left.mean()])


def truly_same(record: StepRecord, labels: Tensor) -> Tensor:
    """The candidates of the anchor's true class, bool (A, C)."""
    anchor = labels[record.anchor_index]
    candidate = labels[record.candidate_index.clamp(min=0)]
    return (anchor.unsqueeze(1) == candidate) & record.is_candidate & (record.candidate_index >= 0)
