"""An exported backbone computes what the checkpoint's does, in the project that it was exported for."""

import pickle

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from image_folders import write_images
from mmengine.registry import DefaultScope
from resnets import images, resnet, save_as_ours, swav
from small_models import build_framework
from torch import nn

from mmifnd.apis import load_backbone, pretrain
from mmifnd.converters import export_backbone
from mmifnd.models.embedding import pool
from mmifnd.registry import MODELS


@pytest.fixture(scope='module')
def trained():
    """A ResNet-18 with weights of its own."""
    return resnet(18)


@pytest.fixture
def checkpoint(trained, tmp_path):
    """It as the backbone of a checkpoint, beside other parts."""
    return save_as_ours(tmp_path / 'epoch_200.pth', backbone=trained, neck=nn.Linear(512, 4))


def model_of(layout, depth=18):
    """A ResNet of torchvision or timm, without a classifier."""
    if layout == 'timm':
        return pytest.importorskip('timm').create_model(f'resnet{depth}', num_classes=0)
    from torchvision.models import get_model
    model = get_model(f'resnet{depth}', weights=None)
    model.fc = nn.Identity()
    return model


def check_computes_the_same(layout, checkpoint, expected, out, depth=18):
    """What ``layout`` reads of an exported ``checkpoint``, strictly, gives the features ``expected`` of the images."""
    theirs = model_of(layout, depth)
    theirs.load_state_dict(torch.load(export_backbone(checkpoint, out, layout), weights_only=True), strict=True)
    assert expected.std() > 1e-2
    with torch.no_grad():
        torch.testing.assert_close(theirs.eval()(images()), expected, rtol=1e-6, atol=1e-6 * expected.abs().max().item())


@pytest.mark.parametrize('layout', ['torchvision', 'timm'])
@pytest.mark.parametrize('depth', [18, pytest.param(34, marks=pytest.mark.slow), pytest.param(50, marks=pytest.mark.slow)])
def test_they_load_it_strictly_and_compute_the_same(layout, depth, tmp_path):
    ours = resnet(depth)
    with torch.no_grad():
        expected = pool(ours(images()))
    check_computes_the_same(layout, save_as_ours(tmp_path / 'last.pth', backbone=ours), expected, tmp_path / 'out.pth', depth)


@pytest.mark.parametrize('layout', ['torchvision', 'timm'])
def test_the_backbone_of_swav(layout, tmp_path):
    model = swav(queue_len=8)  # beside synchronised batch statistics, prototypes and a queue
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'last.pth')
    with torch.no_grad():
        expected = model.extract_feat(images())
    check_computes_the_same(layout, tmp_path / 'last.pth', expected, tmp_path / 'out.pth')


@pytest.mark.slow
def test_the_backbone_of_a_run_of_swav(tmp_path, restored_torch):
    result = pretrain(write_images(tmp_path / 'images', count=16), tmp_path / 'run', framework='swav', epochs=1, batch_size=8,
                      image_size=80, num_workers=0, options={'log_level': 'ERROR', 'optim_wrapper.optimizer.lr': 0.6})
    backbone = load_backbone(result.checkpoint)
    assert int(backbone.bn1.num_batches_tracked) == 4  # two sizes of crops in each of two steps
    with torch.no_grad():
        expected = pool(backbone(images()))
    check_computes_the_same('torchvision', result.checkpoint, expected, tmp_path / 'out.pth')


@pytest.mark.parametrize('layout, prefix', [('mmpretrain', 'backbone.'), ('mmdetection', '')])
def test_openmmlab_initialises_from_it_bit_by_bit(layout, prefix, trained, checkpoint, tmp_path):
    path = export_backbone(checkpoint, tmp_path / 'out.pth', layout)
    init = dict(type='Pretrained', checkpoint=str(path), **(dict(prefix=prefix) if prefix else {}))
    theirs = MODELS.build(dict(type='ResNet', depth=18, init_cfg=init))
    with DefaultScope.overwrite_default_scope('mmifnd'):
        theirs.init_weights()
    assert all(torch.equal(value, trained.state_dict()[name]) for name, value in theirs.state_dict().items())
    with torch.no_grad():
        theirs.eval()
        assert torch.equal(theirs(images())[0], trained(images())[0])


def test_a_detector_whose_shared_head_is_the_last_stage_finds_it(trained, checkpoint, tmp_path):
    """MMDetection's C4 models: three stages in the backbone, ``layer4`` in the head of the regions."""
    from mmengine.runner import load_checkpoint
    path = export_backbone(checkpoint, tmp_path / 'out.pth', 'mmdetection')
    shared_head = nn.Module()
    shared_head.layer4 = resnet(18, seed=1).layer4
    load_checkpoint(shared_head, str(path), map_location='cpu')
    assert all(torch.equal(value, trained.state_dict()[name]) for name, value in shared_head.state_dict().items())


# --- Detectron2 -----------------------------------------------------------------------------------------------------------


class ArraysOnly(pickle.Unpickler):
    """Knows nothing but numpy's arrays."""

    def find_class(self, module, name):
        if module.split('.')[0] == 'numpy' and name in ('_reconstruct', '_frombuffer', 'ndarray', 'dtype'):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f'{module}.{name}')


def detectron2_resnet(arrays, x, blocks, stride_at):
    """Detectron2's ResNet (``modeling/backbone/resnet.py``), written down by its names."""

    def conv(x, name, stride=1, padding=0):
        weight = torch.from_numpy(arrays.pop(f'{name}.weight'))
        x = F.conv2d(x, weight, stride=stride, padding=padding)
        statistics = ('running_mean', 'running_var', 'weight', 'bias')
        norm = [torch.from_numpy(arrays.pop(f'{name}.norm.{key}')) for key in statistics]
        return F.batch_norm(x, *norm, eps=1e-5)

    x = F.max_pool2d(F.relu(conv(x, 'stem.conv1', 2, 3)), 3, 2, 1)
    for stage, count in enumerate(blocks, start=2):
        for block in range(count):
            name = f'res{stage}.{block}'
            stride = 2 if stage > 2 and block == 0 else 1
            shortcut = conv(x, f'{name}.shortcut', stride) if f'{name}.shortcut.weight' in arrays else x
            kernels = (1, 3, 1) if stride_at == 2 else (3, 3)
            for number, kernel in enumerate(kernels, start=1):
                x = conv(x, f'{name}.conv{number}', stride if number == stride_at else 1, kernel // 2)
                x = F.relu(x if number < len(kernels) else x + shortcut)
    return x


@pytest.mark.parametrize('depth, blocks, stride_at', [
    pytest.param(18, (2, 2, 2, 2), 1, marks=pytest.mark.slow), (50, (3, 4, 6, 3), 2)])
def test_detectron2_s_names_compute_the_same_and_none_is_left(depth, blocks, stride_at, tmp_path):
    ours = resnet(depth)
    path = export_backbone(save_as_ours(tmp_path / 'last.pth', backbone=ours), tmp_path / 'out.pkl', 'detectron2')
    with open(path, 'rb') as file:
        content = ArraysOnly(file).load()
    assert content['matching_heuristics'] is True and content['__author__'] == 'mmifnd'
    arrays = content['model']
    assert all(isinstance(value, np.ndarray) and value.dtype == np.float32 for value in arrays.values())
    with torch.no_grad():
        expected = ours(images())[0]
        found = detectron2_resnet(arrays, images(), blocks, stride_at)
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6 * expected.abs().max().item())
    assert arrays == {}


# --- which encoder, and what is refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize('encoder, part', [('query', 'backbone'), ('key', 'key_backbone')])
def test_moco_s_two_encoders_are_told_apart(encoder, part, tmp_path):
    model = build_framework('MoCoAdapter')
    with torch.no_grad():
        for value in model.key_backbone.parameters():
            value.add_(1)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'last.pth')
    path = export_backbone(tmp_path / 'last.pth', tmp_path / 'out.pth', encoder=encoder)
    found = torch.load(path, weights_only=True)['state_dict']
    expected = {f'backbone.{name}': value for name, value in getattr(model, part).state_dict().items()}
    assert found.keys() == expected.keys() and all(torch.equal(found[name], expected[name]) for name in found)


@pytest.mark.parametrize('layout', ['torchvision', 'detectron2'])
@pytest.mark.parametrize('backbone, message', [
    (dict(kind='ResNet_CIFAR'), 'is not a ResNet of depth'), (dict(base_channels=8, stem_channels=8), 'is not a plain ResNet'),
    (dict(in_channels=1), 'is not a plain ResNet.*conv1.weight')])
def test_another_backbone_does_not_fit_their_layouts(layout, backbone, message, tmp_path):
    path = save_as_ours(tmp_path / 'last.pth', backbone=resnet(**backbone))
    out = tmp_path / ('out.pkl' if layout == 'detectron2' else 'out.pth')
    with pytest.raises(ValueError, match=message):
        export_backbone(path, out, layout)
    assert not out.exists()


@pytest.mark.parametrize('arguments, message', [
    (dict(layout='keras'), "layout='keras' is unknown; choose one of mmpretrain"),
    (dict(layout='detectron2'), r'must end in \.pkl'),
    (dict(encoder='teacher'), "encoder='teacher' is unknown"),
    (dict(encoder='key'), r'has no key encoder \(key_backbone\.\*\); it has the query encoder')])
def test_bad_arguments(arguments, message, checkpoint, tmp_path):
    with pytest.raises(ValueError, match=message):
        export_backbone(checkpoint, tmp_path / 'out.pth', **arguments)


def test_a_missing_checkpoint(tmp_path):
    with pytest.raises(FileNotFoundError, match='does not exist'):
        export_backbone(tmp_path / 'none.pth', tmp_path / 'out.pth')
