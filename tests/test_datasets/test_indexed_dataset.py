import random
from functools import partial

import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate
from torch.utils.data import ConcatDataset, DataLoader, Subset, TensorDataset

from mmifnd.datasets import IndexedDataset, SubsetDataset, TensorImages, keep_batch
from mmifnd.registry import DATASETS


def samples_by_index(dataset, **loader):
    """{sample index: list of views} of one pass."""
    batches = DataLoader(dataset, collate_fn=default_collate, **loader)
    views = {}
    for batch in batches:
        for row, data_sample in enumerate(batch['data_samples']):
            views[data_sample.sample_idx] = [view[row] for view in batch['inputs']]
    return views


def equal(first, second):
    assert first.keys() == second.keys()
    return all(a.equal(b) for key in first for a, b in zip(first[key], second[key]))


@pytest.fixture
def folder(folder_config):
    return DATASETS.build(dict(type='IndexedDataset', dataset=folder_config, seed=5))


def test_views_are_the_same_for_any_batch_and_worker(folder):
    whole = samples_by_index(folder, batch_size=12)
    assert sorted(whole) == list(range(12))
    assert equal(whole, samples_by_index(folder, batch_size=5, shuffle=True))
    assert equal(whole, samples_by_index(folder, batch_size=4, num_workers=2))
    assert all(not a.equal(b) for a, b in whole.values())


def test_epochs_and_seeds_differ_and_reach_persistent_workers(folder, folder_config):
    loader = DataLoader(folder, batch_size=6, num_workers=2, persistent_workers=True, collate_fn=default_collate)
    passes = []
    for epoch in (0, 1, 0):
        folder.set_epoch(epoch)
        batches = list(loader)
        assert {sample.epoch for batch in batches for sample in batch['data_samples']} == {epoch}
        passes.append(torch.cat([batch['inputs'][0] for batch in batches]))
    assert passes[0].equal(passes[2])
    assert (passes[0] != passes[1]).flatten(1).any(dim=1).all()
    other_seed = IndexedDataset(folder_config, seed=6)
    assert not equal(samples_by_index(other_seed, batch_size=12), samples_by_index(folder, batch_size=12))


@pytest.mark.parametrize('read', (lambda folder: folder[3], lambda folder: folder.__getitems__([3, 5])), ids=('one', 'batch'))
def test_the_generators_of_the_run_are_left_alone(folder, read):
    def draw():
        return random.random(), np.random.rand(), torch.rand(())

    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(0)
    expected = draw()
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(0)
    read(folder)
    assert draw() == expected


def test_an_image_of_a_batch_has_the_views_that_it_has_alone(folder):
    for sample, position in zip(folder.__getitems__([3, 5, 3]), (3, 5, 3)):
        assert all(view.equal(alone) for view, alone in zip(sample['inputs'], folder[position]['inputs']))


def test_one_image_keeps_index_and_views_where_it_is_repeated(folder_config):
    repeated = IndexedDataset(dict(type='RepeatDataset', times=2, dataset=folder_config))
    assert (len(repeated), repeated.num_samples) == (24, 12)
    first, second = repeated[2], repeated[14]
    assert first['data_samples'].sample_idx == second['data_samples'].sample_idx == 2
    assert first['inputs'][0].equal(second['inputs'][0])


def test_labels_names_and_descriptions(folder, folder_config):
    assert folder.labels().tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert folder.names()[5] == 'class1/05.png'
    assert folder.describe(5) == 'image 5 (class1/05.png)'
    assert folder.metainfo['classes'] == ('class0', 'class1', 'class2')
    unlabelled = IndexedDataset(dict(folder_config, with_label=False))
    assert unlabelled.labels() is None and unlabelled.names() == folder.names()
    part = IndexedDataset(dict(type='SubsetDataset', dataset=folder_config, indices=[9, 1, 9]))
    assert part.labels().tolist() == [2, 0] and part.names() == ['class2/09.png', 'class0/01.png']


def test_fingerprint_changes_with_the_images_only(folder, folder_config):
    assert folder.fingerprint() == IndexedDataset(folder_config, seed=1).fingerprint()
    repeated = IndexedDataset(dict(type='RepeatDataset', times=2, dataset=folder_config))
    assert repeated.fingerprint() == folder.fingerprint()
    assert IndexedDataset(SubsetDataset(folder.dataset, 11)).fingerprint() != folder.fingerprint()
    images = torch.arange(24, dtype=torch.uint8).view(6, 1, 2, 2)
    prints = {IndexedDataset(TensorImages(each)).fingerprint() for each in (images, images.flip(0), images[:5])}
    assert len(prints) == 3


def test_evaluation_view_has_each_image_once_in_order(folder_config, centre_crop):
    train = IndexedDataset(dict(type='RepeatDataset', times=2, dataset=dict(
        type='SubsetDataset', dataset=folder_config, indices=[7, 3, 7, 0])))
    view = train.evaluation_view(centre_crop)
    assert len(view) == train.num_samples == 3
    assert [view.names(), view.labels().tolist()] == [train.names(), train.labels().tolist()]
    for position in range(3):
        sample = view[position]
        assert sample['inputs'].shape == (3, 16, 16)
        assert sample['data_samples'].sample_idx == position
        assert sample['data_samples'].img_path.endswith(train.names()[position])
    assert isinstance(train[0]['inputs'], list), 'the training pipeline was replaced as well'


def test_evaluation_view_keeps_one_data_set_that_stands_twice_as_one(folder, centre_crop):
    twice = IndexedDataset(ConcatDataset([folder.dataset, Subset(folder.dataset, [2, 5])]))
    assert (len(twice), twice.num_samples) == (14, 12)
    assert twice.evaluation_view(centre_crop).num_samples == 12


def test_tensor_batches():
    images = torch.randint(0, 256, (6, 1, 4, 4), dtype=torch.uint8)
    small, large = TensorImages(images[:2], torch.tensor([4, 5])), TensorImages(images[2:], torch.tensor([6, 7, 8, 9]))
    dataset = IndexedDataset(ConcatDataset([small, Subset(large, [3, 0, 3]), large]))
    dataset.set_epoch(4)
    assert dataset.index.tolist() == [0, 1, 2, 3, 2, 3, 4, 5, 2]
    assert dataset.labels().tolist() == [4, 5, 9, 6, 7, 8]
    batch = next(iter(DataLoader(dataset, batch_size=9, collate_fn=keep_batch)))
    assert batch['inputs'].equal(images[[0, 1, 5, 2, 5, 2, 3, 4, 5]])
    assert batch['index'].tolist() == dataset.index.tolist() and batch['epoch'].item() == 4
    assert dataset[4]['inputs'].equal(images[5]) and dataset[4]['index'] == 2
    view = dataset.evaluation_view()
    assert view.__getitems__(range(6))['inputs'].equal(images[[0, 1, 5, 2, 3, 4]])
    assert dataset.describe(2) == 'image 2' and dataset.names() is None


def test_worker_batches_of_tensors_carry_the_epoch():
    dataset = IndexedDataset(TensorImages(torch.zeros(8, 1, 2, 2, dtype=torch.uint8)))
    assert dataset.labels() is None
    loader = DataLoader(dataset, batch_size=4, num_workers=2, persistent_workers=True, collate_fn=keep_batch)
    for epoch in (0, 3):
        dataset.set_epoch(epoch)
        assert [batch['epoch'].item() for batch in loader] == [epoch, epoch]


def test_errors_say_what_to_change(folder, centre_crop):
    with pytest.raises(ValueError, match='image 1 came without data_samples; end the pipeline with PackInputs'):
        IndexedDataset(TensorDataset(torch.zeros(3)))[1]
    with pytest.raises(ValueError, match='IndexedDataset already'):
        IndexedDataset(folder)
    different = ConcatDataset([TensorImages(torch.zeros(2, 1, size, size, dtype=torch.uint8)) for size in (2, 4)])
    with pytest.raises(ValueError, match='cannot share a batch'):
        IndexedDataset(different)
    with pytest.raises(ValueError, match='TensorDataset has no pipeline'):
        IndexedDataset(TensorDataset(torch.zeros(3))).evaluation_view(centre_crop)


def test_an_unreadable_image_is_never_replaced_by_another(folder_config):
    lossy = [dict(type='LoadImageFromFile', ignore_empty=True), *folder_config['pipeline'][1:]]
    dataset = IndexedDataset(dict(folder_config, pipeline=lossy))
    original = dataset.dataset.get_data_info
    dataset.dataset.get_data_info = partial(_without_file, original)
    with pytest.raises(RuntimeError, match=r'image 2 .*cannot be loaded'):
        dataset[2]


def _without_file(original, position):
    return dict(original(position), img_path='/nowhere.png') if position == 2 else original(position)
