"""Small pictures of images, read one by one when they are drawn."""

import numpy as np

from mmifnd.datasets.image_data import Images, image_dataset


class Thumbnails:
    """Looks to figures like an array of images, uint8 (N, C, H, W), and reads the image that is asked for.

    Args:
        data: a folder, an array, or the config of a data set.
        size (int): side of those that come from files.
    """

    ndim, dtype = 4, np.dtype(np.uint8)

    def __init__(self, data: Images, size: int = 96) -> None:
        self.dataset = image_dataset(data, pipeline=[
            dict(type='LoadImageFromFile'), dict(type='ResizeEdge', scale=size, edge='short', backend='pillow'),
            dict(type='CenterCrop', crop_size=size), dict(type='PackInputs')])
        self.shape = (len(self.dataset), *self[0].shape)

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> np.ndarray:
        image = self.dataset[int(index)]['inputs'].numpy()
        return image if self.dataset.in_tensors else image[::-1]  # mmcv reads BGR
