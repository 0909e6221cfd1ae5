"""SANE's views are those of MultiView with every list written out, and its operations those of CLSA."""

import random

import numpy as np
import pytest
import torch

from mmifnd.datasets import MixedViews, StrongOperations
from mmifnd.registry import TRANSFORMS

#: Operation of mmpretrain, its direction, its range from level 0 to 10, and whether it is ever applied.
CLSA = [('AutoContrast', None, None), ('Brightness', None, (0, 0.9)), ('ColorTransform', None, (0, 0.9)),
        ('Contrast', None, (0, 0.9)), ('Equalize', None, None), ('Brightness', None, None), ('Posterize', None, (8, 4)),
        ('Rotate', None, (0, 30)), ('Sharpness', None, (0, 0.9)), ('Shear', 'horizontal', (0, 0.3)),
        ('Shear', 'vertical', (0, 0.3)), ('Solarize', None, (256, 0)), ('Translate', 'horizontal', (0, 0.45)),
        ('Translate', 'vertical', (0, 0.45))]


def policies():
    """CLSA's operations as mmpretrain's RandAugment takes them."""
    written = [dict(type=name, prob=0.5, **({'direction': way} if way else {}), **({'magnitude_range': ends} if ends else {}))
               for name, way, ends in CLSA]
    written[5] = dict(type='Brightness', prob=0., magnitude=0.)  # the identity
    return written


def views_of(transform, seed):
    random.seed(seed), np.random.seed(seed), torch.manual_seed(seed)
    image = np.random.RandomState(0).randint(0, 256, (40, 48, 3)).astype(np.uint8)
    return transform(dict(img=image))['img']


@pytest.mark.parametrize('strong', [False, True])
def test_views_are_those_of_the_lists_written_out(strong):
    crops = [dict(scale=32, crop_ratio_range=(0.2, 1.)), dict(scale=24, crop_ratio_range=(0.1, 0.8)), dict(scale=16)]
    steps = [dict(type='RandomGrayscale', prob=0.2, keep_channels=True), dict(type='RandomFlip', prob=0.5)]
    last = [dict(type='RandAugment', policies=policies(), num_policies=5, magnitude_level=9, magnitude_std='inf')]
    lists = [[dict(type='RandomResizedCrop', backend='pillow', **crop), *steps, *(last if strong and place else [])]
             for place, crop in enumerate(crops)]
    written_out = TRANSFORMS.build(dict(type='MultiView', transforms=lists, num_views=[2, 1, 1]))
    short = MixedViews(crops[0], crops[1:], steps, [dict(type='StrongOperations')] if strong else [])
    for seed in range(4):
        expected, views = views_of(written_out, seed), views_of(short, seed)
        assert [view.shape for view in views] == [(32, 32, 3), (32, 32, 3), (24, 24, 3), (16, 16, 3)]
        assert all(np.array_equal(*pair) for pair in zip(views, expected, strict=True))


def test_operations_are_drawn_as_often_as_asked():
    assert len(StrongOperations().policies) == 14 and StrongOperations(num_operations=2).num_policies == 2
    image = np.random.RandomState(0).randint(0, 256, (8, 8, 3)).astype(np.uint8)
    never = StrongOperations(prob=0.)
    assert all(np.array_equal(never(dict(img=image.copy()))['img'], image) for _ in range(10))
