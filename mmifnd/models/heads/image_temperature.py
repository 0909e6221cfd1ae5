"""A temperature for each image, learned (iSogCLR, FastCLIP-v2)."""

import torch
from torch import Tensor, nn

from mmifnd.checks import check_choice
from mmifnd.functional import adam_step, temperature_gradient
from mmifnd.image_table import ImageTable, mean_per_image
from mmifnd.parts import FollowsEpochs, KnowsImages

from .temperature import check_bounds

OPTIMIZERS = ('momentum', 'adam')
LEARNING_RATES = dict(momentum=0.01, adam=0.0133)
_BETAS = (0.9, 0.999)


class ImageTemperature(nn.Module, KnowsImages, FollowsEpochs):
    """Temperatures of all images and the state of their optimizer, for the images of a step.

    ``'momentum'`` (iSogCLR: Qiu et al., ICML 2023): ``z <- (1 - momentum) z + momentum * gradient``, ``t <- clip(t -
    learning_rate * z)``. ``'adam'`` (FastCLIP-v2: Wei et al., 2024): Adam with betas of 0.9 and 0.999, both 0 in the first
    epoch, whose bias correction counts epochs, as in the released code.

    Args:
        initial (float): temperature that all images start with.
        rho (float): weight of the constraint, at least 0; larger values lower the temperatures.
        learning_rate (float, optional): in units of temperature; 0.01 for momentum and 0.0133 for Adam by default.
        momentum (float): weight of the new gradient, in (0, 1].
        bounds (tuple[float, float]): of the temperatures, in (0, 1].
        optimizer (str): ``'momentum'`` or ``'adam'``.
        gradient_limit (float, optional): gradients are clipped to this size; None sets no limit, FastCLIP takes 5.

    Raises:
        ValueError: if the values do not fit together.
    """

    def __init__(self, initial: float, rho: float = 0.3, learning_rate: float | None = None, momentum: float = 0.9,
                 bounds: tuple[float, float] = (0.05, 0.7), optimizer: str = 'momentum',
                 gradient_limit: float | None = None) -> None:
        super().__init__()
        check_bounds('image_temperature', initial, bounds)
        check_choice('optimizer', optimizer, OPTIMIZERS, 'image_temperature')
        learning_rate = LEARNING_RATES[optimizer] if learning_rate is None else learning_rate
        if not learning_rate > 0 or not 0 < momentum <= 1:
            raise ValueError(f'learning_rate={learning_rate} and momentum={momentum} of image_temperature must be '
                             'positive, momentum at most 1; 0.01 and 0.9 are usual')
        if not rho >= 0 or gradient_limit is not None and not gradient_limit > 0:
            raise ValueError(f'rho={rho} of image_temperature must be at least 0, and gradient_limit={gradient_limit} positive '
                             'or None; 0.3 without a limit, and 7 with a limit of 5, are usual')
        self.rho, self.learning_rate, self.momentum, self.bounds = rho, learning_rate, momentum, tuple(bounds)
        self.optimizer, self.gradient_limit, self._epoch = optimizer, gradient_limit, 0
        second = dict(second_moment=0.) if optimizer == 'adam' else {}
        self.table = ImageTable(temperature=float(initial), momentum=0., **second)

    def start_epoch(self, epoch: int, max_epochs: int) -> None:
        """Take note of the epoch (0-based), by which Adam corrects its bias."""
        self._epoch = epoch

    def bind(self, num_samples: int, labels: Tensor | None = None) -> None:
        """Start all temperatures."""
        self.table.allocate(num_samples)

    def read(self, index: Tensor) -> Tensor:
        """Temperatures (A,) of images ``index`` (A,)."""
        return self.table.read(index)['temperature']

    @torch.no_grad()
    def observe(self, index: Tensor, negative: Tensor, false_negative: Tensor, log_average: Tensor) -> None:
        """Move the temperatures of images ``index`` (A,).

        Args:
            negative (Tensor): cosine similarities to the candidates, or their differences to the positive's, (A, C).
            false_negative (Tensor): bool (G, A, C).
            log_average (Tensor): of each row, already moved, (G, A); -inf where there has been no negative yet.
        """
        gradient = temperature_gradient(negative, false_negative, log_average, self.read(index), self.rho)
        counts = (~false_negative & (negative > -torch.inf)).any(dim=-1)
        rows = index.expand(counts.shape).flatten(), counts.flatten(), gradient.flatten()
        index, moves, gradient = mean_per_image(*rows)
        if self.gradient_limit is not None:
            gradient = gradient.clamp(-self.gradient_limit, self.gradient_limit)
        old = self.table.read(index)
        self.table.write(index, moves, **self._moved(old, gradient.to(old['temperature'].dtype)))

    def _moved(self, old: dict[str, Tensor], gradient: Tensor) -> dict[str, Tensor]:
        """Columns after one step of the optimizer."""
        if self.optimizer == 'momentum':
            momentum = (1 - self.momentum) * old['momentum'] + self.momentum * gradient
            temperature = old['temperature'] - self.learning_rate * momentum
            return dict(temperature=temperature.clamp(*self.bounds), momentum=momentum)
        betas = _BETAS if self._epoch else (0., 0.)
        step = torch.full_like(gradient, self._epoch + 1)
        temperature, first, second = adam_step(
            old['temperature'], gradient, old['momentum'], old['second_moment'], step, self.learning_rate, betas)
        return dict(temperature=temperature.clamp(*self.bounds), momentum=first, second_moment=second)
