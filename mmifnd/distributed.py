"""Gathering over ranks: with the true gradient, and without any."""

import torch
import torch.distributed as dist
from torch import Tensor


def world_size() -> int:
    """Processes of the run; 1 without torch.distributed."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Number of this process; 0 without torch.distributed."""
    return dist.get_rank() if dist.is_available() and dist.is_initialized() else 0


def gather_with_gradient(rows: Tensor) -> Tensor:
    """Rows of all ranks in rank order, (W * B, ...); the gradient of each row is the sum over all ranks' losses.

    With the mean over local anchors as loss, and DDP's mean over ranks, the gradient equals that of one process.
    """
    return rows if world_size() == 1 else _Gather.apply(rows)


@torch.no_grad()
def gather(rows: Tensor) -> Tensor:
    """Rows of all ranks in rank order, (W * B, ...), without gradient."""
    return rows.detach() if world_size() == 1 else torch.cat(_all_gather(rows))


def _all_gather(rows: Tensor) -> list[Tensor]:
    rows = rows.contiguous()
    gathered = [torch.empty_like(rows) for _ in range(world_size())]
    dist.all_gather(gathered, rows)
    return gathered


class _Gather(torch.autograd.Function):

    @staticmethod
    def forward(ctx, rows: Tensor) -> Tensor:
        return torch.cat(_all_gather(rows))

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        gradient = gradient.contiguous()
        dist.all_reduce(gradient)
        return gradient.chunk(world_size())[rank()]
