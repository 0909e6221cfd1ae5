"""Random numbers that are a function of counters: no generator, no state, no order of calls.

A draw is named by the numbers that it belongs to, such as (seed, epoch, sample index, view, draw). It is therefore the same
for any batch, any number of processes and after a resume. The mixing is the finaliser of splitmix64 (Steele, Lea,
Flood: Fast Splittable Pseudorandom Number Generators, 2014), folded over the counters. Not for cryptography.
"""

import math
from typing import cast

import torch
from torch import Tensor

# Odd constants of splitmix64, written as signed 64-bit numbers: torch has no arithmetic on uint64.
_GAMMA = 0x9E3779B97F4A7C15 - (1 << 64)
_FACTORS = (0xBF58476D1CE4E5B9 - (1 << 64), 0x94D049BB133111EB - (1 << 64))
_SIGNIFICANT_BITS = {torch.float64: 53, torch.float32: 24, torch.float16: 11, torch.bfloat16: 8}


def _wrap(z: int | Tensor) -> int | Tensor:
    """Wrap an integer into signed 64 bits; an int64 tensor has wrapped already."""
    return z if isinstance(z, Tensor) else ((z + (1 << 63)) & ((1 << 64) - 1)) - (1 << 63)


def _unsigned_shift(z: int | Tensor, bits: int) -> int | Tensor:
    """Shift right and fill with zeros; the shift of a signed number fills with its sign."""
    return (z >> bits) & ((1 << (64 - bits)) - 1)


def _mix(z: int | Tensor) -> int | Tensor:
    """Apply a bijection of 64 bits in which each input bit flips about half of the output bits; a tensor is overwritten."""
    if isinstance(z, Tensor):
        for bits, factor in zip((30, 27), _FACTORS):
            z.bitwise_xor_((z >> bits).bitwise_and_((1 << (64 - bits)) - 1)).mul_(factor)
        return z.bitwise_xor_((z >> 31).bitwise_and_((1 << 33) - 1))
    z = _wrap((z ^ _unsigned_shift(z, 30)) * _FACTORS[0])
    z = _wrap((z ^ _unsigned_shift(z, 27)) * _FACTORS[1])
    return z ^ _unsigned_shift(z, 31)


def _checked(counter: int | Tensor) -> int | Tensor:
    if isinstance(counter, Tensor):
        if counter.is_floating_point() or counter.is_complex():
            raise TypeError(f'a counter must be an integer, got a tensor of {counter.dtype}')
        return counter.long()
    return _wrap(int(counter))


def counter_hash(*counters: int | Tensor) -> Tensor:
    """Hash counters to 64 random bits.

    Python integers that come before the first tensor cost no tensor operation, so name those first. No host
    synchronisation on any device.

    Args:
        *counters (int | Tensor): integers, or integer tensors whose shapes broadcast; the order counts. A 0-d tensor on
            the CPU combines with tensors on any device.

    Returns:
        Tensor: int64 in the broadcast shape of the counters; 0-d on the CPU if all are Python integers.

    Raises:
        TypeError: if a tensor is not of integers.

    Example:
        >>> counter_hash(7, torch.arange(3)).equal(torch.stack([counter_hash(7, i) for i in range(3)]))
        True
    """
    state: int | Tensor = len(counters)
    for counter in counters:
        state = _mix(_wrap(_wrap(state + _GAMMA) + _checked(counter)))  # sums are new, so that they may be overwritten
    return state if isinstance(state, Tensor) else torch.tensor(state, dtype=torch.int64)


def _to_uniform(bits: Tensor, dtype: torch.dtype) -> Tensor:
    if dtype not in _SIGNIFICANT_BITS:
        raise TypeError(f'dtype={dtype} is not a floating-point type of {sorted(map(str, _SIGNIFICANT_BITS))}')
    kept = _SIGNIFICANT_BITS[dtype]
    return cast(Tensor, _unsigned_shift(bits, 64 - kept)).to(dtype).mul_(2.0**-kept)


def counter_uniform(*counters: int | Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Draw uniform numbers in [0, 1) from :func:`counter_hash` of the same counters; 1 itself never occurs in any ``dtype``.

    Args:
        *counters (int | Tensor): as in :func:`counter_hash`.
        dtype (torch.dtype): a floating-point type.

    Returns:
        Tensor: of ``dtype``, in the broadcast shape of the counters.

    Raises:
        TypeError: if a counter is not of integers, or ``dtype`` is no floating-point type.

    Example:
        >>> counter_uniform(0, torch.arange(3))
        tensor([0.3922, 0.8767, 0.5801])
    """
    return _to_uniform(counter_hash(*counters), dtype)


def counter_normal(*counters: int | Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Draw standard normal numbers (Box-Muller) from the hash of the counters and from the hash of that hash.

    Args:
        *counters (int | Tensor): as in :func:`counter_hash`.
        dtype (torch.dtype): float32 or float64.

    Returns:
        Tensor: of ``dtype``, in the broadcast shape of the counters; finite.

    Raises:
        TypeError: if a counter is not of integers, or ``dtype`` is no floating-point type.

    Example:
        >>> counter_normal(0, torch.arange(3))
        tensor([ 0.9979,  0.2363, -0.4165])
    """
    bits = counter_hash(*counters)
    radius = (1 - _to_uniform(bits, dtype)).log_().mul_(-2).sqrt_()
    return _to_uniform(counter_hash(bits), dtype).mul_(2 * math.pi).cos_().mul_(radius)
