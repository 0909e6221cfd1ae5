"""SogCLR's head: the global contrastive loss at small batches."""

import torch
from torch import Tensor

from mmifnd.checks import check_choice, check_inside
from mmifnd.contrast import Contrast
from mmifnd.functional import cosine_gamma, global_contrastive_loss, log_mean_exp, moving_log_average
from mmifnd.image_table import ImageTable, log_mean_exp_per_image
from mmifnd.parts import FollowsEpochs, KnowsImages
from mmifnd.registry import MODELS

from .contrastive import ContrastiveHead
from .image_temperature import ImageTemperature

SCHEDULES = ('constant', 'cosine')


@MODELS.register_module()
class SogCLRHead(ContrastiveHead, KnowsImages, FollowsEpochs):
    """Compares with the whole data set by a moving average per image (SogCLR: Yuan et al., ICML 2022).

    Detected false negatives are left out (GloFND, Algorithm 1). It works with any detector.

    An image's average starts with its first estimate. Its rows in a step (views, repeats, ranks, granularities) are
    averaged; rows that lost all negatives do not count, and keep only their alignment term.

    Args:
        gamma (float): weight of the new estimate, in (0, 1].
        gamma_schedule (str): ``'constant'``, or ``'cosine'`` from 1 in the first epoch to ``gamma``.
        gamma_epochs (int, optional): epochs that the cosine takes; default: all.
        image_temperature (dict, optional): learn a temperature for each image (iSogCLR), with the arguments of
            :class:`ImageTemperature` but ``initial``, which is ``temperature``.
        **kwargs: see :class:`ContrastiveHead`.

    Raises:
        ValueError: if gamma is outside (0, 1] or the schedule unknown.
    """

    direction_weight = 1.

    def __init__(self, gamma: float = 0.9, gamma_schedule: str = 'constant', gamma_epochs: int | None = None,
                 image_temperature: dict | None = None, **kwargs) -> None:
        super().__init__(**kwargs)
        check_inside('gamma', gamma, 0, 1, 'right', 'SogCLRHead', 'it weighs the new estimate, 0.9 is usual')
        check_choice('gamma_schedule', gamma_schedule, SCHEDULES, 'SogCLRHead')
        if gamma_epochs is not None and (gamma_epochs < 1 or gamma_schedule == 'constant'):
            raise ValueError(
                f"gamma_epochs={gamma_epochs} of SogCLRHead needs gamma_schedule='cosine' and at least 1 epoch")
        self.final_gamma, self.gamma_schedule, self.gamma_epochs = gamma, gamma_schedule, gamma_epochs
        self.gamma = gamma if gamma_schedule == 'constant' else 1.
        self.table = ImageTable(log_average=-torch.inf)
        self.image_temperature = (
            None if image_temperature is None else ImageTemperature(self.temperature, **image_temperature))

    def bind(self, num_samples: int, labels: Tensor | None = None) -> None:
        """Forget all averages."""
        self.table.allocate(num_samples)

    def start_epoch(self, epoch: int, max_epochs: int) -> None:
        """Take the gamma of this epoch (0-based)."""
        if self.gamma_schedule == 'cosine':
            self.gamma = cosine_gamma(self.final_gamma, epoch, self.gamma_epochs or max_epochs)

    def criterion(self, contrast: Contrast, false_negative: Tensor) -> Tensor:
        """The dynamic loss; in training the averages, and temperatures, move."""
        negative, temperature = contrast.negative_similarity, self.temperature_of(contrast.anchor_index)
        average = self.averages(contrast.anchor_index, negative, false_negative, temperature)
        return global_contrastive_loss(contrast.positive_similarity, negative, false_negative, average, temperature)

    def temperature_of(self, index: Tensor) -> float | Tensor:
        """The temperature of all images, or those (A,) of images ``index`` (A,)."""
        return self.current_temperature if self.image_temperature is None else self.image_temperature.read(index)

    def mass_temperature(self, contrast: Contrast) -> float | Tensor:
        """Return the temperature of the softmax over the candidates; (A, 1) where each image has its own."""
        temperature = self.temperature_of(contrast.anchor_index)
        return temperature if self.image_temperature is None else temperature.unsqueeze(1)

    @torch.no_grad()
    def averages(self, index: Tensor, scores: Tensor, false_negative: Tensor, temperature: float | Tensor) -> Tensor:
        """The logarithm of u of each row, (G, A), after the estimate from ``scores`` (A, C); kept while training."""
        estimate = log_mean_exp(scores, false_negative, temperature)
        average = moving_log_average(self.table.read(index)['log_average'], estimate, self.gamma)
        if self.training:
            self._move(index, estimate)
            if self.image_temperature is not None:
                self.image_temperature.observe(index, scores, false_negative, average)
        return average

    @torch.no_grad()
    def _move(self, index: Tensor, estimate: Tensor) -> None:
        """Write the averages of images ``index`` (A,), moved by the estimates (G, A) of their rows."""
        index, moves, mean = log_mean_exp_per_image(
            index.expand(estimate.shape).flatten(), (estimate > -torch.inf).flatten(), estimate.flatten())
        moved = moving_log_average(self.table.read(index)['log_average'], mean, self.gamma)
        self.table.write(index, moves, log_average=moved)
