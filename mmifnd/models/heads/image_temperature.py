"""A temperature for each image, learned (iSogCLR)."""

import torch
from torch import Tensor, nn

from mmifnd.functional import temperature_gradient
from mmifnd.image_table import ImageTable, mean_per_image
from mmifnd.parts import KnowsImages


class ImageTemperature(nn.Module, KnowsImages):
    """Temperatures of all images and their momentum (iSogCLR: Qiu et al., ICML 2023).

    ``z <- (1 - momentum) z + momentum * gradient``, ``t <- clip(t - learning_rate * z)``, for the images of a step.

    Args:
        initial (float): temperature that all images start with.
        rho (float): weight of the constraint; larger values lower the temperatures.
        learning_rate (float): in units of temperature.
        momentum (float): weight of the new gradient, in (0, 1].
        bounds (tuple[float, float]): of the temperatures.

    Raises:
        ValueError: where the values do not fit together.
    """

    def __init__(self, initial: float, rho: float = 0.3, learning_rate: float = 0.01, momentum: float = 0.9,
                 bounds: tuple[float, float] = (0.05, 0.7)) -> None:
        super().__init__()
        if not 0 < bounds[0] <= initial <= bounds[1]:
            raise ValueError(f'temperature={initial} lies outside bounds={tuple(bounds)} of image_temperature, '
                             'which must be positive')
        if not learning_rate > 0 or not 0 < momentum <= 1:
            raise ValueError(f'learning_rate={learning_rate} and momentum={momentum} of image_temperature must be '
                             'positive, momentum at most 1; 0.01 and 0.9 are usual')
        self.rho, self.learning_rate, self.momentum, self.bounds = rho, learning_rate, momentum, tuple(bounds)
        self.table = ImageTable(temperature=float(initial), momentum=0.)

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
            negative (Tensor): cosine similarities to the candidates, (A, C).
            false_negative (Tensor): bool (G, A, C).
            log_average (Tensor): of each row, already moved, (G, A); -inf where there has been no negative yet.
        """
        gradient = temperature_gradient(negative, false_negative, log_average, self.read(index), self.rho)
        counts = (~false_negative & (negative > -torch.inf)).any(dim=-1)
        rows = index.expand(counts.shape).flatten(), counts.flatten(), gradient.flatten()
        index, moves, gradient = mean_per_image(*rows)
        old = self.table.read(index)
        momentum = (1 - self.momentum) * old['momentum'] + self.momentum * gradient
        temperature = (old['temperature'] - self.learning_rate * momentum).clamp(*self.bounds)
        self.table.write(index, moves, temperature=temperature, momentum=momentum)
