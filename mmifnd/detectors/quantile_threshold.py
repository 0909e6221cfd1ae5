"""Detection by one threshold per image, learned while training (GloFND)."""

from typing import cast

import torch
from torch import Tensor

from mmifnd.checks import check_choice, check_positive
from mmifnd.contrast import Contrast, check_source
from mmifnd.functional._checks import check_alpha
from mmifnd.functional.thresholds import adam_step, batch_quantile, decayed_rate, sgd_step, threshold_gradient
from mmifnd.image_table import ImageTable, mean_per_image

from .base import Detector
from .filter_gate import FilterGate

OPTIONS = dict(
    optimizer=('adam', 'sgd'),
    decay=('exponential', 'constant'),
    bias_correction=('visits', 'epoch'),
    initialization=('one', 'batch_quantile'))
LEARNING_RATES = dict(adam=0.05, sgd=1.)
DECAYS = dict(adam='exponential', sgd='constant')


class QuantileThresholdDetector(Detector):
    """Detects candidates above a learned threshold of the anchor's image (GloFND: Balmaseda et al., ICML 2025, Algorithm 1).

    The threshold follows the (1 - alpha)-quantile of the image's similarities over the whole training set. A step moves the
    thresholds of its own images only. All rows of an image (its views, repeats, ranks) share one threshold, and their
    gradients are averaged before it moves. Rows without candidates do not count, nor do similarities that are NaN.

    Args:
        alpha (float): share of negatives that are false, in (0, 1).
        optimizer (str): ``'adam'`` (the released code) or ``'sgd'`` (Eq. 4).
        learning_rate (float, optional): in units of similarity; default: 0.05 for Adam, 1 for SGD.
        decay (str, optional): ``'exponential'`` lets the rate fall to 6 % from ``start_epoch`` to the end of the training,
            as Adam needs, whose steps have a fixed length; ``'constant'`` is the released code. Default: exponential for
            Adam, constant for SGD, whose steps shrink by themselves.
        betas (tuple[float, float]): decay of Adam's moments.
        bias_correction (str): Adam's correction by the ``'visits'`` of the image, or by the number of the ``'epoch'``
            as in the released code.
        gradient_limit (float, optional): bound of each gradient, ``+-gradient_limit * alpha``; default: none.
        initialization (str): ``'one'`` starts at 1, where nothing is a false negative; ``'batch_quantile'`` lets the
            first visit of an image set its threshold to the quantile of that batch.
        start_epoch (int): first epoch (0-based) in which thresholds learn.
        filter_epoch (int, optional): first epoch in which they are used; default: ``start_epoch``.
        warmup_epochs (int): epochs from ``start_epoch`` on in which all images share one threshold, learned from all
            rows.
        shared (bool): keep one threshold for all images throughout (the "single lambda" ablation).
        source (str): which similarities the thresholds are of: ``'cross'``, those of the loss; of image-text pairs also those
            within ``'image'`` or ``'text'`` (:meth:`mmifnd.contrast.Contrast.similarity_by`).

    Raises:
        ValueError: if an option is unknown or a value out of range.
    """

    def __init__(self, alpha: float = 0.01, optimizer: str = 'adam', learning_rate: float | None = None,
                 decay: str | None = None, betas: tuple[float, float] = (0.9, 0.98), bias_correction: str = 'visits',
                 gradient_limit: float | None = None, initialization: str = 'one', start_epoch: int = 0,
                 filter_epoch: int | None = None, warmup_epochs: int = 0, shared: bool = False,
                 source: str = 'cross') -> None:
        super().__init__()
        check_alpha(alpha)
        check_source(source)
        self.source = source
        check_choice('optimizer', optimizer, OPTIONS['optimizer'], 'QuantileThresholdDetector')
        decay = DECAYS[optimizer] if decay is None else decay
        for name, value in dict(decay=decay, bias_correction=bias_correction, initialization=initialization).items():
            check_choice(name, value, OPTIONS[name], 'QuantileThresholdDetector')
        filter_epoch = start_epoch if filter_epoch is None else filter_epoch
        learning_rate = LEARNING_RATES[optimizer] if learning_rate is None else learning_rate
        _check_numbers(learning_rate, betas, gradient_limit, start_epoch, filter_epoch, warmup_epochs)
        self.alpha, self.optimizer, self.learning_rate, self.decay = alpha, optimizer, learning_rate, decay
        self.betas, self.bias_correction, self.gradient_limit = (betas[0], betas[1]), bias_correction, gradient_limit
        self.initialization, self.first_epoch, self.warmup_epochs, self.shared = (
            initialization, start_epoch, warmup_epochs, shared)
        self.gate = FilterGate('QuantileThresholdDetector', 'filter_epoch', filter_epoch)
        self.table = ImageTable(threshold=1., first_moment=0., second_moment=0., visits=0)
        self._epoch, self._progress = 0, 0.

    @property
    def threshold(self) -> Tensor:
        """The thresholds of all images, (N,); (1,) if shared."""
        return cast(Tensor, self.table.threshold)

    def bind(self, num_samples: int, labels: Tensor | None = None) -> None:
        """Allocate the thresholds of all images."""
        super().bind(num_samples)
        self.table.allocate(1 if self.shared else num_samples)

    def start_epoch(self, epoch: int, max_epochs: int) -> None:
        """Set the epoch (0-based) that begins.

        Raises:
            ValueError: if learning or filtering would start after the last of ``max_epochs`` epochs.
        """
        if self.first_epoch >= max_epochs:
            raise ValueError(f'start_epoch={self.first_epoch} of QuantileThresholdDetector is beyond the training of '
                             f'{max_epochs} epochs; choose at most {max_epochs - 1}')
        self.gate.update(epoch, max_epochs)
        self._epoch = epoch
        self._progress = (epoch - self.first_epoch) / (max_epochs - self.first_epoch)

    @property
    def learned_share(self) -> float:  # type: ignore[override]
        """The share that the thresholds are meant to detect, alpha."""
        return self.alpha

    @property
    def mean_visits(self) -> float:  # type: ignore[override]
        """How often the threshold of an image has moved, the mean over the images seen; waits for the device."""
        visits = cast(Tensor, self.table.visits)
        return float(visits.sum() / (visits > 0).sum().clamp(min=1))

    @torch.no_grad()
    def observe(self, contrast: Contrast) -> None:
        """Move the thresholds of the images of this step."""
        if self._epoch < self.first_epoch:
            return
        similarity = contrast.similarity_by(self.source)
        row = self._row(contrast.anchor_index)
        rows = [threshold_gradient(similarity, self.table.read(row)['threshold'], self.alpha)]
        if self.initialization == 'batch_quantile':
            rows.append(batch_quantile(similarity, self.alpha))
        is_pooled = self.shared or self._epoch < self.first_epoch + self.warmup_epochs
        row = torch.zeros_like(row) if is_pooled else row
        row, moves, *means = mean_per_image(row, contrast.is_candidate.any(1), *rows)
        self.table.write(row, moves, **self._moved(self.table.read(row), *means))
        if is_pooled:
            self.table.fill(**{name: column[0] for name, column in self.table.read(row[:1]).items()})

    def detect(self, contrast: Contrast) -> Tensor:
        """Return a bool mask (1, A, C): strictly above the threshold of the anchor's image."""
        above = contrast.similarity_by(self.source) > self._threshold(contrast.anchor_index).unsqueeze(1)
        return (above & contrast.is_candidate).unsqueeze(0)

    def threshold_of(self, contrast: Contrast) -> Tensor | None:
        """The learned threshold of each anchor's image, (A,); infinite while it is not used yet.

        None if it is not one of the loss's similarities.
        """
        return self._threshold(contrast.anchor_index) if self.source == 'cross' else None

    def _threshold(self, index: Tensor) -> Tensor:
        threshold = self.table.read(self._row(index))['threshold']
        # At 1 nothing is detected, not even an identical image whose cosine was rounded up.
        return self.gate.apply_to(torch.where(threshold < 1, threshold, torch.inf))

    def _row(self, index: Tensor) -> Tensor:
        """The rows of the table with the thresholds of images ``index``."""
        return torch.zeros_like(index) if self.shared else index

    def _moved(self, old: dict[str, Tensor], gradient: Tensor, quantile: Tensor | None = None) -> dict[str, Tensor]:
        """The columns after a visit with a mean ``gradient`` (M,); a first visit takes the mean ``quantile``, if given."""
        gradient = gradient.to(old['threshold'].dtype)
        if self.gradient_limit is not None:
            gradient = gradient.clamp(-self.gradient_limit * self.alpha, self.gradient_limit * self.alpha)
        new = dict(old, **self._stepped(old, gradient))
        if quantile is not None:
            is_first = old['visits'] == 0
            new = {name: torch.where(is_first, old[name], column) for name, column in new.items()}
            new['threshold'] = torch.where(is_first, quantile, new['threshold'])
        return dict(new, visits=old['visits'] + 1)

    def _stepped(self, old: dict[str, Tensor], gradient: Tensor) -> dict[str, Tensor]:
        """The columns after one step of the optimizer."""
        rate = decayed_rate(self.learning_rate, self._progress) if self.decay == 'exponential' else self.learning_rate
        if self.optimizer == 'sgd':
            return dict(threshold=sgd_step(old['threshold'], gradient, rate))
        if self.bias_correction == 'epoch':
            step = torch.full_like(gradient, self._epoch + 1)
        else:  # a first visit that only took the quantile was no step
            step = old['visits'] + (self.initialization == 'one')
        threshold, first, second = adam_step(
            old['threshold'], gradient, old['first_moment'], old['second_moment'], step.clamp(min=1).to(gradient.dtype),
            rate, self.betas)
        return dict(threshold=threshold, first_moment=first, second_moment=second)


def _check_numbers(learning_rate: float, betas: tuple[float, float], gradient_limit: float | None, start_epoch: int,
                   filter_epoch: int, warmup_epochs: int) -> None:
    check_positive('learning_rate', learning_rate, 'QuantileThresholdDetector', '0.05 is usual')
    if len(betas) != 2 or not all(0 <= beta < 1 for beta in betas):
        raise ValueError(f'betas={betas} of QuantileThresholdDetector must be two numbers in [0, 1), such as 0.9, 0.98')
    if gradient_limit is not None:
        check_positive('gradient_limit', gradient_limit, 'QuantileThresholdDetector', 'None sets no limit')
    if start_epoch < 0 or warmup_epochs < 0:
        raise ValueError(f'start_epoch={start_epoch} and warmup_epochs={warmup_epochs} of QuantileThresholdDetector '
                         'must not be negative')
    if filter_epoch < start_epoch:
        raise ValueError(f'filter_epoch={filter_epoch} of QuantileThresholdDetector is before '
                         f'start_epoch={start_epoch}, when thresholds begin to learn')
