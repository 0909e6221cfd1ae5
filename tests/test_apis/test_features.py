"""Features of a folder, an array or a data set, by a checkpoint, a framework or any module."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from image_folders import write_images
from resnets import images as noise, resnet, save_as_ours
from torch import nn

from mmifnd.apis import build_framework, extract_features, shipped_config
from mmifnd.apis.features import CENTRE_CROP, MEAN, STD
from mmifnd.configuration import config_beside
from mmifnd.datasets import Digits
from mmifnd.datasets.image_data import image_dataset

DIGITS = dict(type='Digits', split='test')


@pytest.fixture(scope='module')
def framework():
    """MoCo on digits, whose momentum encoder differs from the other one."""
    torch.manual_seed(0)
    model = build_framework(shipped_config('baselines/moco_digits.py'))
    with torch.no_grad():
        for value in model.key_neck.parameters():
            value.add_(0.1 * torch.randn_like(value))
    return model


def test_backbone_feature_and_embedding(framework):
    digits = Digits('test')
    framework.eval()
    batch = framework.data_preprocessor(dict(inputs=digits.images, index=torch.arange(500)), training=False)
    with torch.no_grad():
        expected = framework.extract_feat(batch['inputs'][0])
        embedding = F.normalize(framework.key_neck(framework.key_backbone(batch['inputs'][0]))[0], dim=1)
    found = extract_features(framework, DIGITS, batch_size=64)
    torch.testing.assert_close(found.features, expected)
    torch.testing.assert_close(extract_features(framework, DIGITS, feature='z').features, embedding)
    assert torch.equal(found.labels, digits.labels) and found.names is None


def test_a_checkpoint_takes_the_config_beside_it(framework, tmp_path):
    torch.save(dict(state_dict=framework.state_dict()), tmp_path / 'last.pth')
    (tmp_path / 'moco.py').write_text(f'_base_ = {str(shipped_config("baselines/moco_digits.py"))!r}')
    assert config_beside(tmp_path / 'last.pth') is None  # any program could stand there
    (tmp_path / 'last_checkpoint').write_text('last.pth')
    found = extract_features(tmp_path / 'last.pth', DIGITS).features
    assert torch.equal(found, extract_features(framework, DIGITS).features)
    (tmp_path / 'other.py').write_text('')
    with pytest.raises(ValueError, match=r'several configs beside it \(moco.py, other.py\); say which'):
        extract_features(tmp_path / 'last.pth', DIGITS)


def test_an_array_with_labels(framework):
    digits = Digits('test')
    found = extract_features(framework, digits.images.numpy(), labels=digits.labels.numpy())
    assert torch.equal(found.features, extract_features(framework, DIGITS).features)
    assert torch.equal(found.labels, digits.labels)


def test_a_folder_by_a_backbone_alone(tmp_path):
    backbone = resnet(18, base_channels=8, stem_channels=8)
    folder = write_images(tmp_path / 'images', count=5, size=40)
    found = extract_features(save_as_ours(tmp_path / 'last.pth', backbone=backbone), folder, batch_size=2)
    view = image_dataset(folder, pipeline=CENTRE_CROP)
    pictures = torch.stack([view[position]['inputs'] for position in range(5)])[:, [2, 1, 0]].float()
    normalised = (pictures - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    with torch.no_grad():
        torch.testing.assert_close(found.features, backbone(normalised)[0].mean(dim=(2, 3)))
    assert found.names == [f'class_0/{n:03d}.png' for n in (0, 2, 4)] + [f'class_1/{n:03d}.png' for n in (1, 3)]
    assert found.labels.tolist() == [0, 0, 0, 1, 1]


@pytest.mark.parametrize('training', [False, True])
def test_a_module_of_one_s_own_stays_in_its_mode(training):
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).train(training)
    before = module[1].running_mean.clone()
    found = extract_features(module, np.full((3, 3, 8, 8), 128, np.uint8)).features
    assert found.shape == (3, 4) and module.training is training and torch.equal(module[1].running_mean.cpu(), before)


@pytest.mark.parametrize('classes, labelled', [(1, False), (2, True)])
def test_subfolders_are_classes_if_most_images_lie_in_them(classes, labelled, tmp_path):
    folder = write_images(tmp_path, count=4, classes=classes)
    assert (image_dataset(folder).labels() is not None) is labelled
    write_images(folder, count=4, classes=1, seed=1)
    assert (image_dataset(folder).labels() is not None) is labelled
    write_images(folder, count=5, classes=1, seed=1)
    assert image_dataset(folder).labels() is None


def test_one_line_for_what_does_not_fit(framework, tmp_path):
    (tmp_path / 'empty').mkdir()
    folder = write_images(tmp_path / 'images', count=2, classes=1)
    backbone = resnet(18, base_channels=8)
    for data, model, options, message in [
            (tmp_path / 'none', framework, {}, 'none does not exist; give a folder of images'),
            (tmp_path / 'empty', framework, {}, 'empty holds no image'),
            (folder, framework, {}, 'was trained on an array, or a data set in memory and is given files'),
            (noise().numpy(), backbone, {}, 'data is neither a folder.*images must be uint8'),
            (np.zeros((2, 1, 8, 8), np.uint8), backbone, {}, 'images of 1 channel have no usual normalisation'),
            (folder, backbone, dict(feature='z'), "feature='z' needs a projection head"),
            (folder, backbone, dict(feature='q'), "cluster_feature='q' is unknown"),
            (folder, tmp_path / 'none.pth', {}, 'none.pth does not exist')]:
        with pytest.raises((ValueError, FileNotFoundError), match=message) as error:
            extract_features(model, data, **options)
        assert '\n' not in str(error.value)
