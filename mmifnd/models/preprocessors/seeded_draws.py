"""Batched transforms whose random numbers belong to the image, not to the batch."""

import math

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from mmifnd.functional.counter_random import counter_hash, counter_normal, counter_uniform

_NAMES = (
    'bernoulli', 'multinomial', 'normal', 'poisson', 'rand_like', 'randint', 'randint_like', 'randn_like', 'binomial',
    '_standard_gamma', '_sample_dirichlet')
_METHODS = (
    'bernoulli', 'bernoulli_', 'cauchy_', 'exponential_', 'geometric_', 'log_normal_', 'multinomial', 'normal_',
    'random_', 'uniform_')
_REFUSED = {getattr(torch, name) for name in _NAMES} | {getattr(torch.Tensor, name) for name in _METHODS}


class SeededDraws(TorchFunctionMode):
    """Within this context, torch's random functions answer from a hash of counters.

    ``rand`` and ``randn`` of leading size B answer row b from (counters, number of the call, index b, element), so an
    image has the same numbers in any batch. ``randperm`` answers from (counters, number of the call) alone: one order
    for all images, as kornia's ColorJitter draws it, yet independent of the batch. Any other random function raises.

    Args:
        counters (tuple[int, ...]): such as (seed, epoch, view, step).
        index (Tensor): int64 (B,), the stable index of each image.

    Raises:
        RuntimeError: at a random function that cannot be answered, on entry of that call.
    """

    def __init__(self, counters: tuple[int, ...], index: Tensor) -> None:
        super().__init__()
        self.counters, self.index = counters, index
        self.calls = 0
        self._answers = {torch.rand: self._uniform, torch.randn: self._normal, torch.randperm: self._permutation}

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func in self._answers:
            self.calls += 1
            return self._answers[func](*args, **kwargs)
        if func in _REFUSED:
            raise RuntimeError(f'{func.__name__} cannot be drawn for each image; use a transform without it')
        return func(*args, **kwargs)

    def _uniform(self, *size, dtype: torch.dtype | None = None, device=None, **_) -> Tensor:
        return counter_uniform(*self._element_counters(size), dtype=dtype or torch.get_default_dtype()).to(device)

    def _normal(self, *size, dtype: torch.dtype | None = None, device=None, **_) -> Tensor:
        return counter_normal(*self._element_counters(size), dtype=dtype or torch.get_default_dtype()).to(device)

    def _permutation(self, n: int, *, device=None, **_) -> Tensor:
        return counter_hash(*self.counters, self.calls, torch.arange(n)).argsort().to(device)

    def _element_counters(self, size: tuple) -> tuple:
        """Counters that broadcast to ``size`` = (B, *rest)."""
        shape = tuple(size[0]) if len(size) == 1 and not isinstance(size[0], int) else size
        if not shape or shape[0] != len(self.index):
            raise RuntimeError(f'a draw of shape {tuple(shape)} is not one for each of {len(self.index)} images; '
                               'leave same_on_batch at False and p_batch at 1')
        rest = shape[1:]
        element = torch.arange(math.prod(rest), device=self.index.device).reshape(rest)
        return *self.counters, self.calls, self.index.view(-1, *[1] * len(rest)), element
