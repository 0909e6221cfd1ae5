"""Which images are the same: by file through links, and by pixels where sizes agree."""

import os
import shutil

import numpy as np
import torch
from PIL import Image

from mmifnd.datasets import IndexedDataset, image_keys
from mmifnd.datasets.identity import DIGEST, ImageIdentity, pixel_digest
from mmifnd.datasets.tensor_images import TensorImages

LOAD = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]


def noise(path, seed, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)).save(path, **options)
    return path


def identity(folder, **options) -> ImageIdentity:
    config = dict(type='CustomDataset', data_root=str(folder), with_label=False, pipeline=LOAD, **options)
    return IndexedDataset(config).identity()


def test_files_sizes_and_contents(tmp_path):
    first = noise(tmp_path / 'real' / 'a' / '0.png', 0)
    os.symlink(tmp_path / 'real', tmp_path / 'link')
    found = identity(tmp_path / 'link')
    assert len(found) == 1 and found.name(0) == 'a/0.png'
    assert found.file(0) == os.path.realpath(first) and found.size(0) == first.stat().st_size
    assert found.content(0) == pixel_digest(np.asarray(Image.open(first))[..., ::-1]) and len(found.content(0)) == DIGEST


def test_the_same_image_has_one_key_across_sets(tmp_path):
    for seed in range(4):
        noise(tmp_path / 'train' / f'{seed}.bmp', seed)
    (tmp_path / 'test').mkdir()
    shutil.copy(tmp_path / 'train' / '2.bmp', tmp_path / 'test' / 'copy.bmp')
    os.symlink(tmp_path / 'train' / '1.bmp', tmp_path / 'test' / 'link.bmp')
    noise(tmp_path / 'test' / 'other.bmp', 9)
    train, test = image_keys(identity(tmp_path / 'train'), identity(tmp_path / 'test'))
    assert train.tolist() == [0, 1, 2, 3] and test.tolist() == [2, 1, 4]
    train, test = image_keys(identity(tmp_path / 'train'), identity(tmp_path / 'test'), content=False)
    assert np.isin(test, train).tolist() == [False, True, False]


def test_pixels_are_read_only_where_sizes_agree(tmp_path):
    noise(tmp_path / '0.bmp', 0)
    noise(tmp_path / '1.png', 1)
    reads = []
    dataset = IndexedDataset(dict(type='CustomDataset', data_root=str(tmp_path), with_label=False, pipeline=LOAD))
    found = ImageIdentity(dataset.identity().origin, read=lambda path: reads.append(path) or np.zeros((1, 1, 3), np.uint8))
    assert image_keys(found, found)[1].tolist() == [0, 1] and not reads  # the same files are no two images to compare
    noise(tmp_path / '2.bmp', 2)
    dataset = IndexedDataset(dict(type='CustomDataset', data_root=str(tmp_path), with_label=False, pipeline=LOAD))
    found = ImageIdentity(dataset.identity().origin, read=lambda path: reads.append(path) or np.zeros((1, 1, 3), np.uint8))
    assert image_keys(found)[0].tolist() == [0, 1, 0] and [os.path.basename(path) for path in reads] == ['0.bmp', '2.bmp']


def test_equal_sizes_of_broken_files_are_no_equal_images(tmp_path):
    for name in 'ab':
        (tmp_path / f'{name}.png').write_bytes(b'no image')
    assert image_keys(identity(tmp_path))[0].tolist() == [0, 1]


def test_images_in_memory_are_compared_by_their_bytes():
    images = torch.arange(5, dtype=torch.uint8).view(5, 1, 1, 1).expand(5, 3, 4, 4).contiguous()
    added = torch.tensor([0, 9, 0], dtype=torch.uint8).view(3, 1, 1, 1)
    train, test = TensorImages(images), TensorImages(images[[3, 0, 3]] + added)
    first, second = image_keys(IndexedDataset(train).identity(), IndexedDataset(test).identity())
    assert first.tolist() == [0, 1, 2, 3, 4] and second.tolist() == [3, 5, 3]


def test_an_image_that_another_pass_has_hashed_is_not_read(tmp_path):
    for seed in range(2):
        noise(tmp_path / f'{seed}.bmp', seed)
    found = identity(tmp_path)
    for position in range(2):
        found.note_content(position, b'same')
    assert image_keys(found)[0].tolist() == [0, 0]
