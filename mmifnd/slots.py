"""Sums over the rows that share a key (an image, a label) without waiting for the device."""

import torch
from torch import Tensor


def slots_of(keys: Tensor) -> Tensor:
    """Number the rows so that rows of one key >= 0 share a number, and a row with a negative key has one of its own.

    ``torch.unique`` would wait for the device; the numbers of slots are not known here either.

    Args:
        keys (Tensor): integers, (R,).

    Returns:
        Tensor: int64, (R,), in [0, R).

    Example:
        >>> slots_of(torch.tensor([5, -1, 2, 5, -1])).tolist()
        [3, 0, 2, 3, 1]
    """
    ordered, order = keys.sort(stable=True)
    is_new = ((ordered[1:] != ordered[:-1]) | (ordered[1:] < 0)).long()
    return torch.empty_like(order).scatter_(0, order, torch.cat([torch.zeros_like(order[:1]), is_new]).cumsum(0))


def sum_by_slot(slots: Tensor, values: Tensor) -> Tensor:
    """Replace each row by the sum over the rows of its slot.

    Args:
        slots (Tensor): see :func:`slots_of`, (R,).
        values (Tensor): (R, ...).

    Returns:
        Tensor: (R, ...), the same to the last bit for all rows of a slot, and on every rank.

    Example:
        >>> sum_by_slot(torch.tensor([0, 1, 0]), torch.tensor([1., 2., 3.])).tolist()
        [4.0, 2.0, 4.0]
    """
    # index_put_ accumulates in a fixed order on a GPU, index_add_ does not; ranks must agree to the last bit.
    return torch.zeros_like(values).index_put_((slots,), values, accumulate=True)[slots]
