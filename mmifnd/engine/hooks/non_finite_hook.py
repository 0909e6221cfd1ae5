"""Stops a run that has gone wrong, before it spoils what is kept."""

from pathlib import Path

import torch
from mmengine.hooks import Hook, LoggerHook
from torch import Tensor

from mmifnd.distributed import unwrap, world_size
from mmifnd.errors import UserError
from mmifnd.models.heads.step_record import StepRecord
from mmifnd.registry import HOOKS

from .finite_watch import Fault, FiniteWatch


@HOOKS.register_module()
class NonFiniteHook(Hook):
    """Ends the run in one line where losses or similarities are NaN or infinite: the step, and the paths of its images.

    Named are the images whose augmented views are not finite, else those whose similarity to their own positive is not;
    where all are bad, which batch normalisation brings about, some of the batch. Nothing waits for a GPU: steps are noted
    there, and read at the logging interval and at the end of an epoch. Neither then nor in between is a checkpoint
    written of such a model: the last good one stays.

    Args:
        patience (int): such steps in a row until the run ends. More than 1 helps in mixed precision only, where the step
            is left out; otherwise the first one has made the weights NaN.
        max_images (int): images that are named, on each rank.

    Raises:
        ValueError: if a number is below 1.
    """

    priority = 'ABOVE_NORMAL'  # before anything is made of the epoch

    def __init__(self, patience: int = 1, max_images: int = 5) -> None:
        if patience < 1 or max_images < 1:
            raise ValueError(f'patience={patience} and max_images={max_images} of NonFiniteHook must be at least 1')
        self.patience, self.max_images = patience, max_images
        self.watch: FiniteWatch | None = None

    def before_train(self, runner) -> None:
        """Start watching the preprocessor and the heads."""
        self.framework = unwrap(runner.model)
        device = next(self.framework.parameters()).device
        self.watch = FiniteWatch(device, self.patience, self.max_images)
        loggers = [hook.interval for hook in runner.hooks if isinstance(hook, LoggerHook)]
        is_free = device.type == 'cpu' and world_size() == 1
        self.interval = 1 if is_free or not loggers else loggers[0]
        self._positives: list[tuple[Tensor, Tensor]] = []
        self._handle = self.framework.data_preprocessor.register_forward_hook(self._look_at_views)
        self._stop = self.framework.watch_steps(self._look_at_positives)

    def after_train(self, runner) -> None:
        """Stop watching preprocessor and heads."""
        self._handle.remove()
        self._stop()

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Forget the last step."""
        self._positives.clear()

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None) -> None:
        """Note the step; read where it is due."""
        if outputs and 'loss' in outputs:
            self.watch.note(runner.iter + 1, outputs['loss'].detach().isfinite().all(), *self._images())
        if self.every_n_inner_iters(batch_idx, self.interval) or self.end_of_epoch(runner.train_dataloader, batch_idx):
            self._stop_at(runner, self.watch.read_all())

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Refuse what is not finite; mmengine asks the rank that writes only."""
        if self.watch is None:
            return
        self._stop_at(runner, self.watch.read())
        spoilt = spoilt_tensor(checkpoint['state_dict'], {name for name, _ in self.framework.named_parameters()})
        if spoilt:
            raise UserError(f'{spoilt} is NaN or infinite after step {checkpoint["meta"]["iter"]}, and no checkpoint is '
                            f'written of it; lower the learning rate; {_last_good(runner)}')

    def _look_at_views(self, module, args, batch) -> None:
        # A sum is not finite where one of its terms is not.
        sums = [view.detach().flatten(1).sum(1, dtype=torch.float32) for view in batch['inputs']]
        self._views = batch['index'], torch.stack(sums).isfinite().all(0)

    def _look_at_positives(self, direction: str, record: StepRecord) -> None:
        self._positives.append((record.anchor_index, record.positive_similarity))

    def _images(self) -> tuple[Tensor, Tensor]:
        """Images (B,) of the step, and whether their views are finite; where all are, whether their similarities are."""
        index, is_finite = self._views
        if not self._positives:
            return index, is_finite
        anchor, similarity = (torch.cat(column) for column in zip(*self._positives, strict=True))
        is_bad = ((index.unsqueeze(1) == anchor) & ~similarity.isfinite()).any(1)
        return index, torch.where(is_finite.all(), ~is_bad, is_finite)

    def _stop_at(self, runner, fault: Fault | None) -> None:
        if fault is not None:
            raise UserError(f'{_in_words(fault, runner.train_loop.dataset)}; look at these images, or lower the learning '
                            f'rate; {_last_good(runner)}')


def spoilt_tensor(state: dict[str, Tensor], parameters: set[str]) -> str | None:
    """Name of a parameter that is NaN or infinite, or of a buffer that is NaN: -inf may be what nothing was seen of."""
    names = [name for name, value in state.items() if value.is_floating_point() and value.numel()]
    flags = [(~state[name].isfinite() if name in parameters else state[name].isnan()).any() for name in names]
    return next((name for name, flag in zip(names, flags) if flag), None)


def _in_words(fault: Fault, dataset) -> str:
    images = ', '.join(dataset.describe(image) for image in fault.images)
    if fault.is_exact:
        return f'step {fault.step} gave NaN or infinite values for {images}'
    return f'step {fault.step} gave a loss that is NaN or infinite, for all of its images alike, among them {images}'


def _last_good(runner) -> str:
    noted = Path(runner.work_dir) / 'last_checkpoint'
    return f'the last good checkpoint is {noted.read_text()}' if noted.is_file() else 'there is no checkpoint yet'
