"""Targets of images that have several labels, as PASCAL VOC's have."""

import torch
from torch import Tensor

from mmifnd.datasets import IndexedDataset


def targets_of(dataset: IndexedDataset) -> Tensor | None:
    """1 where a class is in the image, 0 where only objects marked as difficult are, -1 elsewhere: int8 (N, K).

    Args:
        dataset: an ``evaluation_view``, whose images have lists of labels, and of ``gt_label_difficult`` where they say so.

    Returns:
        Tensor | None: None where images have one label or none, or the classes are not named.
    """
    classes = dataset.metainfo.get('classes')
    if dataset.in_tensors or not classes or dataset.labels() is not None:
        return None
    infos = [dataset.dataset.get_data_info(position) for position in range(len(dataset))]
    if not all(isinstance(info.get('gt_label'), (list, tuple)) for info in infos):
        return None
    targets = torch.full((len(infos), len(classes)), -1, dtype=torch.int8)
    for row, info in zip(targets, infos):
        row[list(info.get('gt_label_difficult') or [])] = 0
        row[list(info['gt_label'])] = 1
    return targets
