"""Data sets with the same images and another pipeline."""

import copy
from collections.abc import Sequence

from mmengine.dataset import BaseDataset, Compose
from torch.utils.data import ConcatDataset

from .building import build_transform
from .sample_index import children_of
from .tensor_images import TensorImages


def with_pipeline(dataset, pipeline: Sequence[dict]):
    """A view of a data set whose images go through ``pipeline``.

    Annotations are shared, not read again; the data set itself stays as it is.

    Args:
        dataset: data set, possibly nested; see :func:`mmifnd.datasets.trace_origin`.
        pipeline (Sequence[dict]): transforms, such as a centre crop and ``PackInputs``. Images in a tensor have none.

    Raises:
        ValueError: if a data set has no pipeline that could be replaced.
    """
    transforms = Compose([build_transform(step) for step in pipeline])
    return _copy(dataset, transforms, {})


def _copy(dataset, transforms: Compose, copies: dict):
    """``copies`` by identity: one data set that occurs twice must remain one."""
    if id(dataset) in copies:
        return copies[id(dataset)]
    children = children_of(dataset)
    if children is None and isinstance(dataset, TensorImages):
        return dataset
    if children is None and not isinstance(dataset, BaseDataset):
        raise ValueError(f'{type(dataset).__name__} has no pipeline to replace; use a data set of mmpretrain')
    twin = copies[id(dataset)] = copy.copy(dataset)
    if children is None:
        twin.pipeline = transforms
    elif isinstance(dataset, ConcatDataset):
        twin.datasets = [_copy(child, transforms, copies) for child in children]
    else:
        twin.dataset = _copy(children[0], transforms, copies)
    return twin
