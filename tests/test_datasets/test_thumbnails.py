"""Small pictures with their names, classes and captions, looked up when they are asked for."""

import numpy as np
import pytest
from image_folders import write_images
from PIL import Image
from shard_files import write_shards

from mmifnd.datasets.thumbnails import Thumbnails
from mmifnd.shortage import ShortageError


@pytest.fixture
def folder(tmp_path):
    return write_images(tmp_path / 'images', count=6, size=20)


def test_pictures_are_rgb_of_one_size_and_names_are_below_the_folder(folder):
    Image.new('RGB', (60, 20), (250, 10, 0)).save(folder / 'class_1' / 'zz\a.png')
    images = Thumbnails(folder, size=8)
    assert images.shape == (7, 3, 8, 8) and len(images) == len(images.names) == 7
    assert images[6].dtype == np.uint8 and images[6][:, 4, 4].tolist() == [250, 10, 0]
    assert images.names[0] == 'class_0/000.png' and images.names[6] == 'class_1/zz\N{REPLACEMENT CHARACTER}.png'
    assert images.class_names == {0: 'class_0', 1: 'class_1'} and images.captions is None


def test_a_part_is_renumbered_and_keeps_its_names(folder):
    images = Thumbnails(folder, size=8)
    part = images.part([4, 1])
    assert len(part) == 2 and part.shape == (2, 3, 8, 8)
    assert np.array_equal(part[0], images[4]) and part.names[1] == images.names[1]


def test_images_in_memory_have_no_names():
    images = Thumbnails(np.arange(32, dtype=np.uint8).reshape(2, 1, 4, 4))
    assert images.names is None and images.class_names is None and images[1].tolist()[0][0] == [16, 17, 18, 19]


def test_captions_of_pairs_are_joined_in_one_line(tmp_path):
    images = Thumbnails(dict(type='PairShards', shards='*.tar', data_root=str(write_shards(tmp_path, 1, pairs=4))))
    assert len(images.captions) == 4 and images.captions[1] == 'a dog with number 1' and images.captions[0] == 'a cat'
    assert images.names[1].endswith('000000001.jpg') and images[2].shape == (3, 96, 96)


def test_a_cross_replaces_what_cannot_be_read_but_not_what_the_machine_lacks(folder, monkeypatch):
    (folder / 'class_0' / '000.png').write_bytes(b'\x89PNG broken')
    images = Thumbnails(folder, size=9)
    assert (images[0] == images[0].transpose(0, 2, 1)).all() and set(np.unique(images[0])) == {150, 225}
    monkeypatch.setattr(images.dataset, 'read', lambda position: (_ for _ in ()).throw(ShortageError('no memory')))
    with pytest.raises(ShortageError):
        images[1]
