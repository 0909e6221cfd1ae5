"""Features and labels as they come (arrays, tensors, lists) brought into one form, with plain errors."""

import numpy as np
import torch


def as_labels(values, name, minimum=0):
    """Labels as an int64 array of shape (N,).

    Args:
        values (array-like): integers, (N,); a numpy array, a tensor on any device, or a sequence.
        name (str): the argument's name, for errors.
        minimum (int, optional): smallest value allowed; None allows every integer.

    Returns:
        numpy.ndarray: int64, (N,).

    Raises:
        ValueError: where ``values`` is empty, not one-dimensional, not of integers, or below ``minimum``.
    """
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu().numpy()
    labels = np.asarray(values)
    if labels.ndim != 1:
        raise ValueError(f'{name} has shape {labels.shape}; expected one label an image, (N,)')
    if labels.size == 0:
        raise ValueError(f'{name} is empty; expected one label an image, (N,) with N >= 1')
    if labels.dtype.kind not in 'iu':
        raise ValueError(f'{name} is of type {labels.dtype}; expected integers')
    if minimum is not None and labels.min() < minimum:
        raise ValueError(f'{name} holds {labels.min()}; expected integers >= {minimum}')
    return labels.astype(np.int64)


def as_features(values, name, dtype=None):
    """Features as a tensor of shape (N, D), in float32 or wider, on the device they were on.

    Args:
        values (array-like): numbers, (N, D).
        name (str): the argument's name, for errors.
        dtype (torch.dtype, optional): type of the result; without it, float64 stays and the rest becomes float32.

    Returns:
        Tensor: (N, D), without a gradient.

    Raises:
        ValueError: where ``values`` is empty, not two-dimensional, or not finite.
    """
    features = torch.as_tensor(values).detach()
    if features.ndim != 2 or features.numel() == 0:
        raise ValueError(f'{name} has shape {tuple(features.shape)}; expected (N, D) with N >= 1 and D >= 1')
    features = features.to(dtype or torch.promote_types(features.dtype, torch.float32))
    if not features.isfinite().all():
        raise ValueError(f'{name} holds NaN or infinity; expected finite features')
    return features


def as_numbers(values, name):
    """Finite numbers, one an image, as a float64 array of shape (N,).

    Raises:
        ValueError: where ``values`` is empty, not one-dimensional, or not finite.
    """
    numbers = np.asarray(values.detach().cpu() if isinstance(values, torch.Tensor) else values, dtype=np.float64)
    if numbers.ndim != 1 or numbers.size == 0:
        raise ValueError(f'{name} has shape {numbers.shape}; expected one number an image, (N,) with N >= 1')
    if not np.isfinite(numbers).all():
        raise ValueError(f'{name} holds NaN or infinity; expected finite numbers')
    return numbers


def as_array(values, name):
    """Features as a float64 array (N, D) on the host; errors of :func:`as_features`."""
    return as_features(values, name, dtype=torch.float64).cpu().numpy()


def check_same_length(first, first_name, second, second_name):
    """Raise a ValueError unless both arguments describe the same number of images."""
    if len(first) != len(second):
        raise ValueError(f'{first_name} has {len(first)} entries but {second_name} has {len(second)}; '
                         'expected one of each an image, in the same order')


def check_same_width(train_features, features):
    """Raise a ValueError unless training and evaluated features have the same dimension."""
    if train_features.shape[1] != features.shape[1]:
        raise ValueError(f'features have {features.shape[1]} dimensions but train_features have '
                         f'{train_features.shape[1]}; take both from the same layer of the same encoder')
