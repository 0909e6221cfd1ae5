"""The shapes, types and ranges that the formulas require."""

import torch
from torch import Tensor

from mmifnd.checks import check_divisor, check_inside


def check_pair(positive: Tensor, negative: Tensor) -> None:
    """Refuse similarities that are not (A, 1) and (A, C)."""
    if positive.dim() != 2 or negative.dim() != 2 or positive.shape != (len(negative), 1):
        raise ValueError(f'positive and negative have shapes {tuple(positive.shape)} and {tuple(negative.shape)}; '
                         'expected (A, 1) and (A, C)')


def check_false_negative(false_negative: Tensor, negative: Tensor) -> None:
    """Refuse a mask that is not bool, or neither (A, C) nor (G, A, C) with G >= 1."""
    if false_negative.dtype != torch.bool:
        raise ValueError(f'false_negative must be a bool tensor, got {false_negative.dtype}; compare or cast it first')
    is_stacked = false_negative.dim() == 3 and len(false_negative) > 0
    if not (is_stacked or false_negative.dim() == 2) or false_negative.shape[-2:] != negative.shape:
        raise ValueError(f'false_negative has shape {tuple(false_negative.shape)}; expected {tuple(negative.shape)} '
                         f'or (G, {negative.shape[0]}, {negative.shape[1]}) with G >= 1')


def check_rows(name: str, values: Tensor, num_rows: int, what: str = 'row') -> None:
    """Refuse a tensor that has not one number per row, (R,)."""
    if values.shape != (num_rows,):
        raise ValueError(f'{name} have shape {tuple(values.shape)}; expected ({num_rows},), one per {what}')


def check_same_dimension(first_name: str, first: Tensor, second_name: str, second: Tensor) -> None:
    """Refuse two sets of vectors that are not (R, D) and (S, D)."""
    if first.dim() != 2 or second.dim() != 2 or first.shape[1] != second.shape[1]:
        raise ValueError(f'{first_name} and {second_name} have shapes {tuple(first.shape)} and {tuple(second.shape)}; '
                         'expected two dimensions, and vectors of the same length')


def check_temperature(temperature: float | Tensor, remedy: str = 'usual values are 0.07 to 1') -> None:
    """Refuse a number by which similarities cannot be divided; the value of a tensor would have to be waited for."""
    if not isinstance(temperature, Tensor):
        check_divisor('temperature', temperature, remedy=remedy)


def check_alpha(alpha: float) -> None:
    """Refuse a share outside (0, 1)."""
    check_inside('alpha', alpha, 0, 1, 'neither',
                 remedy='it is the share of negatives that are false, such as 0.01 for 100 balanced classes')
