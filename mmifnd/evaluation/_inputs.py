"""Features and labels of any form (arrays, tensors, lists) brought into one, with plain errors."""

from collections.abc import Sized
from typing import TypeAlias, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

#: Numbers as a numpy array, a tensor on any device, or a sequence.
ArrayLike: TypeAlias = npt.ArrayLike | Tensor

_INTEGERS = {torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64}


def as_labels(values: ArrayLike, name: str, minimum: int | None = 0) -> np.ndarray:
    """Return labels as an int64 array of shape (N,).

    Args:
        values (array-like): integers, (N,); a numpy array, a tensor on any device, or a sequence.
        name (str): the argument's name, for errors.
        minimum (int, optional): smallest value allowed; None allows every integer.

    Returns:
        numpy.ndarray: int64, (N,).

    Raises:
        ValueError: if ``values`` is empty, not one-dimensional, not of integers, or below ``minimum``.
    """
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    labels = np.asarray(values)
    if labels.ndim != 1:
        raise ValueError(f'{name} has shape {labels.shape}; expected one label per image, (N,)')
    if labels.size == 0:
        raise ValueError(f'{name} is empty; expected one label per image, (N,) with N >= 1')
    if labels.dtype.kind not in 'iu':
        raise ValueError(f'{name} is of type {labels.dtype}; expected integers')
    if minimum is not None and labels.min() < minimum:
        raise ValueError(f'{name} holds {labels.min()}; expected integers >= {minimum}')
    return labels.astype(np.int64)


def as_label_tensor(values: ArrayLike, name: str, minimum: int | None = 0) -> Tensor:
    """Return labels as an int64 tensor of shape (N,), on the device they were on; arguments and errors of :func:`as_labels`."""
    if not isinstance(values, Tensor):
        return torch.from_numpy(as_labels(values, name, minimum))
    if values.ndim != 1 or not values.numel() or values.dtype not in _INTEGERS:
        return torch.from_numpy(as_labels(values, name, minimum))  # says what is wrong
    labels = values.detach().to(torch.int64)
    if minimum is not None and labels.min() < minimum:
        raise ValueError(f'{name} holds {labels.min().item()}; expected integers >= {minimum}')
    return labels


def as_features(values: ArrayLike, name: str, dtype: torch.dtype | None = None) -> Tensor:
    """Return features as a tensor of shape (N, D), in float32 or wider, on the device they were on.

    Args:
        values (array-like): numbers, (N, D).
        name (str): the argument's name, for errors.
        dtype (torch.dtype, optional): type of the result; default: float64 stays, anything else becomes float32.

    Returns:
        Tensor: (N, D), without a gradient.

    Raises:
        ValueError: if ``values`` is empty, not two-dimensional, or not finite.
    """
    features = torch.as_tensor(values).detach()
    if features.ndim != 2 or features.numel() == 0:
        raise ValueError(f'{name} has shape {tuple(features.shape)}; expected (N, D) with N >= 1 and D >= 1')
    features = features.to(dtype or torch.promote_types(features.dtype, torch.float32))
    if not features.isfinite().all():
        raise ValueError(f'{name} holds NaN or infinity; expected finite features')
    return features


def as_numbers(values: ArrayLike, name: str) -> np.ndarray:
    """Return finite numbers, one per image, as a float64 array of shape (N,).

    Raises:
        ValueError: if ``values`` is empty, not one-dimensional, or not finite.
    """
    numbers = np.asarray(values.detach().cpu() if isinstance(values, Tensor) else values, dtype=np.float64)
    if numbers.ndim != 1 or numbers.size == 0:
        raise ValueError(f'{name} has shape {numbers.shape}; expected one number per image, (N,) with N >= 1')
    if not np.isfinite(numbers).all():
        raise ValueError(f'{name} holds NaN or infinity; expected finite numbers')
    return numbers


def as_array(values: ArrayLike, name: str) -> np.ndarray:
    """Return features as a float64 array (N, D) on the host; raises what :func:`as_features` raises."""
    return as_features(values, name, dtype=torch.float64).cpu().numpy()


def check_same_length(first: ArrayLike, first_name: str, second: ArrayLike, second_name: str) -> None:
    """Raise a ValueError unless both arguments describe the same number of images."""
    sizes = len(cast(Sized, first)), len(cast(Sized, second))
    if sizes[0] != sizes[1]:
        raise ValueError(f'{first_name} has {sizes[0]} entries but {second_name} has {sizes[1]}; '
                         'expected one of each per image, in the same order')


def check_same_width(train_features: Tensor | np.ndarray, features: Tensor | np.ndarray) -> None:
    """Raise a ValueError unless training and evaluated features have the same dimension."""
    if train_features.shape[1] != features.shape[1]:
        raise ValueError(f'features have {features.shape[1]} dimensions but train_features have '
                         f'{train_features.shape[1]}; take both from the same layer of the same encoder')
