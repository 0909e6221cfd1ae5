"""Kinds of values in a checkpoint: what is plain, what can replace what, and how a message shows it."""

from typing import Any

import torch
from torch import Tensor

#: Bits of the whole numbers that messages write out.
_BITS = 200
#: Options and rates are smaller; NaN is not.
_LARGEST = 1e100


def is_plain(value: Any, depth: int = 4) -> bool:
    """Whether a value is plain, or lists and dicts of plain values in one another, at most ``depth`` of them."""
    if isinstance(value, (list, tuple, dict)):
        items = value.values() if isinstance(value, dict) else value
        return depth > 0 and all(is_plain(item, depth - 1) for item in items)
    return isinstance(value, (str, int, float, Tensor, type(None)))


def fits(value: Any, parameter: Tensor) -> bool:
    """Whether a value can belong to an optimizer's state of a parameter: one number, or numbers of its shape."""
    if not isinstance(value, Tensor):
        return isinstance(value, (int, float, type(None)))
    is_real = value.is_floating_point() or not value.is_complex() and value.dim() == 0
    return is_real and value.shape in ((), parameter.shape)


def kind_of(value: Tensor) -> str:
    """What the elements of a tensor are, in words."""
    if value.dtype == torch.bool:
        return 'truth values'
    return 'complex numbers' if value.is_complex() else 'floats' if value.is_floating_point() else 'whole numbers'


def is_of_kind(value: Any, own: Any) -> bool:
    """Whether a value of a checkpoint can replace ``own``, what this run has in its place."""
    if own is None or isinstance(own, Tensor) or isinstance(value, Tensor):
        return isinstance(value, (int, float, Tensor, list, tuple, str, type(None)))
    if isinstance(own, bool):
        return isinstance(value, (bool, type(None)))
    if isinstance(own, (int, float)):
        return type(value) in (int, float) and abs(value) < _LARGEST
    if isinstance(own, (list, tuple)):
        fits_length = isinstance(value, (list, tuple)) and (not own or len(value) == len(own))
        return fits_length and all(is_of_kind(item, own[0]) for item in value if own)
    if isinstance(own, dict):  # a Counter of milestones is a plain dict in a checkpoint
        return isinstance(value, dict) and all(isinstance(part, (int, float)) for pair in value.items() for part in pair)
    return isinstance(value, type(own))


def described(value: Any) -> str:
    """A value in at most 120 characters; what could be long, or a list that holds itself, is never written out."""
    if isinstance(value, Tensor):
        return f'a tensor {tuple(value.shape)} of {str(value.dtype).removeprefix("torch.")}'
    if isinstance(value, int) and value.bit_length() > _BITS:
        return f'a number of {value.bit_length()} bits'
    if not isinstance(value, (str, int, float, type(None))):
        return f'a {type(value).__name__} of other parts'
    return ' '.join(str(value).split())[:120]
