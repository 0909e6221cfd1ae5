"""The workers' half of an augmentation: random parts of an image, as bytes. The rest is done on the device."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmpretrain.datasets.transforms import RandomResizedCrop
from torch.nn.functional import interpolate

from mmifnd.registry import TRANSFORMS

_DIVISORS = (8, 4, 2)  # at which a JPEG can be decoded for less


class Box(NamedTuple):
    """A part of an image, in pixels."""

    top: int
    left: int
    height: int
    width: int


@TRANSFORMS.register_module()
class CutViews(BaseTransform):
    """Cut random parts out of an image and resize them; everything else is left to :class:`CutViewsPreprocessor`.

    After ``dict(type='LoadImageFromFile', deferred=True)`` a JPEG is decoded at a half, a quarter or an eighth of its size if
    every part still has at least as many pixels as its view. Parts are drawn and resized as by mmpretrain's
    ``RandomResizedCrop`` with Pillow: bilinear, with a filter that widens as the part shrinks.

    Args:
        num_views (int | Sequence[int]): views of each entry of ``crops``.
        crops (dict | Sequence[dict]): arguments of mmpretrain's ``RandomResizedCrop``: ``scale``, the size of the view, and
            ``crop_ratio_range``, ``aspect_ratio_range``, ``max_attempts``.

    Raises:
        ValueError: if there are not as many entries of ``num_views`` as of ``crops``.
    """

    def __init__(self, num_views: int | Sequence[int], crops: dict | Sequence[dict]) -> None:
        counts = [num_views] if isinstance(num_views, int) else list(num_views)
        crops = [crops] if isinstance(crops, dict) else list(crops)
        if len(counts) != len(crops) or not counts or min(counts) < 1:
            raise ValueError(f'num_views={num_views} of CutViews must have one positive number for each of {len(crops)} crops')
        groups = [RandomResizedCrop(**crop) for crop in crops]
        self.num_views, self.crops = counts, [crop for crop, count in zip(groups, counts) for _ in range(count)]

    def transform(self, results: dict) -> dict:
        """Replace ``img``, or ``decode``, by the views: ``img``, a list of tensors uint8 (3, H', W'), BGR."""
        decode: Callable | None = results.pop('decode', None)
        boxes: list[Box] = []
        sizes: list[tuple[int, int]] = []

        def draw(width: int, height: int) -> int:
            boxes.extend(self.draw(width, height))
            sizes.append((width, height))
            return self.divisor(boxes)
        image = results['img'] if decode is None else decode(draw)
        height, width = image.shape[:2]
        if not boxes:  # decoded whole
            draw(width, height)
        whole = sizes[0]
        if (width, height) != whole:
            boxes = [_scaled(box, width / whole[0], height / whole[1], width, height) for box in boxes]
        views = [_resized(image, box, crop.scale) for box, crop in zip(boxes, self.crops)]
        return dict(results, img=views, img_shape=tuple(views[0].shape[1:]), ori_shape=whole[::-1])

    def draw(self, width: int, height: int) -> list[Box]:
        """The parts of an image of that size, by numpy's generator, one for each view."""
        image = SimpleNamespace(shape=(height, width))  # all that is looked at
        return [Box(*crop.rand_crop_params(image)) for crop in self.crops]

    def divisor(self, boxes: Sequence[Box]) -> int:
        """The largest divisor of both sides at which no view has more pixels than its part."""
        room = min(min(box.height / crop.scale[0], box.width / crop.scale[1]) for box, crop in zip(boxes, self.crops))
        return next((divisor for divisor in _DIVISORS if divisor <= room), 1)

    def __repr__(self) -> str:
        return f'CutViews(num_views={self.num_views}, crops={self.crops})'


def _scaled(box: Box, across: float, down: float, width: int, height: int) -> Box:
    """The part in an image of ``width`` x ``height``, to which the whole was decoded."""
    top, left = min(round(box.top * down), height - 1), min(round(box.left * across), width - 1)
    return Box(top, left, max(1, min(round(box.height * down), height - top)),
               max(1, min(round(box.width * across), width - left)))


def _resized(image: np.ndarray, box: Box, size: tuple[int, int]) -> torch.Tensor:
    """A part as uint8 (3, H', W'); torch resizes bytes as Pillow does, to one level, in a third of its time."""
    part = np.ascontiguousarray(image[box.top:box.top + box.height, box.left:box.left + box.width])
    pixels = torch.from_numpy(part).permute(2, 0, 1).unsqueeze(0)
    return interpolate(pixels, size=size, mode='bilinear', antialias=True).squeeze(0)
