"""Images that fit into memory as one tensor: a batch is one gather, without a sample object an image."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset


class TensorImages(Dataset):
    """A data set held as one tensor of uint8 images.

    Args:
        images (Tensor): uint8 (N, C, H, W).
        labels (Tensor | None): integers (N,), or None if the images have no labels.
        classes (Sequence[str] | None): names of the labels.
        groups (Sequence[int] | None): the group that each image belongs to, such as its patient or video; integers (N,),
            -1 where it is unknown.

    Raises:
        ValueError: if shapes or types do not fit.
    """

    def __init__(self, images: Tensor, labels: Tensor | None = None, classes: Sequence[str] | None = None,
                 groups: Sequence[int] | None = None) -> None:
        if images.ndim != 4 or images.dtype != torch.uint8:
            raise ValueError(f'images must be uint8 (N, C, H, W), got {images.dtype} {tuple(images.shape)}')
        if labels is not None and (labels.shape != images.shape[:1] or labels.is_floating_point()):
            raise ValueError(
                f'labels must be integers ({len(images)},), one per image, got {labels.dtype} {tuple(labels.shape)}')
        if groups is not None and len(groups) != len(images):
            raise ValueError(
                f'there are {len(groups)} groups of {len(images)} images; give one per image, -1 where it is unknown')
        self.images = images.contiguous()
        self.labels = None if labels is None else labels.long()
        self.groups = None if groups is None else np.asarray(groups, dtype=np.int64)
        self.metainfo = {} if classes is None else dict(classes=tuple(classes))

    def full_init(self) -> None:
        """Nothing to do: the images are loaded. mmengine's wrappers call it."""

    def get_batch(self, positions: Tensor) -> Tensor:
        """uint8 (B, C, H, W), the images at integer ``positions`` (B,)."""
        return self.images[positions]

    def get_cat_ids(self, position: int) -> list[int]:
        """The label of an image in a list, as mmengine's ClassBalancedDataset asks for it; empty without labels."""
        return [] if self.labels is None else [int(self.labels[position])]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, position: int) -> dict:
        item = dict(inputs=self.images[position])
        return item if self.labels is None else dict(item, gt_label=self.labels[position])
