"""Batched steps that blur images or add noise."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

from mmifnd.functional.counter_random import counter_normal

from .step import Draws, Step, limits_of


class RandomGaussianNoise(Step):
    """Add normal noise to each pixel.

    Args:
        mean (float): of the noise.
        std (float): its standard deviation, in units of [0, 1].
        p (float): the share of images.
    """

    def __init__(self, mean: float = 0., std: float = 1., p: float = 0.5) -> None:
        if not std >= 0:
            raise ValueError(f'std={std} of RandomGaussianNoise must not be negative')
        self.mean, self.std = mean, std
        super().__init__(p)

    def transform(self, images: Tensor, draws: Draws) -> Tensor:
        """Add noise to all images."""
        pixel = torch.arange(math.prod(images.shape[1:]), device=images.device).view(images.shape[1:])
        noise = counter_normal(*draws.counters, len(self.calls) + 1, draws.index.view(-1, 1, 1, 1), pixel)
        return noise.mul_(self.std).add_(self.mean).add_(images)


class RandomGaussianBlur(Step):
    """Blur images with a Gaussian of random width; the border is reflected.

    Args:
        kernel_size (int | Sequence[int]): odd height and width of the kernel, at most about twice the image's.
        sigma (Sequence[float]): range of the standard deviation, in pixels.
        p (float): the share of images.

    Raises:
        ValueError: if an argument is outside its range; in use, if the kernel is too large for the images.
    """

    def __init__(self, kernel_size: int | Sequence[int], sigma: Sequence[float], p: float = 0.5) -> None:
        sizes = (kernel_size,) * 2 if isinstance(kernel_size, int) else tuple(kernel_size)
        if len(sizes) != 2 or not all(isinstance(size, int) and size > 0 and size % 2 for size in sizes):
            raise ValueError(f'kernel_size={kernel_size} of RandomGaussianBlur must be one or two odd positive integers')
        self.kernel_size, self.sigma = sizes, limits_of(sigma, 'sigma')
        if not self.sigma[0] > 0:
            raise ValueError(f'sigma={sigma} of RandomGaussianBlur must be positive')
        super().__init__(p, (1,))

    def transform(self, images: Tensor, draws: Draws) -> Tensor:
        """Blur all images."""
        if any(size // 2 >= side for size, side in zip(self.kernel_size, images.shape[-2:])):
            raise ValueError(f'kernel_size={self.kernel_size} of RandomGaussianBlur is too large for images of '
                             f'{tuple(images.shape[-2:])} pixels; take at most twice the side minus 1')
        sigma = draws.between(0, self.sigma)
        for size, dim in zip(self.kernel_size[::-1], (-1, -2)):
            images = _along(images, _weights(size, sigma), dim)
        return images


def _weights(size: int, sigma: Tensor) -> Tensor:
    """Weights (B, ``size``) of a sampled Gaussian, which sum to 1."""
    distance = torch.arange(size, device=sigma.device) - size // 2
    weights = (-distance.square() / (2 * sigma.square()[:, None])).exp()
    return weights / weights.sum(dim=1, keepdim=True)


def _along(images: Tensor, weights: Tensor, dim: int) -> Tensor:
    """Correlate with one kernel per image (B, K) along a dimension: a sum of shifted images, the same for any batch."""
    size, side = weights.shape[1], images.shape[dim]
    border = (size // 2,) * 2
    padded = pad(images, (*border, 0, 0) if dim == -1 else (0, 0, *border), mode='reflect')
    total = padded.narrow(dim, 0, side) * weights[:, 0].view(-1, 1, 1, 1)
    for tap in range(1, size):
        total.addcmul_(padded.narrow(dim, tap, side), weights[:, tap].view(-1, 1, 1, 1))
    return total
