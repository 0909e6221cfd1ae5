import os
import time

import pytest
import torch
from small_models import build_framework
from torch.utils.data import DataLoader, Dataset

from mmifnd.datasets import IndexedDataset
from mmifnd.datasets.collate import keep_batch
from mmifnd.datasets.tensor_images import TensorImages
from mmifnd.engine.features import rank_rows
from mmifnd.engine.features.feature_pass import extract_features
from mmifnd.engine.features.image_batches import ImageBatches
from mmifnd.engine.features.rank_rows import stacked


@pytest.fixture
def dataset():
    images = torch.randint(0, 256, (23, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return IndexedDataset(TensorImages(images))


def extract(model, dataset, batch_size, done=None):
    return extract_features(model, batches(dataset, batch_size), model.cluster_feature,
                            done.append if done is not None else lambda count: None)


def batches(dataset, batch_size, **options):
    return ImageBatches(dataset.evaluation_view(), batch_size, collate_fn=keep_batch, **options)


def test_every_image_once_in_its_row_for_any_batch(dataset):
    model = build_framework().eval()
    images = (dataset.dataset.images.float() / 255 - 0.3) / 0.4
    expected = model.cluster_feature(images).detach()
    for batch_size in (1, 7, 23, 100):
        found = extract(model, dataset, batch_size)
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)
        assert not found.requires_grad


def test_evaluation_mode_meanwhile_and_training_mode_again(dataset):
    model = build_framework().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    extract(model, dataset, 8)
    assert model.training and all(value.equal(before[name]) for name, value in model.state_dict().items())

    def fail(images):
        assert not model.training
        raise RuntimeError('out of memory')

    with pytest.raises(RuntimeError, match='out of memory'):
        extract_features(model, batches(dataset, 8), fail)
    assert model.training


def test_progress_is_reported(dataset):
    done = []
    extract(build_framework(), dataset, 10, done)
    assert done == [10, 20, 23]


class Readers(Dataset):
    """Number and process of each item, noted as it is read."""

    def __init__(self, count):
        self.read = torch.zeros(count, dtype=torch.int64).share_memory_()

    def __len__(self):
        return len(self.read)

    def __getitem__(self, position):
        self.read[position] += 1
        return torch.tensor([position, os.getpid()])


def test_the_same_processes_read_every_pass_and_may_begin_before_it():
    data = Readers(8)
    images = ImageBatches(data, 2, num_workers=1, keep_workers=True)
    first = torch.cat(list(images))
    images.begin()
    images.begin()
    for _ in range(500):  # the two batches that a process reads ahead
        if data.read.sum() >= 8 + 4:
            break
        time.sleep(0.02)
    assert data.read.tolist() == [2, 2, 2, 2, 1, 1, 1, 1]
    second = torch.cat(list(images))
    assert torch.equal(first, second) and first[:, 0].tolist() == list(range(8)) and os.getpid() not in first[:, 1]
    assert data.read.tolist() == [2] * 8


def test_without_processes_nothing_is_read_before_the_pass():
    data = Readers(4)
    images = ImageBatches(data, 2, keep_workers=True)
    images.begin()
    assert not data.read.any() and len(list(images)) == 2


@pytest.mark.parametrize('of_training, expected', [
    (dict(num_workers=1, persistent_workers=True), True), (dict(num_workers=1), False), (dict(num_workers=0), True)])
def test_processes_do_not_stay_if_those_of_the_training_do_not(of_training, expected):
    loader = DataLoader(range(4), collate_fn=keep_batch, **of_training)
    images = ImageBatches.like(loader, range(4), 2, num_workers=2, keep_workers=True)._loader
    assert images.persistent_workers is expected and images.num_workers == 2 and images.collate_fn is keep_batch


def test_rows_are_written_in_place_as_they_come():
    rows = stacked((torch.full((size, 3), float(size)) for size in (4, 4, 1)), 9)
    assert rows[:, 0].tolist() == [4] * 8 + [1]
    with pytest.raises(AssertionError):
        stacked([torch.zeros(2, 3)], 3)


@pytest.mark.parametrize('total, world', [(23, 4), (24, 4), (3, 8)])
def test_rows_of_all_ranks_on_the_device_at_a_time_are_limited(monkeypatch, total, world):
    padded = -(-total // world) * world
    rows = torch.arange(float(padded)).unsqueeze(1)
    travelled = []

    def gather_all(chunk):  # this rank is the first of them: its rows are those of the items 0, W, 2 W, ...
        begin = int(chunk[0])
        travelled.append(rows[begin:begin + len(chunk) * world].unflatten(0, (-1, world)).transpose(0, 1).flatten(0, 1))
        return travelled[-1]

    monkeypatch.setattr(rank_rows, 'world_size', lambda: world)
    monkeypatch.setattr(rank_rows, 'gather', gather_all)
    assert torch.equal(rank_rows.rows_of_all(rows[::world], total, rows_at_a_time=9), rows[:total])
    assert max(map(len, travelled)) <= 9
    assert list(rank_rows.own_share(total)) == [position % total for position in range(0, padded, world)]


def test_a_pass_after_one_that_failed_gives_every_image():
    images = ImageBatches(Readers(8), 1, num_workers=1, keep_workers=True)
    for expected in (3, 0):
        for position, _ in enumerate(images):
            if position == expected:
                break
        images.begin()
    assert torch.cat(list(images))[:, 0].tolist() == list(range(8))
