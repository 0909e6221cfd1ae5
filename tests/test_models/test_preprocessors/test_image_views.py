import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample
from PIL import Image
from torch.utils.data import DataLoader

from mmifnd.datasets import IndexedDataset
from mmifnd.models.preprocessors import ImageViewsPreprocessor
from mmifnd.registry import MODELS


def batch_of(num_views, indices=(7, 2)):
    views = [torch.full((len(indices), 3, 4, 4), 10 * view, dtype=torch.uint8) for view in range(1, num_views + 1)]
    return dict(inputs=views, data_samples=[DataSample(metainfo=dict(sample_idx=index)) for index in indices])


def test_views_are_normalised_and_indices_handed_on():
    preprocessor = MODELS.build(dict(
        type='mmifnd.ImageViewsPreprocessor', mean=[10., 10., 10.], std=[2., 2., 2.], to_rgb=True))
    result = preprocessor(batch_of(2), training=True)
    assert set(result) == {'inputs', 'index'}
    assert [view.unique().tolist() for view in result['inputs']] == [[0.0], [5.0]]
    assert result['index'].tolist() == [7, 2] and result['index'].dtype == torch.int64


def test_evaluation_gives_a_list_of_one_view():
    batch = batch_of(1)
    for inputs in (batch['inputs'], batch['inputs'][0]):
        result = ImageViewsPreprocessor()(dict(batch, inputs=inputs))
        assert len(result['inputs']) == 1 and result['inputs'][0].shape == (2, 3, 4, 4)


def test_errors_say_what_to_change():
    with pytest.raises(ValueError, match='two views of an image, got 1'):
        ImageViewsPreprocessor()(batch_of(1), training=True)
    batch = batch_of(2)
    batch['data_samples'][1] = DataSample()
    with pytest.raises(ValueError, match='must be an IndexedDataset'):
        ImageViewsPreprocessor()(batch, training=True)


def test_folder_to_views(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(4):
        Image.fromarray(rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)).save(tmp_path / f'{number}.png')
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='MultiView', num_views=2, transforms=[[dict(type='RandomResizedCrop', scale=8)]]),
        dict(type='PackInputs'),
    ]
    with DefaultScope.overwrite_default_scope('mmifnd'):
        dataset = IndexedDataset(
            dict(type='CustomDataset', data_root=str(tmp_path), with_label=False, pipeline=pipeline))
    batch = next(iter(DataLoader(dataset, batch_size=3, collate_fn=default_collate)))
    result = ImageViewsPreprocessor(mean=[127.5] * 3, std=[60.] * 3)(batch, training=True)
    assert [tuple(view.shape) for view in result['inputs']] == [(3, 3, 8, 8)] * 2
    assert result['index'].tolist() == [0, 1, 2]


def test_views_are_the_same_under_autocast_and_in_the_model_s_order_of_channels():
    batch = batch_of(2)
    batch['inputs'][0][:, 0] = 99
    plain, swapped = (ImageViewsPreprocessor(mean=[1., 2., 3.], std=[3.] * 3, to_rgb=to_rgb) for to_rgb in (False, True))
    first = swapped(batch, training=True)['inputs'][0]
    assert first[0, :, 0, 0].tolist() == pytest.approx([(10 - 1) / 3, (10 - 2) / 3, (99 - 3) / 3])
    assert plain(batch, training=True)['inputs'][0][0, 0, 0, 0] == pytest.approx((99 - 1) / 3)
    with torch.autocast('cpu', torch.bfloat16):
        assert all(one.equal(other) for one, other in zip(
            swapped(batch, training=True)['inputs'], [first, swapped(batch, training=True)['inputs'][1]]))
