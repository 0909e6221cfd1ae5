"""Public checkpoints, as their code writes them, in our names: same features, and nothing executed."""

import argparse

import pytest
import torch
from resnets import images, save_as_ours, shuffle_weights, swav
from torch import nn
from torchvision.models import resnet18

from mmifnd.apis import load_backbone
from mmifnd.converters import export_backbone, import_model
from mmifnd.engine.checkpoints.checkpoint_format import check_fits, load_plain
from mmifnd.models.embedding import pool
from mmifnd.registry import MODELS


class Encoder(nn.Module):
    """A ResNet and what stands behind it."""

    def __init__(self, fc, seed=0):
        super().__init__()
        self.encoder = resnet18()
        self.encoder.fc = fc
        shuffle_weights(self, seed)

    def features(self, x):
        """Before ``fc``."""
        fc, self.encoder.fc = self.encoder.fc, nn.Identity()
        try:
            return self.encoder(x)
        finally:
            self.encoder.fc = fc


def mlp():
    """MoCo v2's and PCL v2's head."""
    return nn.Sequential(nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 16))


def moco_file(path, query, key, queue_len=8, legacy=False):
    """As ``main_moco.py`` and PCL's ``main_pcl.py`` save: DistributedDataParallel's names, SGD's state."""
    state = {f'module.encoder_q.{name}': value for name, value in query.encoder.state_dict().items()}
    state |= {f'module.encoder_k.{name}': value for name, value in key.encoder.state_dict().items()}
    generator = torch.Generator().manual_seed(3)
    state |= {'module.queue': torch.randn(16, queue_len, generator=generator), 'module.queue_ptr': torch.tensor([4])}
    optimizer = torch.optim.SGD(query.parameters(), lr=0.03, momentum=0.9)
    query.features(images()).sum().backward()
    optimizer.step()
    state |= {f'module.encoder_q.{name}': value for name, value in query.encoder.state_dict().items()}
    content = dict(epoch=200, arch='resnet18', state_dict=state, optimizer=optimizer.state_dict())
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    return state


@pytest.mark.parametrize('legacy', [False, pytest.param(True, marks=pytest.mark.slow)], ids=['zip', 'before torch 1.6'])
def test_moco_v2_and_pcl_v2(legacy, tmp_path):
    query, key = Encoder(mlp()), Encoder(mlp(), seed=1)
    theirs = moco_file(tmp_path / 'moco_v2.pth.tar', query, key, legacy=legacy)
    model = import_model(tmp_path / 'moco_v2.pth.tar')
    assert (model.layout, model.unused) == ('moco', ())
    path = model.save(tmp_path / 'ours.pth')

    ours = MODELS.build(dict(
        type='MoCoAdapter', queue_len=8, backbone=dict(type='ResNet', depth=18), head=dict(type='ElimContrastiveHead'),
        neck=dict(type='ProjectionMLP', in_channels=512, hidden_channels=512, out_channels=16, num_layers=2)))
    checkpoint = load_plain(str(path))
    check_fits(ours, checkpoint, str(path))  # what tools/test.py asks
    ours.load_state_dict(checkpoint['state_dict'])
    ours.eval()
    with torch.no_grad():
        torch.testing.assert_close(ours.extract_feat(images()), query.eval().features(images()))
        torch.testing.assert_close(ours.neck(ours.backbone(images()))[0], query.encoder(images()))
        torch.testing.assert_close(ours.key_neck(ours.key_backbone(images()))[0], key.encoder(images()))
    assert torch.equal(ours.queue.features, theirs['module.queue'].T) and (ours.queue.index == -1).all()
    assert int(ours.queue.pointer) == 4


def test_moco_v1_has_a_single_layer(tmp_path):
    query = Encoder(nn.Linear(512, 16))
    moco_file(tmp_path / 'moco_v1.pth.tar', query, query)
    state = import_model(tmp_path / 'moco_v1.pth.tar').state_dict
    assert torch.equal(state['neck.mlp.0.weight'], query.encoder.fc.weight)
    assert {name for name in state if name.startswith('key_neck')} == {'key_neck.mlp.0.weight', 'key_neck.mlp.0.bias'}


def swav_file(path, encoder, head, **prototypes):
    """As ``main_swav.py`` saves its last model: bare names under DistributedDataParallel's prefix."""
    state = {f'module.{name}': value for name, value in encoder.encoder.state_dict().items()}
    state |= {f'module.projection_head.{name}': value for name, value in head.state_dict().items()}
    torch.save({**state, **{f'module.{name}': value for name, value in prototypes.items()}}, path)
    return path


def test_swav(tmp_path):
    encoder = Encoder(nn.Identity())
    head = shuffle_weights(nn.Sequential(nn.Linear(512, 2048), nn.BatchNorm1d(2048), nn.ReLU(), nn.Linear(2048, 128)))
    path = swav_file(tmp_path / 'swav.pth.tar', encoder, head, **{'prototypes.weight': torch.ones(3000, 128)})
    model = import_model(path)
    assert (model.layout, model.unused) == ('swav', ())

    ours = swav(queue_len=0)
    checkpoint = load_plain(str(model.save(tmp_path / 'ours.pth')))
    check_fits(ours, checkpoint, 'ours.pth')
    ours.load_state_dict(checkpoint['state_dict'])
    ours.eval()
    with torch.no_grad():
        torch.testing.assert_close(ours.neck(ours.backbone(images()))[0], head(encoder.features(images())))
    assert (ours.head.prototypes.weight == 1).all()


def test_several_sets_of_prototypes_find_no_place(tmp_path):
    sets = {f'prototypes.prototypes{number}.weight': torch.ones(30, 16) for number in range(2)}
    model = import_model(swav_file(tmp_path / 'deepcluster.pth.tar', Encoder(nn.Identity()), nn.Linear(512, 16), **sets))
    assert model.unused == tuple(f'module.{name}' for name in sets)
    assert not any(name.startswith('head.') for name in model.state_dict)


ALEXNET = [nn.Conv2d(2, 96, 11, 4, 2), nn.MaxPool2d(3, 2), nn.Conv2d(96, 256, 5, 1, 2), nn.MaxPool2d(3, 2),
           nn.Conv2d(256, 384, 3, 1, 1), nn.Conv2d(384, 384, 3, 1, 1), nn.Conv2d(384, 256, 3, 1, 1), nn.MaxPool2d(3, 2)]
VGG16 = [layer for widths in ([2, 64, 64], [64, 128, 128], [128, 256, 256, 256], [256, 512, 512, 512], [512, 512, 512, 512])
         for layer in [*(nn.Conv2d(*pair, 3, 1, 1) for pair in zip(widths, widths[1:])), nn.MaxPool2d(2, 2)]]


def deepcluster_file(path, layout, linear, counters=True):
    """As ``main.py`` of DeepCluster saves: only the convolutions are in DataParallel. Returns the net without its last ReLU."""
    convolutions = nn.Sequential(*[part for layer in layout for part in (
        (layer, nn.BatchNorm2d(layer.out_channels), nn.ReLU()) if isinstance(layer, nn.Conv2d) else (layer,))])
    grey, sobel = nn.Conv2d(3, 1, 1), nn.Conv2d(1, 2, 3, padding=1)
    net = shuffle_weights(nn.ModuleDict(dict(sobel=nn.Sequential(grey, sobel), features=convolutions, classifier=linear,
                                             top_layer=nn.Linear(4, 10))))
    state = {name.replace('features.', 'features.module.'): value for name, value in net.state_dict().items()
             if counters or 'num_batches' not in name}
    torch.save(dict(epoch=200, arch='alexnet', state_dict=state, optimizer=dict()), path)
    return lambda pixels: linear(convolutions(net['sobel'](pixels)).flatten(1))


@pytest.mark.parametrize('counters', [True, False], ids=['counters', 'without counters'])
@pytest.mark.parametrize('arch', ['alexnet', pytest.param('vgg16', marks=pytest.mark.slow)])
def test_deepcluster(arch, counters, tmp_path):
    first = [nn.Identity(), nn.Linear(9216, 4), nn.ReLU(), nn.Identity()] if arch == 'alexnet' else [
        nn.Linear(25088, 4), nn.ReLU(), nn.Identity()]
    layout = ALEXNET if arch == 'alexnet' else VGG16
    theirs = deepcluster_file(tmp_path / 'checkpoint.pth.tar', layout, nn.Sequential(*first, nn.Linear(4, 4)), counters)
    model = import_model(tmp_path / 'checkpoint.pth.tar')
    assert (model.layout, model.unused) == ('deepcluster', ('top_layer.weight', 'top_layer.bias'))
    backbone = load_backbone(model.save(tmp_path / 'ours.pth')).eval()
    pixels = torch.rand(2, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(pool(backbone(pixels)), theirs(pixels), rtol=1e-4, atol=1e-5)
        with pytest.raises(ValueError, match='DeepClusterNet takes images of 224 x 224 pixels, got 64 x 64'):
            backbone(pixels[:, :, :64, :64])


def test_the_sobel_filter_sees_edges_and_does_not_learn():
    net = MODELS.build(dict(type='DeepClusterNet', arch='alexnet', hidden_channels=4))
    edge = torch.zeros(1, 3, 8, 8)
    edge[..., 4:] = 1
    across, down = net.sobel(edge)[0, :, 2:6, 2:6]
    assert (across[:, 1:3] == -4).all() and (across[:, [0, 3]] == 0).all() and (down == 0).all()
    assert not any(parameter.requires_grad for parameter in net.sobel.parameters())


def test_another_network_behind_a_sobel_filter_is_refused(tmp_path):
    deepcluster_file(tmp_path / 'checkpoint.pth.tar', ALEXNET[:3], nn.Sequential(nn.Linear(4, 4)))
    with pytest.raises(ValueError, match='is not alexnet as DeepCluster has it'):
        import_model(tmp_path / 'checkpoint.pth.tar')


def test_torchvision_and_timm(tmp_path):
    theirs = shuffle_weights(resnet18())
    torch.save(theirs.state_dict(), tmp_path / 'resnet18.pth')
    model = import_model(tmp_path / 'resnet18.pth')
    assert (model.layout, model.unused) == ('resnet', ('fc.weight', 'fc.bias'))
    backbone = load_backbone(model.save(tmp_path / 'ours.pth'))
    theirs.fc = nn.Identity()
    with torch.no_grad():
        torch.testing.assert_close(pool(backbone(images())), theirs(images()))


@pytest.mark.parametrize('wrap', ['state_dict', 'model'])
def test_files_of_old_lack_counters_and_may_wrap_the_tensors(wrap, tmp_path):
    state = {name: value for name, value in resnet18().state_dict().items() if 'num_batches' not in name}
    torch.save({wrap: state, 'epoch': 3}, tmp_path / 'resnet18.pth')
    ours = import_model(tmp_path / 'resnet18.pth').state_dict
    assert int(ours['backbone.bn1.num_batches_tracked']) == 0
    assert torch.equal(ours['backbone.conv1.weight'], state['conv1.weight'])


def test_there_and_back(tmp_path):
    theirs = shuffle_weights(resnet18()).state_dict()
    torch.save(theirs, tmp_path / 'in.pth')
    ours = import_model(tmp_path / 'in.pth').save(tmp_path / 'ours.pth')
    back = torch.load(export_backbone(ours, tmp_path / 'out.pth', 'torchvision'), weights_only=True)
    assert back.keys() == {name for name in theirs if not name.startswith('fc.')}
    assert all(torch.equal(value, theirs[name]) for name, value in back.items())


@pytest.mark.parametrize('content, message', [
    (dict(args=argparse.Namespace(lr=1), state_dict=resnet18().state_dict()), 'holds more than tensors and plain values'),
    (dict(state_dict={'vit.patch_embed': torch.zeros(1)}), 'none of the known layouts.*its first tensor is vit.patch_embed'),
    ([torch.zeros(1)], 'has none of the known layouts.*it holds no tensors by name'),
    ({'conv1.weight': torch.zeros(64, 3, 7, 7)}, 'is not a ResNet of depth'),
    (dict(resnet18().state_dict(), extra=torch.zeros(1)), r'is not a plain ResNet: 1 tensors \(such as extra\)')])
def test_what_is_refused(content, message, tmp_path):
    torch.save(content, tmp_path / 'file.pth')
    with pytest.raises(ValueError, match=message) as error:
        import_model(tmp_path / 'file.pth')
    assert '\n' not in str(error.value)


def test_a_missing_or_damaged_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='does not exist'):
        import_model(tmp_path / 'none.pth')
    (tmp_path / 'torn.pth').write_bytes(save_as_ours(tmp_path / 'ours.pth', backbone=resnet18()).read_bytes()[:1000])
    with pytest.raises(ValueError, match='is damaged|more than tensors'):
        import_model(tmp_path / 'torn.pth')
