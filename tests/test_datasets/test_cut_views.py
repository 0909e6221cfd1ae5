"""The workers' half: parts of images, decoded no larger than needed."""

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from PIL import Image

from mmifnd.datasets import CutViews, IndexedDataset, LoadImageFromFile
from mmifnd.datasets.cut_views import Box, _scaled


def photograph(height, width, cell=8):
    draw = np.random.default_rng(0)
    noise = draw.standard_normal((height // cell + 2, width // cell + 2, 3)).astype(np.float32)
    return (cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC) * 50 + 128).clip(0, 255).astype(np.uint8)


def cut(path, deferred, seed=3, **options):
    np.random.seed(seed)
    return CutViews(**options)(LoadImageFromFile(deferred=deferred)(dict(img_path=str(path))))


@pytest.mark.parametrize('name, options', [('a.jpg', dict(quality=95)), ('a.png', {}), ('a.bmp', {})])
def test_views_equal_pillow_s_crops(tmp_path, name, options):
    path = tmp_path / name
    Image.fromarray(photograph(90, 120)).save(path, **options)
    config = dict(num_views=3, crops=dict(scale=48, crop_ratio_range=(0.4, 1.)))
    views = cut(path, True, **config)['img']
    whole = LoadImageFromFile()(dict(img_path=str(path)))['img']
    np.random.seed(3)
    for view, box in zip(views, CutViews(**config).draw(120, 90)):
        part = Image.fromarray(np.ascontiguousarray(whole[box.top:box.top + box.height, box.left:box.left + box.width]))
        expected = torch.from_numpy(np.asarray(part.resize((48, 48), Image.Resampling.BILINEAR)).copy()).permute(2, 0, 1)
        assert view.dtype == torch.uint8 and view.shape == (3, 48, 48)
        assert (view.int() - expected.int()).abs().max() <= 1
    assert all(one.equal(other) for one, other in zip(views, cut(path, False, **config)['img']))


def test_a_jpeg_is_decoded_at_a_reduced_size_where_that_suffices(tmp_path, monkeypatch):
    Image.fromarray(photograph(400, 600, cell=50)).save(tmp_path / 'a.jpg', quality=95)
    flags, imdecode = [], cv2.imdecode
    monkeypatch.setattr(cv2, 'imdecode', lambda content, flag: flags.append(flag) or imdecode(content, flag))
    for size, flag in ((300, cv2.IMREAD_COLOR), (100, cv2.IMREAD_REDUCED_COLOR_2), (60, cv2.IMREAD_REDUCED_COLOR_4),
                       (30, cv2.IMREAD_REDUCED_COLOR_8)):
        options = dict(num_views=2, crops=dict(scale=size, crop_ratio_range=(0.5, 1.)))
        reduced, whole = (cut(tmp_path / 'a.jpg', deferred, **options) for deferred in (True, False))
        assert flags[-2:] == [flag, cv2.IMREAD_COLOR]
        assert reduced['ori_shape'] == whole['ori_shape'] == (400, 600) and reduced['img_shape'] == (size, size)
        for one, other in zip(reduced['img'], whole['img']):
            assert (one.float() - other.float()).abs().mean() < 8  # parts begin at whole pixels of the smaller image


def test_orientation_and_groups(tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(photograph(200, 100)).save(tmp_path / 'a.jpg', quality=95, exif=exif)
    result = cut(tmp_path / 'a.jpg', True, num_views=[2, 3], crops=[dict(scale=(40, 20)), dict(scale=16)])
    assert result['ori_shape'] == (100, 200)  # upright
    assert [tuple(view.shape[1:]) for view in result['img']] == [(40, 20)] * 2 + [(16, 16)] * 3


def test_scaled_parts_stay_inside():
    for top, left in ((0, 0), (99, 99), (50, 60)):
        box = _scaled(Box(top, left, 100 - top, 100 - left), 13 / 100, 13 / 100, 13, 13)
        assert box.top >= 0 and box.height >= 1 and box.top + box.height <= 13 and box.left + box.width <= 13


def test_views_belong_to_seed_epoch_and_image(tmp_path):
    for number in range(3):
        Image.fromarray(photograph(60, 80)).save(tmp_path / f'{number}.jpg')
    pipeline = [dict(type='LoadImageFromFile', deferred=True), dict(type='CutViews', num_views=2, crops=dict(scale=24)),
                dict(type='PackInputs')]
    with DefaultScope.overwrite_default_scope('mmifnd'):
        dataset = IndexedDataset(dict(type='CustomDataset', data_root=str(tmp_path), with_label=False, pipeline=pipeline))
    first, again = dataset[1]['inputs'], dataset.__getitems__([2, 1])[1]['inputs']
    assert all(one.equal(other) for one, other in zip(first, again))
    dataset.set_epoch(1)
    assert not first[0].equal(dataset[1]['inputs'][0]) and not first[0].equal(first[1])


def test_refusals():
    with pytest.raises(ValueError, match='one positive number for each of 2 crops'):
        CutViews(num_views=2, crops=[dict(scale=4), dict(scale=2)])
    with pytest.raises(ValueError, match='leave out color_type'):
        LoadImageFromFile(deferred=True, color_type='grayscale')
