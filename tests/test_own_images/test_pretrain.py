"""pretrain(): its arguments, its methods and backbones, stopping and going on, and what it leaves alone."""

import json
import os
import signal
import sys

import pytest
import torch
from image_folders import write_images
from torch import nn

from mmifnd.apis import UserError, compare, evaluate, pretrain
from mmifnd.apis.pretraining_arguments import prepare_folder
from mmifnd.apis.pretraining_config import pretraining_config
from mmifnd.apis.pretraining_parts import ALL, METHODS
from mmifnd.configuration import build_runner, load_config
from mmifnd.datasets.image_data import image_dataset, read_folder
from mmifnd.engine.hooks import CostHook, StopHook
from mmifnd.engine.hooks.cost_hook import duration
from mmifnd.models.backbones import give_backbone
from mmifnd.registry import MODELS

TINY = {'model.backbone': dict(_delete_=True, type='SmallCNN', in_channels=3, widths=(4, 8)), 'model.neck.in_channels': 8,
        'model.neck.hidden_channels': 8, 'log_level': 'WARNING', 'default_hooks.health.max_images': 8}


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return write_images(tmp_path_factory.mktemp('images'), count=40, size=12)


def train(folder, out, epochs=1, options=None, **arguments):
    return pretrain(folder, out, **{**dict(method='none', framework='simclr', epochs=epochs, batch_size=16, image_size=16,
                                           num_workers=0, options={**TINY, **(options or {})}), **arguments})


def config_of(folder, method='ifnd', framework='mocov2', backbone='resnet18', image_size=32, **arguments):
    return pretraining_config(folder, **{**dict(
        method=method, framework=framework, backbone=backbone, epochs=4, batch_size=16, image_size=image_size, seed=0,
        num_workers=0), **arguments})


# --- arguments ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('arguments, line', [
    (dict(epochs='10'), "epochs='10' is a str; give a whole number, such as 200"),
    (dict(image_size=(96, 96)), r'image_size=\(96, 96\) is a tuple; give a whole number, such as 224'),
    (dict(batch_size=2.5), 'batch_size=2.5 is a float; give a whole number'), (dict(epochs=True), 'epochs=True is a bool'),
    (dict(num_workers=-1), 'num_workers=-1 is below 0; give at least 0'), (dict(seed=None), 'seed=None is a NoneType'),
    (dict(model='resnet50'), "has no argument model; write backbone='resnet18'"),
    (dict(lr=0.1), r"has no argument lr; write options=\{'optim_wrapper.optimizer.lr': 0.03\}"),
    (dict(alpha=0.1), r"has no argument alpha; write options=\{'model.head.detector.alpha': 0.01\}, with method='glofnd'"),
    (dict(epoch=3), r'has no argument epoch; did you mean epochs'), (dict(backbone=18), 'backbone=18 is an int; give a name'),
    (dict(backbone='resnet7'), "backbone='resnet7' is unknown; choose one of resnet18, .*'timm/NAME'"),
    (dict(backbone='torchvision/resnet7'), 'torchvision has no model resnet7'),
    (dict(method=['ifnd']), r"method=\['ifnd'\] is unknown; choose one of none, ifnd"),
    (dict(method='topk', framework='swav'), "method='topk' does not go with framework='swav'; choose framework='mocov2' or"),
    (dict(holdout=1), r'holdout=1 must be a share of the images in \[0, 1\)'), (dict(holdout='no'), "holdout='no' must be"),
    (dict(options=['a']), r"options=\['a'\] is a list; give a dict of dotted keys")])
def test_wrong_arguments_are_one_line(arguments, line, folder, tmp_path):
    with pytest.raises(UserError, match=line) as refusal:
        pretrain(folder, tmp_path / 'out', **arguments)
    assert '\n' not in str(refusal.value) and not (tmp_path / 'out').exists()


@pytest.mark.parametrize('data, line', [
    (3, 'data is an int; give a folder of images, or a list of folders or files'), ([], 'data is a list; give'),
    (['/none'], '/none does not exist; give folders of images, or files')])
def test_data_that_is_none(data, line, tmp_path):
    with pytest.raises(UserError, match=line):
        pretrain(data, tmp_path / 'out')


def test_a_list_of_folders_and_files(folder, tmp_path):
    other = write_images(tmp_path / 'other', count=10, size=12, seed=1)
    both = read_folder([folder, str(other)])
    assert both.layout.kind == 'classes' and both.layout.classes == ('class_0', 'class_1') and both.layout.num_images == 50
    dataset = image_dataset(both.train)
    assert len(dataset) == 50 and set(dataset.labels()) == {0, 1}
    files = sorted(str(path) for path in folder.rglob('*.png'))[:5]
    some = read_folder([*files, files[0]])
    assert some.layout.kind == 'flat' and len(image_dataset(some.train)) == 5 and image_dataset(some.train).labels() is None
    config, settings = config_of([folder, other])
    held = len(image_dataset(config.test_dataloader.dataset.to_dict()))
    assert held == 10 and settings['holdout'].value == 0.2
    assert config.train_dataloader.dataset.sources == [str(folder), str(other)]


# --- parts --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('method', [
    name if name in ('ifnd', 'sane') else pytest.param(name, marks=pytest.mark.slow) for name in METHODS])
def test_every_method_builds_on_every_framework_that_it_goes_with(method, folder, tmp_path):
    for framework in ALL:
        if framework not in METHODS[method].frameworks:
            continue
        config, _ = config_of(folder, method, framework)
        config.dump(str(tmp_path / 'config.py'))
        loaded = load_config(tmp_path / 'config.py')
        clustering = loaded.default_hooks.get('false_negative') or {}
        accepts = clustering.get('acceptance', {}).get('end', 1.) > 0 if clustering else False
        assert accepts == METHODS[method].clusters
        assert type(MODELS.build(loaded.model).head.detector).__name__ == METHODS[method].detector['type']


@pytest.mark.parametrize('backbone, kind, width', [
    ('resnet50', 'ResNet', 2048), ('torchvision/mobilenet_v3_small', 'TorchvisionBackbone', 1024),
    (dict(type='SmallCNN', in_channels=3, widths=(4, 8)), 'SmallCNN', 8),
    (nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU()), 'GivenBackbone', 5)])
def test_backbones_by_name_config_and_module(backbone, kind, width, folder):
    config, settings = config_of(folder, backbone=backbone, image_size=48)
    assert config.model.backbone.type == kind and config.model.neck.in_channels == width
    assert f'{width} channels for crops of 48 pixels' in settings['model.backbone.type'].reason
    assert MODELS.build(config.model).extract_feat(torch.zeros(2, 3, 48, 48)).shape == (2, width)


@pytest.mark.parametrize('size, kind', [(47, 'ResNet_CIFAR'), (48, 'ResNet'), (64, 'ResNet')])
def test_the_stem_follows_the_size(size, kind, folder):
    assert config_of(folder, image_size=size)[0].model.backbone.type == kind


def test_a_given_module_keeps_its_weights_and_is_asked_for_elsewhere():
    module = nn.Conv2d(3, 4, 1)
    name = give_backbone(module)
    built = MODELS.build(dict(type='GivenBackbone', name=name))
    built.init_weights()
    assert torch.equal(built.model.weight, module.weight) and built.model is not module
    with pytest.raises(UserError, match='the backbone Net_7 was given as a module, which a config cannot hold; give it again'):
        MODELS.build(dict(type='GivenBackbone', name='Net_7'))


def test_intervals_fit_the_run(folder):
    config, settings = config_of(folder, batch_size=4)
    assert config.default_hooks.logger.interval == 4 and config.default_hooks.detection.interval == 2  # of 8 steps
    assert settings['default_hooks.logger.interval'].reason == 'at least 2 times in an epoch of 8 steps'
    many, _ = config_of([folder], batch_size=2)
    assert many.default_hooks.detection.interval == 4


def test_glofnd_says_what_alpha_means(folder):
    config, settings = config_of(folder, 'glofnd')
    setting = settings['model.head.detector.alpha']
    assert config.model.head.detector.alpha == setting.value == pytest.approx(1 / 31, abs=1e-4)
    assert config.model.head.detector.start_epoch == 1 and config.model.head.detector.initialization == 'batch_quantile'
    fnc, _ = config_of(folder, 'fnc', epochs=200)
    assert fnc.model.head.detector.start_epoch == 70 and 'initialization' not in fnc.model.head.detector
    assert setting.reason.startswith('begin low: the 1 most similar of 32 images; raise it while what is removed looks right')


def test_loaders_keep_their_workers(folder):
    config, _ = config_of(folder, num_workers=2)
    assert config.train_dataloader.persistent_workers and config.test_dataloader.persistent_workers
    assert ('pin_memory' in config.train_dataloader) == torch.cuda.is_available()


def test_the_cost_of_a_step_is_said_once(monkeypatch):
    from types import SimpleNamespace
    lines, times = [], iter((10., 14.))
    monkeypatch.setattr(CostHook, '_now', staticmethod(lambda: next(times)))
    loader = type('Loader', (list,), dict(batch_size=64))(range(20))
    runner = SimpleNamespace(train_dataloader=loader, max_iters=100, iter=3, hooks=[],
                             logger=SimpleNamespace(info=lines.append))
    hook = CostHook()
    for step in range(6):
        hook.after_train_iter(runner, step)
    line, = lines
    assert line.startswith('a step of 64 images takes 2.00 s on the ')
    assert 'an epoch of 20 steps 40 s, the 97 steps that are left about 3 min 14 s' in line and duration(7200) == '2 h 0 min'


# --- runs ---------------------------------------------------------------------------------------------------------------


def test_a_stopped_run_goes_on_and_its_config_stays_as_it_was(folder, tmp_path, monkeypatch, restored_torch):
    """SIGTERM after the first step of the second epoch; then resume=True, to the weights of an uninterrupted run."""
    def kill(hook, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        look(hook, runner, batch_idx, data_batch, outputs)
    look = StopHook.after_train_iter
    before = signal.getsignal(signal.SIGTERM)
    with monkeypatch.context() as patch:
        patch.setattr(StopHook, 'after_train_iter', kill)
        with pytest.raises(SystemExit) as stop:
            train(folder, tmp_path / 'out', epochs=3)
    assert stop.value.code == 75 and signal.getsignal(signal.SIGTERM) == before
    assert (tmp_path / 'out' / 'iter_3.pth').is_file()
    text = (tmp_path / 'out' / 'config.py').read_bytes()
    with pytest.raises(UserError, match=r'holds a run \(epoch_1.pth\); go on with it: resume=True, begin anew in its place'):
        train(folder, tmp_path / 'out', epochs=3)
    resumed = train(folder, tmp_path / 'out', epochs=3, resume=True)
    assert (tmp_path / 'out' / 'config.py').read_bytes() == text and b'iter_3' not in text
    starts = [json.loads(line) for line in (tmp_path / 'out' / 'starts.jsonl').read_text().splitlines()]
    assert [start['resumed'] for start in starts] == [False, True] and starts[1]['checkpoint'].endswith('iter_3.pth')
    whole = train(folder, tmp_path / 'whole', epochs=3)
    one, other = (torch.load(path.checkpoint, weights_only=True)['state_dict'] for path in (resumed, whole))
    assert all(torch.equal(one[name], other[name]) for name in other)


def test_a_used_folder_is_begun_anew_on_request_only(tmp_path):
    (tmp_path / 'photo.png').touch()
    for name in ('epoch_3.pth', 'last_checkpoint', 'config.py'):
        (tmp_path / name).write_text('x')
    (tmp_path / '20260101_101010' / 'vis_data').mkdir(parents=True)
    with pytest.raises(UserError, match='give one of them'):
        prepare_folder(tmp_path, resume=True, overwrite=True)
    with pytest.raises(UserError, match=r'holds a run \(epoch_3.pth\)'):
        prepare_folder(tmp_path, resume=False, overwrite=False)
    prepare_folder(tmp_path, resume=True, overwrite=False)
    assert (tmp_path / 'epoch_3.pth').exists()
    prepare_folder(tmp_path, resume=False, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ['photo.png']
    with pytest.raises(UserError, match='is a file; give a folder'):
        prepare_folder(tmp_path / 'photo.png', resume=False, overwrite=False)


def test_the_config_of_a_resumed_run_is_not_rewritten(tmp_path, restored_torch):
    """The user's file in the work directory, and a copy in one that is not."""
    base = load_config('configs/baselines/simclr_digits.py', {
        'train_cfg.max_epochs': 1, 'param_scheduler': [], 'model.backbone.widths': (4, 8), 'model.neck.in_channels': 8})
    base.work_dir, base.log_level = str(tmp_path / 'run'), 'ERROR'
    (tmp_path / 'run').mkdir()
    mine = tmp_path / 'run' / 'mine.py'
    base.dump(str(mine))
    text = '# my words\n' + mine.read_text()
    mine.write_text(text)
    for resume in (False, True):
        config = load_config(mine, {'train_cfg.max_epochs': 1 + resume})
        config.resume = resume
        build_runner(config).train()
    assert mine.read_text() == text
    other = load_config(mine)
    other.work_dir, other.resume, other.load_from = str(tmp_path / 'other'), True, str(tmp_path / 'run' / 'epoch_2.pth')
    build_runner(other)
    kept = load_config(tmp_path / 'other' / 'mine.py')
    assert kept.resume is False and kept.load_from is None


def test_modules_of_ones_own_are_named_in_the_config(folder, tmp_path, monkeypatch, restored_torch):
    (tmp_path / 'own_detector_of_a_test.py').write_text(
        'from mmifnd.detectors import NoDetector\nfrom mmifnd.registry import MODELS\n\n\n'
        '@MODELS.register_module()\nclass OwnDetectorOfATest(NoDetector):\n    """None."""\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    result = train(folder, tmp_path / 'out', options={
        'custom_imports': dict(imports=['own_detector_of_a_test']),
        'model.head.detector': dict(_delete_=True, type='OwnDetectorOfATest')})
    assert 'own_detector_of_a_test' in result.config.read_text()
    sys.modules.pop('own_detector_of_a_test')
    MODELS.module_dict.pop('OwnDetectorOfATest')  # as in a fresh process
    assert 'knn' in evaluate(result.checkpoint, measures=['knn'], options={'log_level': 'ERROR', 'test_cfg.measures.knn.k': 3})


def test_a_place_that_cannot_be_written_is_refused_before_the_images_are_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(os, 'access', lambda path, mode: str(path) != str(tmp_path))
    for call in (pretrain, compare):
        with pytest.raises(UserError, match=f'there is no permission to write into {tmp_path}; give another folder'):
            call(tmp_path / 'no such images', tmp_path / 'a' / 'b')
    (tmp_path / 'file').touch()
    with pytest.raises(UserError, match='file is a file; give a folder'):
        pretrain(tmp_path / 'no such images', tmp_path / 'file' / 'run')
