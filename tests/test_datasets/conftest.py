"""Small image folders, made on the fly."""

import numpy as np
import pytest
from mmengine.registry import DefaultScope
from PIL import Image

NUM_CLASSES, IMAGES_A_CLASS = 3, 4

TWO_VIEWS = [
    dict(type='LoadImageFromFile'),
    dict(
        type='MultiView',
        num_views=2,
        transforms=[[
            dict(type='RandomResizedCrop', scale=16),
            dict(type='RandomFlip', prob=0.5),
            dict(type='NumpyToPIL', to_rgb=True),
            dict(type='torchvision/ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1),
            dict(type='PILToNumpy', to_bgr=True),
        ]]),
    dict(type='PackInputs'),
]
CENTRE_CROP = [
    dict(type='LoadImageFromFile'),
    dict(type='ResizeEdge', scale=18),
    dict(type='CenterCrop', crop_size=16),
    dict(type='PackInputs'),
]


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope('mmifnd'):
        yield


@pytest.fixture(scope='session')
def image_folder(tmp_path_factory):
    """A folder of 3 classes with 4 images each; the top-left pixel of image i is (i, i, i)."""
    root = tmp_path_factory.mktemp('images')
    rng = np.random.default_rng(0)
    for number in range(NUM_CLASSES * IMAGES_A_CLASS):
        folder = root / f'class{number // IMAGES_A_CLASS}'
        folder.mkdir(exist_ok=True)
        pixels = rng.integers(0, 256, (20, 24, 3), dtype=np.uint8)
        pixels[0, 0] = number
        Image.fromarray(pixels).save(folder / f'{number:02d}.png')
    return root


@pytest.fixture
def centre_crop():
    return CENTRE_CROP


@pytest.fixture
def folder_config(image_folder):
    return dict(type='CustomDataset', data_root=str(image_folder), pipeline=TWO_VIEWS)
