"""How many images changed their cluster from one clustering to the next."""

import numpy as np
from scipy.sparse import coo_array, hstack
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from ._inputs import as_labels, check_same_length


def cluster_change(before, after) -> float:
    """Share of the images whose cluster is another one, whatever the clusters are called.

    The clusters of both assignments are matched one to one so that as many images as possible stay (Kuhn 1955); the other
    images have changed. Time and memory grow with the non-empty cells of the contingency table, at most N.

    Args:
        before (array-like): cluster of each image, integers, (N,); negative for an image that took no part.
        after (array-like): the same of the next clustering, (N,).

    Returns:
        float: in [0, 1], of the images that took part in both; nan where none did.

    Raises:
        ValueError: where the lengths differ, or an argument is empty or not of integers.

    Example:
        >>> cluster_change([0, 0, 1, 1], [7, 7, 7, 3])
        0.25
    """
    before, after = as_labels(before, 'before', minimum=None), as_labels(after, 'after', minimum=None)
    check_same_length(before, 'before', after, 'after')
    both = (before >= 0) & (after >= 0)
    if not both.any():
        return float('nan')
    _, row = np.unique(before[both], return_inverse=True)
    _, column = np.unique(after[both], return_inverse=True)
    together = coo_array((np.ones(len(row)), (row, column))).tocsr()
    together.sum_duplicates()
    return 1. - _most_that_stay(together) / len(row)


def _most_that_stay(together) -> float:
    """The largest sum of cells of which no two share a row or column."""
    rows, _ = together.shape
    # Each row also gets a column of its own, which stands for "matched to nobody". The solver asks for positive weights.
    bound = together.max() + 1
    cost = together.copy()
    cost.data = bound - cost.data
    alone = coo_array((np.full(rows, bound), (np.arange(rows), np.arange(rows))))
    graph = hstack([cost, alone]).tocsr()
    return float(rows * bound - graph[min_weight_full_bipartite_matching(graph)].sum())
