"""The learning rate of a learned temperature (FastCLIP)."""

import torch
from mmengine.hooks import Hook
from torch import Tensor

from mmifnd.checks import check_inside, check_positive
from mmifnd.distributed import unwrap
from mmifnd.errors import UserError
from mmifnd.registry import HOOKS


@HOOKS.register_module()
class TemperatureRateHook(Hook):
    """Gives a learned temperature a rate of its own, lower while the temperature is low (FastCLIP: arXiv 2407.01445).

    The rate is neither warmed up nor decayed, whatever the schedulers do to the weights. Below the limit a step is shortened
    after the update, on the device, so that nothing waits for the temperature; with Adam that is the smaller rate exactly,
    as its steps are proportional to it.

    Args:
        learning_rate (float): of ``log_scale = log(1 / t)``, > 0.
        below (float): largest temperature at which the rate is lower, in (0, 1].
        factor (float): what the rate is multiplied with there, in (0, 1].

    Raises:
        ValueError: if a number is out of range.
    """

    priority = 'LOW'  # after the schedulers

    def __init__(self, learning_rate: float = 2e-4, below: float = 0.03, factor: float = 1 / 3) -> None:
        check_positive('learning_rate', learning_rate, 'TemperatureRateHook', '2e-4 is that of FastCLIP-v3')
        for name, value in dict(below=below, factor=factor).items():
            check_inside(name, value, 0, 1, 'right', 'TemperatureRateHook')
        self.learning_rate, self.below, self.factor = learning_rate, below, factor

    def before_train(self, runner) -> None:
        """Find the temperature, and its group in the optimizer.

        Raises:
            UserError: if no temperature is learned, or it shares a group with weights.
        """
        heads = unwrap(runner.model).heads.values()
        learned = [head.learned_temperature for head in heads if head.learned_temperature is not None]
        if not learned:
            raise UserError('TemperatureRateHook sets the rate of a learned temperature, and the heads learn none; remove '
                            'default_hooks.temperature_rate, or learn it: model.head.learned_temperature={}')
        self._log_scale: Tensor = learned[0].log_scale
        self._group, = [group for group in runner.optim_wrapper.optimizer.param_groups
                        if any(value is self._log_scale for value in group['params'])]
        if len(self._group['params']) > 1:
            raise UserError('TemperatureRateHook needs the temperature in a parameter group of its own; set '
                            'optim_wrapper.paramwise_cfg.custom_keys.log_scale={"decay_mult": 0}')

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Set the rate, and keep the value before the step."""
        self._group['lr'] = self.learning_rate
        self._before = self._log_scale.detach().clone()

    @torch.no_grad()
    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None) -> None:
        """Shorten the step if the temperature was low."""
        is_low = (-self._before).exp() <= self.below
        shortened = self._before + self.factor * (self._log_scale - self._before)
        self._log_scale.copy_(torch.where(is_low, shortened, self._log_scale))
