"""Which image stands at each position of a data set, through any nesting of wrappers."""

from dataclasses import dataclass

import numpy as np
import torch.utils.data as torch_data
from mmengine.dataset import ClassBalancedDataset, RepeatDataset
from mmpretrain.datasets import KFoldDataset

from .leaf_files import RealPaths, leaf_path
from .said import say_once
from .subset import SubsetDataset
from .text_files import shown


@dataclass(frozen=True)
class Origin:
    """The origin of each of N positions of a data set.

    Attributes:
        leaves (list): the data sets that hold images, each object once, in the order of first occurrence.
        leaf (np.ndarray): int64 (N,), which of the leaves.
        position (np.ndarray): int64 (N,), the position in that leaf.
    """

    leaves: list
    leaf: np.ndarray
    position: np.ndarray

    def __getitem__(self, positions: np.ndarray) -> 'Origin':
        """The origin of some positions only; all leaves are kept."""
        return Origin(self.leaves, self.leaf[positions], self.position[positions])


def trace_origin(dataset) -> Origin:
    """Follow each position of ``dataset`` through the wrappers down to the data set that holds the image.

    Looks through mmengine's ConcatDataset, RepeatDataset and ClassBalancedDataset, mmpretrain's KFoldDataset, torch's
    Subset and ConcatDataset, and :class:`SubsetDataset`. Any other data set counts as one that holds its images itself.

    Raises:
        ValueError: if a data set is iterable only or has no length, hence no indices.
    """
    leaves = []
    rows = _trace(dataset, leaves)
    return Origin(leaves, rows[:, 0], rows[:, 1])


def sample_index(dataset) -> np.ndarray:
    """The stable global index of the image at each position of a data set.

    One image has one index wherever it stands: repeated, oversampled, named twice in a subset or a list, or linked. Indices
    are compact and count the images in the order of their first occurrence, so a plain data set has 0, 1, ..., N - 1.

    Args:
        dataset: a map-style data set, possibly nested; see :func:`trace_origin`.

    Returns:
        np.ndarray: int64 (len(dataset),), values 0 to ``num_samples - 1``.

    Raises:
        ValueError: if a data set has no indices.

    Example:
        >>> from torch.utils.data import Subset
        >>> sample_index(Subset(range(10), [5, 3, 5]))
        array([0, 1, 0])
    """
    return index_of(trace_origin(dataset))


def index_of(origin: Origin) -> np.ndarray:
    """Compute the :func:`sample_index` from a known origin."""
    offset = np.cumsum([0] + [len(leaf) for leaf in origin.leaves])
    image = offset[origin.leaf] + origin.position
    return _in_order(_of_one_file(origin, _in_order(image)))


def _in_order(keys: np.ndarray) -> np.ndarray:
    """Numbers from 0 for equal keys, in the order of their first occurrence."""
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse.reshape(-1)]


def _of_one_file(origin: Origin, image: np.ndarray) -> np.ndarray:
    """Give images of one real file the number of the first of them, and say so."""
    if len(origin.leaves) == 1 and getattr(origin.leaves[0], 'files_are_distinct', False):
        return image
    real, numbers, example = RealPaths(), {}, ''
    first = np.unique(image, return_index=True)[1]
    same = np.arange(len(first))
    for number, row in enumerate(first.tolist()):
        path = leaf_path(origin.leaves[origin.leaf[row]], int(origin.position[row]))
        if path is not None:
            same[number] = numbers.setdefault(real(path), number)
            example = path if same[number] != number and not example else example
    shared = int((same != np.arange(len(first))).sum())
    if shared:
        say_once(f'{shared} of {len(first)} images are files that the data set has already, such as {shown(example)}: they '
                 'share its index, its label and its group')
    return same[image]


def num_samples(index: np.ndarray) -> int:
    """The number of different images in a :func:`sample_index`."""
    return int(index.max()) + 1 if len(index) else 0


def children_of(dataset) -> list | None:
    """The data sets that a known wrapper wraps; None for a data set that holds its images itself."""
    if isinstance(dataset, torch_data.ConcatDataset):  # mmengine's is a child of torch's
        return list(dataset.datasets)
    if isinstance(dataset, (RepeatDataset, ClassBalancedDataset, KFoldDataset, torch_data.Subset, SubsetDataset)):
        return [dataset.dataset]
    return None


def _trace(dataset, leaves: list) -> np.ndarray:
    """(leaf, position in the leaf) of each position, int64 (N, 2); appends new leaves to ``leaves``."""
    if hasattr(dataset, 'full_init'):
        dataset.full_init()
    length = _length(dataset)
    children = children_of(dataset)
    if children is None:
        number = next((n for n, leaf in enumerate(leaves) if leaf is dataset), len(leaves))
        if number == len(leaves):
            leaves.append(dataset)
        return np.stack([np.full(length, number), np.arange(length)], axis=1).astype(np.int64)
    rows = np.concatenate([_trace(child, leaves) for child in children])
    return rows[_positions_in_child(dataset, length)]


def _positions_in_child(wrapper, length: int) -> np.ndarray:
    """Position in the child of each position of the wrapper."""
    if isinstance(wrapper, RepeatDataset):
        return np.arange(length) % max(len(wrapper.dataset), 1)
    if isinstance(wrapper, ClassBalancedDataset):
        return np.asarray(wrapper.repeat_indices, dtype=np.int64)
    if isinstance(wrapper, (torch_data.Subset, SubsetDataset)):
        return np.asarray(wrapper.indices, dtype=np.int64).reshape(-1) % max(len(wrapper.dataset), 1)
    return np.arange(length)


def _length(dataset) -> int:
    name = type(dataset).__name__
    remedy = 'use a map-style data set, one with __len__ and __getitem__'
    if isinstance(dataset, torch_data.IterableDataset):
        raise ValueError(f'{name} is iterable only, a data set without indices; {remedy}')
    try:
        return len(dataset)
    except (TypeError, NotImplementedError):
        raise ValueError(f'{name} has no length, a data set without indices; {remedy}') from None
