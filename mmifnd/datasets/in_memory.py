"""Any mmpretrain data set of small images, loaded into one tensor."""

import numpy as np
import torch
from torch import Tensor

from mmifnd.registry import DATASETS

from .building import build_dataset
from .group_files import read_group_array
from .tensor_images import TensorImages


@DATASETS.register_module()
class InMemoryImages(TensorImages):
    """The images of a data set that hands them out as arrays, such as mmpretrain's CIFAR10, CIFAR100, MNIST.

    The order of channels stays as it is in the data set: **RGB for mmpretrain's CIFAR** (unlike images that its
    pipelines decode from files, which are BGR). The pipeline of the data set is not used.

    Args:
        dataset (dict | Dataset): config or data set whose ``get_data_info(i)`` has 'img': uint8 (H, W) or (H, W, C).
        groups (str | None): ``.npy`` file of the groups, see :class:`TensorImages`.

    Raises:
        ValueError: if the data set has no arrays, or images of different sizes.
    """

    def __init__(self, dataset, groups: str | None = None) -> None:
        dataset = build_dataset(dataset)
        dataset.full_init()
        infos = [dataset.get_data_info(i) for i in range(len(dataset))]
        name = type(dataset).__name__
        if not infos or 'img' not in infos[0]:
            raise ValueError(f'{name} has no images as arrays; InMemoryImages is for data such as CIFAR10, not files')
        labels = [info.get('gt_label') for info in infos]
        super().__init__(
            _stack([np.asarray(info['img']) for info in infos], name),
            None if any(label is None for label in labels) else torch.tensor([int(label) for label in labels]),
            dataset.metainfo.get('classes'), read_group_array(groups, len(infos)))


def _stack(arrays: list[np.ndarray], name: str) -> Tensor:
    """uint8 (N, C, H, W) of arrays (H, W) or (H, W, C)."""
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1:
        raise ValueError(f'{name} has images of {len(shapes)} sizes, such as {sorted(shapes)[:2]}; one size is needed')
    images = torch.from_numpy(np.stack(arrays))
    return images.unsqueeze(1) if images.ndim == 3 else images.permute(0, 3, 1, 2)
