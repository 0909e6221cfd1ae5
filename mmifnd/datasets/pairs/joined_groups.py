"""Groups of items that share something, directly or through others."""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np


def joined_groups(keys: Sequence[Iterable[Hashable]]) -> np.ndarray:
    """Number the items by what they share: items with a key in common, or joined by a chain of such, are one group.

    Args:
        keys (Sequence): the keys of each item, any number of them.

    Returns:
        np.ndarray: int64 (N,), groups counted from 0 in the order of their first item.

    Example:
        >>> joined_groups([['a'], ['b', 'c'], ['a'], ['c'], []])
        array([0, 1, 0, 1, 2])
    """
    parent = list(range(len(keys)))
    first: dict[Hashable, int] = {}
    for item, of_item in enumerate(keys):
        for key in of_item:
            one, other = _root(parent, first.setdefault(key, item)), _root(parent, item)
            parent[max(one, other)] = min(one, other)
    numbers: dict[int, int] = {}
    return np.array([numbers.setdefault(_root(parent, item), len(numbers)) for item in range(len(keys))], dtype=np.int64)


def _root(parent: list[int], item: int) -> int:
    while parent[item] != item:
        parent[item] = item = parent[parent[item]]
    return item
