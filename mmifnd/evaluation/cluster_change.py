"""The share of images that change their cluster from one clustering to the next."""

import numpy as np
from scipy.sparse import coo_array, csr_array, hstack
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from ._contingency import contingency
from ._inputs import ArrayLike, as_label_tensor, check_same_length


def cluster_change(before: ArrayLike, after: ArrayLike) -> float:
    """The share of images whose cluster changed, however the clusters are numbered.

    The clusters of both assignments are matched one to one so that as many images as possible stay (Kuhn 1955); the others
    have changed. Time and memory grow with the non-empty cells of the contingency table, at most N.

    Args:
        before (array-like): cluster of each image, integers, (N,); negative for an image that took no part.
        after (array-like): the same for the next clustering, (N,). Pairs are counted on its device.

    Returns:
        float: in [0, 1], of the images that took part in both; nan if none did.

    Raises:
        ValueError: if the lengths differ, or an argument is empty or not of integers.

    Example:
        >>> cluster_change([0, 0, 1, 1], [7, 7, 7, 3])
        0.25
    """
    before, after = as_label_tensor(before, 'before', minimum=None), as_label_tensor(after, 'after', minimum=None)
    check_same_length(before, 'before', after, 'after')
    before = before.to(after.device)
    both = (before >= 0) & (after >= 0)
    if not both.any():
        return float('nan')
    table = contingency(before[both], after[both])
    together = coo_array((table.sizes.astype(np.float64), (table.rows, table.columns))).tocsr()
    return 1. - _most_that_stay(together) / int(table.sizes.sum())


def _most_that_stay(together: csr_array) -> float:
    """The largest sum of cells of which no two share a row or column."""
    rows, _ = together.shape
    # Each row also gets its own column, which means "not matched". The solver requires positive weights.
    bound = together.max() + 1
    cost = together.copy()
    cost.data = bound - cost.data
    alone = coo_array((np.full(rows, bound), (np.arange(rows), np.arange(rows))))
    graph = hstack([cost, alone]).tocsr()
    return float(rows * bound - graph[min_weight_full_bipartite_matching(graph)].sum())
