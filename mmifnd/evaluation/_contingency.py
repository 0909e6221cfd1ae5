"""The contingency table of two partitions, counted on the device of the labels."""

from typing import NamedTuple

import numpy as np
from torch import Tensor


class Cells(NamedTuple):
    """The non-empty cells of a contingency table, and the sizes of all parts; int64, in host memory.

    Attributes:
        rows (np.ndarray): number of each cell's part of the first partition, (n,), in [0, R).
        columns (np.ndarray): that of the second partition, (n,), in [0, C).
        sizes (np.ndarray): images in each cell, (n,), at least 1.
        row_sizes (np.ndarray): images in each part of the first partition, (R,).
        column_sizes (np.ndarray): images in each part of the second partition, (C,).
    """

    rows: np.ndarray
    columns: np.ndarray
    sizes: np.ndarray
    row_sizes: np.ndarray
    column_sizes: np.ndarray


def contingency(first: Tensor, second: Tensor) -> Cells:
    """Count the images of each pair of parts.

    Args:
        first, second (Tensor): part of each image, int64, (N,); on one device. Parts are numbered in ascending order.
    """
    _, row, row_sizes = first.unique(return_inverse=True, return_counts=True)
    _, column, column_sizes = second.unique(return_inverse=True, return_counts=True)
    width = max(len(column_sizes), 1)
    cells, sizes = (row * width + column).unique(return_counts=True)
    cells, sizes, row_sizes, column_sizes = (values.cpu().numpy() for values in (cells, sizes, row_sizes, column_sizes))
    return Cells(cells // width, cells % width, sizes, row_sizes, column_sizes)
