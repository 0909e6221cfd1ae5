"""How a formula whose rows lie on several processes asks for sums over all of them."""

from collections.abc import Callable

from torch import Tensor

#: Takes a tensor and ``'sum'``, ``'max'`` or ``'min'``; gives that of all processes, the same bits on each.
Reduce = Callable[[Tensor, str], Tensor]


def of_one_process(tensor: Tensor, operation: str) -> Tensor:
    """Where there is one process only: the tensor itself."""
    return tensor
