"""R encoders, each SmallCNN and ProjectionMLP, whose layers are computed together."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_KERNEL, _MOMENTUM, _EPSILON = 3, 0.1, 1e-5


class StackedEncoder(nn.Module):
    """What R copies of :class:`SmallCNN` with a :class:`ProjectionMLP` of two layers compute, with parameters (R, ...).

    Args:
        seeds (Sequence[int]): of the initialisation, one an encoder: encoders of equal seed begin equal.
        widths (Sequence[int]): channels of each convolution.
        strides (Sequence[int]): of each convolution.
        hidden, out (int): channels of the projection.

    Shapes: images (R, 1, B, H, W), or (1, 1, B, H, W) for all; features (R, B, widths[-1]); embeddings (R, B, out).
    """

    def __init__(self, seeds: Sequence[int], widths: Sequence[int], strides: Sequence[int], hidden: int, out: int) -> None:
        super().__init__()
        self.strides = tuple(strides)
        drawn = {seed: _initial(seed, widths, hidden, out) for seed in set(seeds)}
        for name in drawn[seeds[0]]:
            stacked = torch.stack([drawn[seed][name] for seed in seeds])
            if 'running' in name:
                self.register_buffer(name, stacked)
            else:
                self.register_parameter(name, nn.Parameter(stacked))

    def subset(self, runs: Sequence[int]) -> 'StackedEncoder':
        """The encoders of some runs, without gradient, sharing nothing with this one."""
        other = StackedEncoder.__new__(StackedEncoder)
        nn.Module.__init__(other)
        other.strides = self.strides
        for name, value in [*self.named_parameters(), *self.named_buffers()]:
            other.register_buffer(name, value.detach()[list(runs)])
        return other.train(self.training)

    def features(self, images: Tensor) -> Tensor:
        """The backbone's features, pooled."""
        for layer, stride in enumerate(self.strides):
            images = F.relu(self._normalized(_convolved(images, self._of(f'conv{layer}'), stride), layer))
        return images.mean(dim=(3, 4)).transpose(1, 2)

    def forward(self, images: Tensor) -> Tensor:
        """Embeddings of unit length."""
        return self.project(self.features(images))

    def project(self, features: Tensor) -> Tensor:
        """Embeddings of unit length, of features."""
        hidden = torch.baddbmm(self._of('bias1').unsqueeze(1), features, self._of('weight1').mT)
        return F.normalize(torch.baddbmm(self._of('bias2').unsqueeze(1), F.relu(hidden), self._of('weight2').mT), dim=2)

    def _of(self, name: str) -> Tensor:
        return getattr(self, name)

    def _normalized(self, maps: Tensor, layer: int) -> Tensor:
        """Batch normalisation of each run's channels (R, C, B, H, W), as one of R C channels."""
        names = ('running_mean', 'running_var', 'scale', 'shift')
        mean, var, scale, shift = (self._of(f'{name}{layer}').view(-1) for name in names)
        flat = maps.reshape(1, mean.numel(), -1)
        return F.batch_norm(flat, mean, var, scale, shift, self.training, _MOMENTUM, _EPSILON).view(maps.shape)


def _convolved(images: Tensor, weight: Tensor, stride: int) -> Tensor:
    """Convolve (R or 1, C, B, H, W) with (R, O, C, 3, 3): one matrix product a run."""
    patches = F.pad(images, (1, 1, 1, 1)).unfold(3, _KERNEL, stride).unfold(4, _KERNEL, stride)
    runs, channels, batch, height, width = patches.shape[:5]
    columns = patches.permute(0, 1, 5, 6, 2, 3, 4).reshape(runs, channels * _KERNEL**2, batch * height * width)
    return torch.matmul(weight.flatten(2), columns).view(len(weight), weight.shape[1], batch, height, width)


def _initial(seed: int, widths: Sequence[int], hidden: int, out: int) -> dict[str, Tensor]:
    """Parameters of one encoder, as PyTorch initialises such layers."""
    values: dict[str, Tensor] = {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for layer, (fan_in, fan_out) in enumerate(zip([1, *widths], widths)):
            values[f'conv{layer}'] = nn.Conv2d(fan_in, fan_out, _KERNEL, bias=False).weight.detach()
            values |= {f'scale{layer}': torch.ones(fan_out), f'shift{layer}': torch.zeros(fan_out),
                       f'running_mean{layer}': torch.zeros(fan_out), f'running_var{layer}': torch.ones(fan_out)}
        for position, (fan_in, fan_out) in enumerate(((widths[-1], hidden), (hidden, out)), start=1):
            linear = nn.Linear(fan_in, fan_out)
            values |= {f'weight{position}': linear.weight.detach(), f'bias{position}': linear.bias.detach()}
    return values
