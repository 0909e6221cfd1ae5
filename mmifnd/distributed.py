"""Ranks, and what they exchange: the one home of collectives. It needs ``torch.distributed`` only.

Without an initialised process group each function works for a run of one process. Every rank must call a collective. Tensors
on the host travel through the current GPU if the backend is NCCL, which cannot send them itself.
"""

import sys
from datetime import timedelta
from typing import Any, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn

#: Seconds that ranks wait for one that works alone, such as a clustering.
PATIENCE = 14400.
REDUCTIONS = ('sum', 'mean', 'min', 'max')


def world_size() -> int:
    """The number of processes of the run; 1 without torch.distributed."""
    return dist.get_world_size() if _is_initialized() else 1


def rank() -> int:
    """The number of this process; 0 without torch.distributed."""
    return dist.get_rank() if _is_initialized() else 0


def is_main() -> bool:
    """Whether this process is rank 0, which alone writes files and logs."""
    return rank() == 0


# --- tensors ------------------------------------------------------------------------------------------------------------


def gather_with_gradient(rows: Tensor) -> Tensor:
    """Rows of all ranks in rank order, (W * B, ...); the gradient of each row is the sum over all ranks' losses.

    With the mean over local anchors as loss, and DDP's mean over ranks, the gradient equals that of one process.
    """
    return rows if world_size() == 1 else _Gather.apply(rows)


@torch.no_grad()
def gather(rows: Tensor) -> Tensor:
    """Rows of all ranks in rank order, (W * B, ...), on the device of ``rows`` and without gradient; B is the same on all."""
    return rows.detach() if world_size() == 1 else _all_gather(rows.detach())


@torch.no_grad()
def gather_together(*columns: Tensor) -> tuple[Tensor, ...]:
    """What :func:`gather` gives for each of several tensors with equally many rows, in one exchange of their bytes.

    Example:
        >>> gather_together(torch.tensor([3, 4]), torch.tensor([True, False]))
        (tensor([3, 4]), tensor([ True, False]))
    """
    if world_size() == 1:
        return tuple(column.detach() for column in columns)
    rows = [column.detach().reshape(len(column), -1).contiguous().view(torch.uint8) for column in columns]
    parts = _all_gather(torch.cat(rows, dim=1)).split([row.shape[1] for row in rows], dim=1)
    return tuple(part.contiguous().view(column.dtype).reshape(-1, *column.shape[1:])
                 for part, column in zip(parts, columns, strict=True))


@torch.no_grad()
def exchange(rows: Tensor, sent: list[int], received: list[int]) -> Tensor:
    """Send some of ``rows`` to each rank, and return what all ranks send here, in rank order.

    Args:
        rows (Tensor): those for rank 0 first, (sum of ``sent``, ...).
        sent (list[int]): how many are for each rank.
        received (list[int]): how many each rank has for this one.
    """
    if world_size() == 1:
        return rows.detach()
    own = _on_carrier(rows.detach())
    others = own.new_empty(sum(received), *own.shape[1:])
    dist.all_to_all_single(others, own, received, sent)
    return others.to(rows.device)


@torch.no_grad()
def all_reduce(tensor: Tensor, operation: str = 'sum', group: dist.ProcessGroup | None = None) -> Tensor:
    """Reduce ``tensor`` over all ranks, in place, and return it.

    Args:
        operation (str): ``'sum'``, ``'mean'``, ``'min'`` or ``'max'``.
        group (ProcessGroup, optional): a group of all ranks with another backend; the default group if None.

    Raises:
        ValueError: if the operation is unknown, or a mean is to be written into integers.
    """
    if operation not in REDUCTIONS:
        raise ValueError(f'operation={operation!r} of all_reduce is unknown; choose one of {", ".join(REDUCTIONS)}')
    if operation == 'mean' and not tensor.is_floating_point():
        raise ValueError(f'a mean of {tensor.dtype} cannot be kept in place; reduce a floating-point tensor')
    if world_size() == 1:
        return tensor
    values = _on_carrier(tensor, group)
    dist.all_reduce(values, _OPERATIONS.get(operation, dist.ReduceOp.SUM), group)
    if operation == 'mean':
        values = values / world_size()
    return tensor if values is tensor else tensor.copy_(values)


@torch.no_grad()
def any_rank(flags: Tensor) -> Tensor:
    """The flags, bool, that are set on at least one rank, on every rank."""
    counts = flags.int()
    all_reduce(counts)
    return counts > 0


def broadcast(tensor: Tensor, source: int = 0) -> Tensor:
    """Overwrite ``tensor`` with that of rank ``source``, in place, and return it."""
    if world_size() == 1:
        return tensor
    values = _on_carrier(tensor)
    dist.broadcast(values, source)
    return tensor if values is tensor else tensor.copy_(values)


# --- plain values -------------------------------------------------------------------------------------------------------


def gather_objects(value: Any) -> list[Any]:
    """The picklable ``value`` of each rank, in rank order."""
    if world_size() == 1:
        return [value]
    values = [None] * world_size()
    dist.all_gather_object(values, value)
    return values


def gather_objects_on_main(value: Any) -> list[Any] | None:
    """The picklable ``value`` of each rank on rank 0, in rank order; None on the others."""
    if world_size() == 1:
        return [value]
    values: list[Any] | None = [None] * world_size() if is_main() else None
    dist.gather_object(value, values)
    return values


def broadcast_object(value: Any, source: int = 0) -> Any:
    """The picklable ``value`` of rank ``source``, on every rank."""
    if world_size() == 1:
        return value
    values = [value]
    dist.broadcast_object_list(values, source)
    return values[0]


# --- waiting ------------------------------------------------------------------------------------------------------------


def wait_for_all(seconds: float = PATIENCE) -> None:
    """Wait until every rank has come here, also where one of them has more to do than the timeout of collectives allows.

    Raises:
        RuntimeError: if a rank has not come after ``seconds``; the message names it.
    """
    if world_size() > 1:
        dist.monitored_barrier(_host_group() or dist.group.WORLD, timedelta(seconds=seconds))


def _host_group() -> dist.ProcessGroup | None:
    """A group of all ranks that talks on the host; it is made once for each default group."""
    if dist.get_backend() == 'gloo':
        return None
    default = dist.group.WORLD
    if _HOST_GROUPS.get('default') is not default:
        _HOST_GROUPS.update(default=default, host=dist.new_group(backend='gloo'))
    return _HOST_GROUPS['host']


# --- models -------------------------------------------------------------------------------------------------------------


def unwrap(model: nn.Module) -> nn.Module:
    """The model inside a wrapper of torch.nn.parallel or torch.distributed.fsdp; the model itself if it has none."""
    wrappers = (nn.DataParallel, nn.parallel.DistributedDataParallel)
    fsdp = sys.modules.get('torch.distributed.fsdp')  # whoever wraps with it has imported it
    is_wrapped = isinstance(model, (*wrappers, *([fsdp.FullyShardedDataParallel] if fsdp else ())))
    return cast(nn.Module, model.module) if is_wrapped else model


_HOST_GROUPS: dict[str, 'dist.ProcessGroup | None'] = {}
_OPERATIONS = dict(min=dist.ReduceOp.MIN, max=dist.ReduceOp.MAX) if dist.is_available() else {}


def _is_initialized() -> bool:
    return dist.is_available() and dist.is_initialized()


def _on_carrier(tensor: Tensor, group: dist.ProcessGroup | None = None) -> Tensor:
    """``tensor``, contiguous and on a device that the backend can send from."""
    is_stranded = tensor.device.type == 'cpu' and dist.get_backend(group) == 'nccl'
    return (tensor.cuda() if is_stranded else tensor).contiguous()


def _all_gather(rows: Tensor) -> Tensor:
    local_rows = _on_carrier(rows)
    gathered = [torch.empty_like(local_rows) for _ in range(world_size())]
    dist.all_gather(gathered, local_rows)
    return torch.cat(gathered).to(rows.device)


class _Gather(torch.autograd.Function):

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        return _all_gather(rows)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        total = all_reduce(gradient.clone(memory_format=torch.contiguous_format))  # others may hold the same gradient
        return total.chunk(world_size())[rank()]
