"""Cosine similarities of many rows with many columns, a bounded number at a time."""

from collections.abc import Iterator

import torch

MAX_SIMILARITIES = 2**25  # in memory at once: 128 MiB in float32


def chunks(num_rows: int, num_columns: int) -> Iterator[slice]:
    """Slices of the rows, so that a chunk has at most :data:`MAX_SIMILARITIES` similarities, or one row."""
    size = max(1, MAX_SIMILARITIES // num_columns)
    for start in range(0, num_rows, size):
        yield slice(start, min(start + size, num_rows))


def tie_margin(dtype: torch.dtype) -> float:
    """Two cosine similarities that differ by no more are a tie: 8 units of rounding at 1.

    Equal vectors have similarities that differ in the last digit, as a matrix product sums in another order at its edge.
    """
    return 8 * torch.finfo(dtype).eps
