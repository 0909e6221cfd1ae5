"""Batch statistics that agree on all ranks."""

import torch
from torch import Tensor, nn

from mmifnd.distributed import all_reduce, world_size


@torch.no_grad()
def average_batch_statistics(model: nn.Module) -> None:
    """Average the running mean and variance of every batch normalisation over ranks.

    Buffers are not broadcast while training (thresholds and labels must not be overwritten), so each rank has its own
    running statistics, and would give one image different features.
    """
    flat = batch_statistics(model)
    if world_size() > 1 and len(flat):
        all_reduce(flat, 'mean')
        set_batch_statistics(model, flat)


def batch_statistics(model: nn.Module) -> Tensor:
    """Running means and variances of all batch normalisations in one vector."""
    buffers = _buffers(model)
    return torch.cat([buffer.flatten() for buffer in buffers]) if buffers else torch.zeros(0)


@torch.no_grad()
def set_batch_statistics(model: nn.Module, flat: Tensor) -> None:
    """Take a vector of :func:`batch_statistics`."""
    buffers = _buffers(model)
    for buffer, values in zip(buffers, flat.split([buffer.numel() for buffer in buffers])):
        buffer.copy_(values.view_as(buffer))


def _buffers(model: nn.Module) -> list[Tensor]:
    norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm) and m.track_running_stats]
    return [buffer for norm in norms for buffer in (norm.running_mean, norm.running_var)]
