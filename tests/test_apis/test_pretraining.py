"""Pre-training in one call: what is derived, what is written, and that the written config repeats the run."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from image_folders import write_images
from mmengine.registry import DefaultScope

from mmifnd.apis import evaluate, extract_features, load_backbone, pretrain
from mmifnd.apis.pretraining import OPTION, UNSAID, pretraining_config, print_settings
from mmifnd.configuration import load_config
from mmifnd.configuration.derived import (
    Derived,
    acceptance_of,
    batch_of,
    clusters_of,
    freeze_of,
    interval_of,
    learning_rate_of,
    milestones_of,
    momentum_of,
    prototypes_of,
    queue_of,
    queue_start_of,
    small_crop_of,
    swav_queue_of,
)
from mmifnd.datasets.image_data import image_dataset
from mmifnd.registry import MODELS

ROOT = Path(__file__).resolve().parents[2]
TINY = {'model.backbone.base_channels': 4, 'model.neck.in_channels': 32, 'model.neck.hidden_channels': 8, 'log_level': 'ERROR'}
HOOK = 'default_hooks.false_negative'


@pytest.mark.parametrize('images, clusters, batch, queue', [
    (1_281_167, (1000, 3000, 10000), 256, 65536),  # the paper's
    (50_000, (100, 300, 1000), 256, 6144),
    (1297, (10, 30, 100), 256, 162),
    (200, (10, 30, 66), 32, 25),
    (20, (6,), 4, 2)])
def test_sizes_follow_from_the_number_of_images(images, clusters, batch, queue):
    assert clusters_of(images).value == clusters and batch_of(images).value == batch
    assert queue_of(images, batch).value == queue
    assert queue <= max(1, images // 8) and (queue % batch == 0 or queue < batch)


@pytest.mark.parametrize('images', [8, 20, 31, 200, 1023])
def test_the_reason_of_a_small_batch_says_how_many_steps_an_epoch_has(images):
    batch, reason = batch_of(images)
    assert 4 <= images // batch <= 7 and reason == f'{images // batch} steps per epoch of {images} images'


def test_the_rest_follows_from_epochs_and_steps():
    assert learning_rate_of(256).value == 0.03 and learning_rate_of(64).value == pytest.approx(0.0075)
    assert milestones_of(200).value == [120, 160] and milestones_of(1).value == [1, 1]
    assert [interval_of(50_000, epochs).value for epochs in (10, 200, 1000)] == [1, 4, 20]
    assert interval_of(1_281_167, 200).value == 1
    assert (momentum_of(200).value, momentum_of(1_000_000).value) == (0.99, 0.999)
    assert (acceptance_of(200).value, acceptance_of(1_000_000).value) == (0.5, 1.)


@pytest.mark.parametrize('images, batch, queue, prototypes, freeze', [
    (1_281_167, 256, 3840, 3000, 5004),  # SwAV's script for batches of 256, which also counts the images that it leaves out
    (1_281_167, 4096, 0, 3000, 312),  # its large batches have no queue either
    (10_000, 256, 1024, 937, 39),
    (1297, 256, 0, 187, 5),
    (20, 4, 0, 2, 5)])
def test_sizes_of_swav(images, batch, queue, prototypes, freeze):
    assert swav_queue_of(images, batch).value == queue and freeze_of(images, batch).value == freeze
    assert prototypes_of(queue, batch).value == prototypes <= queue + batch
    assert queue % batch == 0 and queue <= images // 8


@pytest.mark.parametrize('framework, method, with_groups', [
    ('mocov2', 'ifnd', True), ('mocov2', 'glofnd', True), ('simclr', 'none', False), ('swav', 'ifnd', False)])
def test_at_most_fifteen_lines_before_the_first_step(framework, method, with_groups, tmp_path, capsys):
    """Beside the settings: the look, the device, what is trained, the state of each image if there is any, and the log."""
    root = write_images(tmp_path / 'images', count=60, size=8)
    shutil.copy(root / 'class_0' / '000.png', root / 'class_0' / 'copy.png')
    config, settings = pretraining_config(root, method, framework, 'resnet18', 20, None, 224, 0, 0, 0.2,
                                          'duplicates' if with_groups else None)
    options = {'model.head.temperature': Derived(0.1, OPTION), 'train_cfg.max_broken': Derived(3, OPTION)}
    capsys.readouterr()
    print_settings({**settings, **options}, tmp_path / 'config.py')
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) + (5 if method == 'glofnd' else 4) <= 15
    shown = {key for key, setting in settings.items() if not setting.reason.startswith('given') and key not in UNSAID}
    assert all(any(f'{key.removeprefix("default_hooks.")} = ' in line for line in lines) for key in shown)
    assert sum('an option' in line for line in lines) == 1


def test_the_rest_of_swav_follows_from_epochs_and_sides():
    assert [queue_start_of(epochs).value for epochs in (1, 20, 200, 800)] == [0, 1, 15, 15]
    assert [small_crop_of(size).value for size in (80, 160, 224)] == [48, 96, 96]
    assert learning_rate_of(64, 0.6).value == pytest.approx(0.15)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """24 pictures in two class folders."""
    return write_images(tmp_path_factory.mktemp('images'), count=24)


def resolve(folder, method='ifnd', framework='mocov2', backbone='resnet18', epochs=200, batch_size=None, image_size=32):
    """The config and what was derived."""
    return pretraining_config(folder, method, framework, backbone, epochs, batch_size, image_size, 0, 0)


CONTRASTIVE = dict(
    ifnd=['ElimContrastiveHead', 'PseudoLabelDetector'], glofnd=['GloFNDThresholdHead', 'QuantileThresholdDetector'],
    none=['ElimContrastiveHead', 'NoDetector'])
SWAV = dict(ifnd=['SwAVHead', 'PseudoLabelDetector'], none=['SwAVHead', 'NoDetector'])


@pytest.mark.parametrize('framework, adapter, method, parts', [
    *(('mocov2', 'MoCoAdapter', *row) for row in CONTRASTIVE.items()),
    *(('simclr', 'SimCLRAdapter', *row) for row in CONTRASTIVE.items()),
    *(('swav', 'SwAVAdapter', *row) for row in SWAV.items())])
def test_every_combination_loads_and_builds(framework, adapter, method, parts, folder, tmp_path):
    config, settings = resolve(folder, method, framework)
    config.dump(str(tmp_path / 'config.py'))
    loaded = load_config(tmp_path / 'config.py')  # which checks every name
    assert loaded.to_dict() == config.to_dict()
    model = MODELS.build(loaded.model)
    assert [type(part).__name__ for part in (model, model.head, model.head.detector)] == [adapter, *parts]
    assert (f'{HOOK}.num_clusters' in settings) == (method == 'ifnd')
    assert (framework != 'simclr') == ('model.queue_len' in settings)


@pytest.mark.parametrize('size, kind, resize, blurred', [(224, 'ResNet', 256, True), (40, 'ResNet_CIFAR', 46, False)])
def test_small_crops_are_trained_as_cifar_is(size, kind, resize, blurred, folder):
    config, _ = resolve(folder, backbone='resnet50', image_size=size)
    steps = [step.type for step in config.train_dataloader.dataset.pipeline[1].transforms[0]]
    assert config.model.backbone.type == kind and config.model.neck.in_channels == 2048
    assert ('GaussianBlur' in steps) is blurred
    _, scaled, cropped, _ = config.test_dataloader.dataset.pipeline
    assert [scaled.scale, cropped.crop_size] == [resize, size]


@pytest.mark.parametrize('size, shapes', [(32, [32] * 2), (80, [80] * 2 + [48] * 4)])
def test_swav_gets_smaller_crops_of_images_that_are_not_small(size, shapes, folder):
    config, _ = resolve(folder, framework='swav', image_size=size)
    with DefaultScope.overwrite_default_scope('mmifnd'):
        sample = image_dataset(folder, pipeline=config.train_dataloader.dataset.pipeline)[0]
    assert [crop.shape[-1] for crop in sample['inputs']] == shapes


@pytest.mark.parametrize('options, message', [
    (dict(method='magic'), "method='magic' is unknown; choose one of none, ifnd, ifnd_attraction, glofnd"),
    (dict(framework='byol'), "framework='byol' is unknown"), (dict(backbone='vit'), "backbone='vit' is unknown"),
    (dict(epochs=0), 'epochs=0 is below 1'), (dict(batch_size=1), 'batch_size=1 is below 2'),
    (dict(framework='swav', method='glofnd'), "thresholds the negatives of an image, and does not go with framework='swav'"),
    (dict(batch_size=25), 'batch_size=25 exceeds the 20 training images'), (dict(image_size=4), 'image_size=4 is below 8'),
    (dict(options={'train_cfg': None}), 'train_cfg=None must be a dict; leave it out of the options'),
    (dict(options={'train_dataloader.dataset': 5}), 'train_dataloader.dataset=5 must be a dict'),
    (dict(options={'model.head.temprature': 0.1}), 'temprature: the config has no such key; did you mean temperature')])
def test_one_line_before_anything_is_written(options, message, folder, tmp_path):
    with pytest.raises(ValueError, match=message):
        pretrain(folder, tmp_path / 'out', **options)
    assert not (tmp_path / 'out').exists()


@pytest.mark.slow
@pytest.mark.parametrize('framework, image_size, options', [
    ('mocov2', 16, TINY), ('swav', 80, {**TINY, 'model.queue_len': 16})])  # queue, six crops, and a clustering between
def test_the_config_repeats_the_run_and_everything_else_takes_its_checkpoint(
        framework, image_size, options, folder, tmp_path, capsys, restored_torch):
    result = pretrain(folder, tmp_path / 'out', framework=framework, epochs=2, image_size=image_size, batch_size=8,
                      num_workers=0, options=options)
    assert 'model.queue_len' in capsys.readouterr().err
    command = [sys.executable, 'tools/train.py', str(result.config), '--work-dir', str(tmp_path / 'again')]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)
    first, second = (torch.load(path, weights_only=True)['state_dict']
                     for path in (result.checkpoint, tmp_path / 'again' / 'epoch_2.pth'))
    assert first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
    assert (tmp_path / 'out' / 'false_negatives' / 'history.jsonl').is_file()

    features = extract_features(result.checkpoint, folder).features
    backbone = load_backbone(result.checkpoint)
    assert features.shape == (24, 32) and not backbone.training
    measures = evaluate(result.checkpoint, measures=['nmi'])
    assert 0 <= measures['nmi'] <= 100 and set(measures) == {'nmi', 'nmi_std'}
