"""Batch statistics that agree on all ranks."""

import torch
from mmengine.dist import all_reduce, get_world_size
from torch import nn


@torch.no_grad()
def average_batch_statistics(model: nn.Module) -> None:
    """Average the running mean and variance of every batch normalisation over ranks.

    Buffers are not broadcast while training (thresholds and labels must not be overwritten), so each rank has its own
    running statistics, and would give one image different features.
    """
    if get_world_size() == 1:
        return
    norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm) and m.track_running_stats]
    buffers = [buffer for norm in norms for buffer in (norm.running_mean, norm.running_var)]
    if not buffers:
        return
    flat = torch.cat([buffer.flatten() for buffer in buffers])
    all_reduce(flat, op='mean')
    for buffer, mean in zip(buffers, flat.split([buffer.numel() for buffer in buffers])):
        buffer.copy_(mean.view_as(buffer))
