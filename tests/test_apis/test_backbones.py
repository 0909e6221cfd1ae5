"""A checkpoint's backbone as a module, by its tensors alone or by its config."""

import doctest

import pytest
import torch
from resnets import images, resnet, save_as_ours
from small_models import build_framework
from torch import nn

from mmifnd.apis import load_backbone
from mmifnd.converters import architecture, resnet as resnet_names


@pytest.mark.parametrize('module', [architecture, resnet_names], ids=lambda module: module.__name__)
def test_examples_of_the_docstrings(module):
    result = doctest.testmod(module)
    assert result.attempted and not result.failed


@pytest.mark.parametrize('options, size', [
    (dict(depth=18, base_channels=8), 64), (dict(depth=34, base_channels=8, stem_channels=8), 64),
    (dict(depth=50, base_channels=8, in_channels=1), 64),
    pytest.param(dict(depth=101, base_channels=4, stem_channels=4), 64, marks=pytest.mark.slow),
    (dict(kind='ResNet_CIFAR', depth=18, base_channels=8), 32)])
def test_the_tensors_tell_the_architecture(options, size, tmp_path):
    trained = resnet(**options)
    found = load_backbone(save_as_ours(tmp_path / 'last.pth', backbone=trained, neck=nn.Linear(2, 2)))
    assert type(found) is type(trained) and not found.training
    with torch.no_grad():
        batch = images(size, options.get('in_channels', 3))
        assert torch.equal(found(batch)[0], trained(batch)[0])


def test_the_momentum_encoder(tmp_path):
    model = build_framework('MoCoAdapter')
    with torch.no_grad():
        for value in model.key_backbone.parameters():
            value.mul_(2)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'last.pth')
    found = load_backbone(tmp_path / 'last.pth', encoder='key').state_dict()
    assert all(torch.equal(value, found[name]) for name, value in model.key_backbone.state_dict().items())


def test_any_other_backbone_by_its_config(tmp_path):
    path = save_as_ours(tmp_path / 'last.pth', backbone=resnet(kind='ResNetV1d', base_channels=8))
    with pytest.raises(ValueError, match='its backbone is no ResNet.*config=CONFIG'):
        load_backbone(path)
    config = tmp_path / 'config.py'
    config.write_text("model = dict(backbone=dict(type='ResNetV1d', depth=18, base_channels=8))")
    assert type(load_backbone(path, config=config)).__name__ == 'ResNetV1d'
    config.write_text("model = dict(backbone=dict(type='ResNetV1d', depth=34, base_channels=8))")
    with pytest.raises(ValueError, match='does not fit ResNetV1d: .*use the config that it was trained with') as error:
        load_backbone(path, config=config)
    assert '\n' not in str(error.value)
