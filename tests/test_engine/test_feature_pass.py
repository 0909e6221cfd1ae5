import pytest
import torch
from small_models import build_framework

from mmifnd.datasets import IndexedDataset
from mmifnd.datasets.collate import keep_batch
from mmifnd.datasets.tensor_images import TensorImages
from mmifnd.engine.features.feature_pass import extract_features


@pytest.fixture
def dataset():
    images = torch.randint(0, 256, (23, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return IndexedDataset(TensorImages(images))


def extract(model, dataset, batch_size, done=None):
    return extract_features(
        model, dataset.evaluation_view(), model.cluster_feature, batch_size, collate_fn=keep_batch,
        report=done.append if done is not None else lambda count: None)


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
        extract_features(model, dataset.evaluation_view(), fail, 8, collate_fn=keep_batch)
    assert model.training


def test_progress_is_reported(dataset):
    done = []
    extract(build_framework(), dataset, 10, done)
    assert done == [10, 20, 23]
