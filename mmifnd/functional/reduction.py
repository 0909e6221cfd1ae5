"""The sums over all processes that a formula asks for if its rows are spread over them."""

from collections.abc import Callable

from torch import Tensor

#: A function of a tensor and ``'sum'``, ``'max'`` or ``'min'`` that reduces over all processes, to the same bits on each.
Reduce = Callable[[Tensor, str], Tensor]


def of_one_process(tensor: Tensor, operation: str) -> Tensor:
    """Return the tensor itself: the reduction of a single process."""
    return tensor
