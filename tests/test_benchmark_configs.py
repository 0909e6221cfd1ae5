"""Benchmarks load, build and run: on small folders in the layout of each data set, through the same config."""

import ast
import pickle
import shutil
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from PIL import Image
from scipy.io import savemat

from mmifnd.configuration import build_runner, load_config
from mmifnd.engine.checkpoints.checkpoint_format import check_fits
from mmifnd.registry import DATASETS, METRICS, MODELS

ROOT = Path(__file__).resolve().parent.parent / 'configs' / 'benchmarks'
CLASSIFIERS, FEATURES = (
    sorted(str(path.relative_to(ROOT)) for room in rooms for path in (ROOT / room).glob('*.py'))
    for rooms in (('linear', 'semi_supervised'), ('svm', 'transfer', 'wordnet', 'nmi')))
SMALL = {'model.backbone.depth': 18, 'model.backbone.stem_channels': 8, 'model.backbone.base_channels': 8}
RANDOM = np.random.default_rng(0)


def picture(path, label=0, size=40):
    """An image whose colour tells its label."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = RANDOM.integers(0, 60, (size, size, 3)) + np.array([label % 4 * 45, 60, 180 - label % 4 * 45])
    Image.fromarray(pixels.astype(np.uint8)).save(path)


@cache
def built_type(model):
    """Name of the class that a model builds; equal models are built once, and none is kept."""
    with DefaultScope.overwrite_default_scope('mmifnd'):
        return type(MODELS.build(ast.literal_eval(model))).__name__


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    """What our pre-training leaves of a small ResNet: ``backbone.``, ``neck.`` and ``head.``, tensors and plain values."""
    path = tmp_path_factory.mktemp('weights') / 'epoch_1.pth'
    with DefaultScope.overwrite_default_scope('mmifnd'):
        torch.manual_seed(0)
        for kind, name in (('ResNet', path), ('ResNet_CIFAR', path.with_name('cifar.pth'))):
            model = MODELS.build(dict(
                type='SimCLRAdapter', backbone=dict(type=kind, depth=18, stem_channels=8, base_channels=8),
                neck=dict(type='ProjectionMLP', in_channels=64, hidden_channels=8, out_channels=4),
                head=dict(type='ElimContrastiveHead')))
            model.init_weights()
            torch.save(dict(state_dict=model.state_dict(), meta=dict(seed=1)), name)
    return path


# --- what the files say ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('name', CLASSIFIERS + FEATURES)
def test_loads_and_its_model_builds(name):
    config = load_config(ROOT / name)
    assert built_type(repr(config.model.to_dict())) == ('ImageClassifier' if name in CLASSIFIERS else 'Encoder')
    assert ('train_cfg' in config) == (name in CLASSIFIERS)


@pytest.mark.parametrize('name', CLASSIFIERS)
def test_name_says_batch_and_epochs(name):
    config = load_config(ROOT / name)
    gpus, batch = (int(number) for number in name.split('_')[-3].split('-')[0].split('xb'))
    assert config.train_dataloader.batch_size == batch and config.auto_scale_lr.base_batch_size == gpus * batch
    assert f'_{config.train_cfg.max_epochs}e_' in name


def test_the_protocols_of_the_papers():
    linear = load_config(ROOT / 'linear/linear_r50_8xb32-steplr_100e_in1k.py')
    assert linear.optim_wrapper.optimizer == dict(type='SGD', lr=10., momentum=0.9, weight_decay=0.)
    assert linear.param_scheduler[0] == dict(type='MultiStepLR', by_epoch=True, milestones=[60, 80], gamma=0.1)
    assert linear.model.backbone.frozen_stages == 4 and linear.model.backbone.norm_eval
    one, ten = (load_config(ROOT / f'semi_supervised/finetune_r50_4xb64-steplr_20e_in1k-{share}pct.py') for share in (1, 10))
    for config, share, lr in ((one, 0.01, 1.), (ten, 0.1, 0.1)):
        assert config.train_dataloader.dataset.fraction == share and config.model.backbone.frozen_stages == -1
        mult = config.optim_wrapper.paramwise_cfg.custom_keys['head.fc'].lr_mult
        assert config.optim_wrapper.optimizer.lr == 0.01 and 0.01 * mult == pytest.approx(lr)
        assert config.param_scheduler[0].milestones == [12, 16] and config.param_scheduler[0].gamma == 0.2
        assert config.val_evaluator.topk == (1, 5)
    shares = {fraction: load_config(ROOT / f'linear/linear_r50_1xb1024-coslr_{epochs}e_in100{share}.py')
              for fraction, epochs, share in ((1., 90, ''), (.1, 285, '-10pct'), (.01, 900, '-1pct'), (.001, 900, '-0.1pct'))}
    for fraction, config in shares.items():
        assert config.train_dataloader.dataset.fraction == fraction and config.train_dataloader.dataset.seed == 12346
        assert config.optim_wrapper == shares[1.].optim_wrapper and config.param_scheduler == shares[1.].param_scheduler
    # Of a probe whose softmax underflows but for one class, the second guess counts, too.
    metric = METRICS.build(dict(linear.val_evaluator, topk=(1, 2)))
    metric.process({}, [dict(pred_score=torch.tensor([1., 0., 0.]), gt_label=torch.tensor([1]))])
    assert metric.evaluate(1) == {'accuracy/top1': 0., 'accuracy/top2': 100.}
    scores = {name.split('_')[-1][:-3]: load_config(ROOT / name).test_cfg.measures.transfer.score
              for name in FEATURES if name.startswith('transfer')}
    assert scores == dict(cifar10='top1', cifar100='top1', food101='top1', cars='top1', dtd='top1', pets='per_class',
                          caltech101='per_class', flowers102='per_class')


# --- lists and shares of labels -------------------------------------------------------------------------------------------


@pytest.fixture(scope='module')
def imagenet(tmp_path_factory):
    """ImageNet's layout: 8 images a class for training, 2 for validation, of 4 classes."""
    root = tmp_path_factory.mktemp('imagenet')
    for label, wnid in enumerate(('n01440764', 'n01443537', 'n02119789', 'n04467665')):
        for split, count in (('train', 8), ('val', 2)):
            for number in range(count):
                picture(root / split / wnid / f'{wnid}_{number}.JPEG', label)
    (root / 'classes.txt').write_text('n01440764\nn02119789\nn04467665\n')
    (root / 'list.txt').write_text('n01440764_1.JPEG\nn02119789_5.JPEG\nn02119789_6.JPEG\n')
    return root


def labelled(root, **options):
    return DATASETS.build(dict(
        type='mmifnd.LabelledSubset', data_root=str(root), data_prefix='train', serialize_data=False, **options))


def test_a_list_of_images_and_a_share_of_each_class(imagenet):
    listed = labelled(imagenet, image_list=str(imagenet / 'list.txt'), fraction=0.5)
    assert [(Path(info['img_path']).name, info['gt_label']) for info in (listed.get_data_info(i) for i in range(3))] == [
        ('n01440764_1.JPEG', 0), ('n02119789_5.JPEG', 2), ('n02119789_6.JPEG', 2)] and len(listed) == 3
    shares = [[labelled(imagenet, fraction=0.25, seed=seed).get_data_info(i) for i in range(8)] for seed in (0, 0, 1)]
    assert [info['gt_label'] for info in shares[0]] == [0, 0, 1, 1, 2, 2, 3, 3]
    paths = [[info['img_path'] for info in share] for share in shares]
    assert paths[0] == paths[1] != paths[2]
    assert len(labelled(imagenet)) == 32
    some = labelled(imagenet, fraction=0.25, class_list=str(imagenet / 'classes.txt'))
    assert [info['gt_label'] for info in (some.get_data_info(i) for i in range(len(some)))] == [0, 0, 1, 1, 2, 2]
    assert some.metainfo['classes'] == ('n01440764', 'n02119789', 'n04467665')


def test_bad_lists_are_one_line(imagenet, tmp_path):
    (tmp_path / 'wrong.txt').write_text('n01440764_1.JPEG\nn01440764_99.JPEG\n')
    (tmp_path / 'empty.txt').touch()
    for name, message in (('wrong.txt', '1 of the 2 images in .*wrong.txt are not in .*, such as n01440764_99.JPEG'),
                          ('empty.txt', 'the image list .*empty.txt is empty'), ('none.txt', 'no image list .*none.txt')):
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            labelled(imagenet, image_list=str(tmp_path / name))
    with pytest.raises(ValueError, match='1.00% of the 8 training images of class 0 is less than one image'):
        labelled(imagenet, fraction=0.01)
    with pytest.raises(ValueError, match='ann_file=a.txt of LabelledSubset: folders say the classes'):
        labelled(imagenet, ann_file='a.txt')


# --- runs -----------------------------------------------------------------------------------------------------------------


def started(name, options, work_dir):
    config = load_config(ROOT / name, options)
    config.work_dir, config.log_level, config.experiment_name = str(work_dir), 'ERROR', f'benchmark_{time.time_ns()}'
    return build_runner(config)


def small_classifier(weights, epochs=1):
    """Options that make a benchmark small; the protocol stays."""
    options = {**SMALL, 'model.head.in_channels': 64, 'model.backbone.init_cfg.checkpoint': str(weights),
               'train_cfg.max_epochs': epochs, 'train_dataloader.batch_size': 8}
    return options | {f'{loader}_dataloader.num_workers': 0 for loader in ('train', 'val', 'test')}


def small_crops(train=True):
    loaders = ('train', 'val', 'test') if train else ('test',)
    options = {}
    for loader in loaders:
        steps = {'1.scale': 32} if loader == 'train' else {'1.scale': 36, '2.crop_size': 32}
        options |= {f'{loader}_dataloader.dataset.pipeline.{key}': value for key, value in steps.items()}
    return options


def roots(path, loaders=('train', 'val', 'test')):
    return {f'{loader}_dataloader.dataset.data_root': str(path) for loader in loaders}


def trained(name, options, work_dir, checkpoint):
    """A benchmark that has been run, and the backbone that it began with."""
    runner = started(name, options, work_dir)
    runner.train()
    metrics = runner.test()
    assert 0 <= metrics['accuracy/top1'] <= 100
    return runner.model, torch.load(checkpoint, weights_only=True)['state_dict']


def backbone_of(weights):
    return {name.removeprefix('backbone.'): value for name, value in weights.items() if name.startswith('backbone.')}


def test_a_linear_probe_changes_nothing_of_the_checkpoint_s_backbone(imagenet, checkpoint, tmp_path, restored_torch):
    model, weights = trained(
        'linear/linear_r50_8xb32-steplr_100e_in1k.py',
        {**small_classifier(checkpoint), **small_crops(), **roots(imagenet), 'model.head.num_classes': 4,
         'val_evaluator.topk': (1, 2), 'test_evaluator.topk': (1, 2)}, tmp_path, checkpoint)
    for name, value in backbone_of(weights).items():
        assert torch.equal(model.backbone.state_dict()[name], value), name
    assert model.head.fc.weight.abs().max() > 0.1  # lr 10: it has learned
    saved = torch.load(tmp_path / 'epoch_1.pth', weights_only=True)
    check_fits(model, saved, 'epoch_1.pth')


@pytest.mark.slow
@pytest.mark.parametrize('share', ['1pct', '10pct'])
def test_fine_tuning_moves_both_at_their_own_rate(imagenet, checkpoint, tmp_path, restored_torch, share):
    name = f'semi_supervised/finetune_r50_4xb64-steplr_20e_in1k-{share}.py'
    options = {**small_classifier(checkpoint), **small_crops(), **roots(imagenet), 'model.head.num_classes': 4,
               'train_dataloader.dataset.image_list': str(imagenet / 'list.txt'), 'val_evaluator.topk': (1, 2),
               'test_evaluator.topk': (1, 2), 'train_dataloader.batch_size': 3}
    model, weights = trained(name, options, tmp_path, checkpoint)
    assert not torch.equal(model.backbone.conv1.weight, backbone_of(weights)['conv1.weight'])
    runner = started(name, options, tmp_path / 'rates')
    groups = runner.build_optim_wrapper(runner.optim_wrapper).optimizer.param_groups
    assert sorted({round(group['lr'], 6) for group in groups}) == [0.01, 1. if share == '1pct' else 0.1]


@pytest.mark.slow
def test_linear_probe_of_listed_classes(imagenet, checkpoint, tmp_path, restored_torch):
    listed = {f'{loader}_dataloader.dataset.class_list': str(imagenet / 'classes.txt') for loader in ('train', 'val', 'test')}
    model, _ = trained('linear/linear_r50_1xb1024-coslr_90e_in100.py',
                       {**small_classifier(checkpoint), **small_crops(), **roots(imagenet), **listed,
                        'model.head.num_classes': 3,
                        'val_evaluator.topk': (1, 2), 'test_evaluator.topk': (1, 2)}, tmp_path, checkpoint)
    assert model.head.fc.out_features == 3


@pytest.fixture(scope='module')
def thousands(tmp_path_factory):
    """ImageNet-100's layout and list: two classes of 1,000 images for training, 4 for validation, and a third class."""
    root = tmp_path_factory.mktemp('thousands')
    for label, wnid in enumerate(('n01440764', 'n01443537', 'n01484850')):
        for split, count in (('train', 1000), ('val', 4)):
            for number in range(count):
                picture(root / split / wnid / f'{number}.JPEG', label, size=36)
    (root / 'classes.txt').write_text('n01443537\nn01484850\n')
    return root


@pytest.mark.slow
@pytest.mark.parametrize('epochs, share, images', [(285, '10pct', 200), (900, '1pct', 20), (900, '0.1pct', 2)])
def test_linear_probe_of_a_share_of_the_labels(thousands, checkpoint, tmp_path, restored_torch, epochs, share, images):
    listed = {f'{loader}_dataloader.dataset.class_list': str(thousands / 'classes.txt') for loader in ('train', 'val', 'test')}
    name = f'linear/linear_r50_1xb1024-coslr_{epochs}e_in100-{share}.py'
    options = {**small_classifier(checkpoint, epochs=20), **small_crops(), **roots(thousands), **listed,
               'train_dataloader.batch_size': 1024, 'model.head.num_classes': 2, 'val_evaluator.topk': (1,),
               'test_evaluator.topk': (1,)}
    runner = started(name, options, tmp_path)
    metrics = runner.train() and runner.test()
    assert len(runner.train_dataloader.dataset) == images and runner.iter == 20  # a step an epoch
    assert metrics['accuracy/top1'] > 80  # the colour tells the class, from one image, too
    assert runner._hooks[-1].best >= metrics['accuracy/top1']  # EarlyStopHook, asked every tenth epoch


@pytest.mark.slow
def test_linear_probe_of_places(checkpoint, tmp_path, restored_torch):
    folder = 'data/vision/torralba/deeplearning/images256'
    for split, count in (('train', 16), ('val', 6)):
        lines = []
        for number in range(count):
            name = f'a/abbey/{split}_{number}.jpg'
            picture(tmp_path / folder / name, number)
            lines.append(f'{name} {number % 4}')
        file = tmp_path / 'trainvalsplit_places205' / f'{split}_places205.csv'
        file.parent.mkdir(exist_ok=True)
        file.write_text('\n'.join(lines))
    model, _ = trained('linear/linear_r50_8xb32-steplr_100e_places205.py',
                       {**small_classifier(checkpoint), **small_crops(), **roots(tmp_path)}, tmp_path / 'run', checkpoint)
    assert model.head.fc.out_features == 205


def cifar(root, hundred):
    """CIFAR's python version: noise."""
    files = ['train', 'test'] if hundred else [*(f'data_batch_{n}' for n in range(1, 6)), 'test_batch']
    base = root / ('cifar-100-python' if hundred else 'cifar-10-batches-py')
    base.mkdir(parents=True)
    for name in files:
        count = 20 if hundred or name == 'test_batch' else 4
        data = {'data': RANDOM.integers(0, 256, (count, 3072), dtype=np.uint8),
                'fine_labels' if hundred else 'labels': [number % 4 for number in range(count)]}
        (base / name).write_bytes(pickle.dumps(data))


@pytest.mark.slow
@pytest.mark.parametrize('name', ['cifar10', 'cifar100'])
def test_linear_probe_of_cifar(name, checkpoint, tmp_path, monkeypatch, restored_torch):
    from mmpretrain.datasets import CIFAR10
    monkeypatch.setattr(CIFAR10, '_check_integrity', lambda self: True)
    cifar(tmp_path, name == 'cifar100')
    weights = checkpoint.with_name('cifar.pth')
    model, begun = trained(f'linear/linear_r50_1xb512-steplr_100e_{name}.py',
                           {**small_classifier(weights), **roots(tmp_path)}, tmp_path / 'run', weights)
    assert torch.equal(model.backbone.conv1.weight, backbone_of(begun)['conv1.weight'])


# --- features -------------------------------------------------------------------------------------------------------------


def measured(name, root, checkpoint, work_dir, **options):
    """What ``tools/test.py`` gives of a features benchmark."""
    runner = started(name, {**SMALL, **roots(root, ('test',)), 'test_cfg.train_dataset.data_root': str(root),
                            'test_dataloader.num_workers': 0, **options}, work_dir)
    check_fits(runner.model, torch.load(checkpoint, weights_only=True), str(checkpoint))
    runner.load_checkpoint(str(checkpoint))
    return runner.test(), runner


def voc(root):
    """VOC 2007's layout: 40 images, each with one or two of three classes, some difficult."""
    names = ('aeroplane', 'bicycle', 'bird')
    for split, first in (('trainval', 0), ('test', 24)):
        ids = []
        for number in range(first, first + (24 if split == 'trainval' else 16)):
            ids.append(f'{number:06d}')
            picture(root / 'JPEGImages' / f'{ids[-1]}.jpg', number % 3)
            present = [(names[number % 3], 0)] + [(names[(number + 1) % 3], int(number % 6 == 0))] * (number % 2 == 0)
            objects = ''.join(f'<object><name>{name}</name><difficult>{hard}</difficult></object>' for name, hard in present)
            annotation = root / 'Annotations' / f'{ids[-1]}.xml'
            annotation.parent.mkdir(exist_ok=True)
            annotation.write_text(f'<annotation>{objects}</annotation>')
        file = root / 'ImageSets' / 'Main' / f'{split}.txt'
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text('\n'.join(ids))


def test_svms_of_voc_read_difficult_objects(checkpoint, tmp_path, restored_torch):
    voc(tmp_path)
    found, runner = measured('svm/svm_r50_voc07.py', tmp_path, checkpoint, tmp_path / 'run', **small_crops(train=False))
    assert set(found) == {'svm_map'} and 0 < found['svm_map'] <= 100  # over the three classes that there are
    targets = runner.test_loop.representation().train_targets
    assert targets.shape == (24, 20)
    assert targets[0, :3].tolist() == [1, 0, -1] and targets[2, :3].tolist() == [1, -1, 1] and (targets[:, 3:] == -1).all()


@pytest.mark.slow
def test_linear_classifier_of_voc(checkpoint, tmp_path, restored_torch):
    voc(tmp_path)
    runner = started('linear/linear_r50_1xb256_100e_voc07.py',
                     {**small_classifier(checkpoint), **small_crops(), **roots(tmp_path), 'train_cfg.val_interval': 1,
                      'model.backbone.init_cfg.prefix': 'backbone.'}, tmp_path / 'run')
    runner.train()
    assert 0 < runner.test()['multi-label/mAP'] <= 100
    backbone = backbone_of(torch.load(checkpoint, weights_only=True)['state_dict'])
    assert torch.equal(runner.model.backbone.conv1.weight, backbone['conv1.weight'])
    assert runner.model.head.fc.out_features == 20


@pytest.mark.slow
@pytest.mark.parametrize('kind', ['vissl', 'lowshot', 'select-on-test'])
def test_other_protocols_of_voc(checkpoint, tmp_path, restored_torch, kind):
    voc(tmp_path)
    # Three of the twenty classes are there, so the low-shot draws have no image of the others: that is one line.
    found, _ = measured(f'svm/svm_r50_voc07_{kind}.py', tmp_path, checkpoint, tmp_path / 'run', **small_crops(train=False))
    name = dict(zip(('vissl', 'select-on-test'), ('svm_map', 'svm_map_selected_on_test'))).get(kind)
    assert set(found) == ({name} if name else set()) and all(0 < value <= 100 for value in found.values())


def lay_out(name, root):
    """A few images in the layout of one of the eight data sets."""
    labels = [number % 4 for number in range(40)]
    if name.startswith('cifar'):
        cifar(root, name == 'cifar100')
    elif name == 'food101':
        from mmpretrain.datasets.categories import FOOD101_CATEGORIES as classes
        for split in ('train', 'test'):
            items = [f'{classes[label]}/{split}{number}' for number, label in enumerate(labels)]
            (root / 'meta').mkdir(parents=True, exist_ok=True)
            (root / 'meta' / f'{split}.txt').write_text('\n'.join(items))
            for item, label in zip(items, labels):
                picture(root / 'images' / f'{item}.jpg', label)
    elif name == 'caltech101':
        from mmpretrain.datasets.categories import CALTECH101_CATEGORIES as classes
        for split in ('train', 'test'):
            items = [f'{classes[label]}/{split}{number}.jpg' for number, label in enumerate(labels)]
            (root / 'meta').mkdir(parents=True, exist_ok=True)
            (root / 'meta' / f'{split}.txt').write_text('\n'.join(f'{item} {label}' for item, label in zip(items, labels)))
            for item, label in zip(items, labels):
                picture(root / '101_ObjectCategories' / item, label)
    elif name == 'pets':
        (root / 'annotations').mkdir(parents=True)
        for split in ('trainval', 'test'):
            lines = [f'{split}_{number} {label + 1} 1 1' for number, label in enumerate(labels)]
            (root / 'annotations' / f'{split}.txt').write_text('\n'.join(lines))
            for number, label in enumerate(labels):
                picture(root / 'images' / f'{split}_{number}.jpg', label)
    elif name == 'flowers102':
        for number, label in enumerate(labels, 1):
            picture(root / 'jpg' / f'image_{number:05d}.jpg', label)
        savemat(root / 'imagelabels.mat', dict(labels=np.array([labels]) + 1))
        savemat(root / 'setid.mat', dict(trnid=[list(range(1, 21))], valid=[[1, 2]], tstid=[list(range(21, 41))]))
    elif name == 'dtd':
        (root / 'imdb').mkdir(parents=True)
        files = [f'c{label}/{number}.jpg' for number, label in enumerate(labels)]
        for file, label in zip(files, labels):
            picture(root / 'images' / file, label)
        images = {'name': np.array(files, dtype=object), 'class': np.array(labels) + 1, 'set': np.repeat([1, 3], 20)}
        savemat(root / 'imdb' / 'imdb.mat', dict(images=images))
    else:
        (root / 'devkit').mkdir(parents=True)
        for split, file in (('train', 'cars_train_annos'), ('test', 'cars_test_annos_withlabels')):
            rows = [(1, 1, 2, 2, label + 1, f'{number:05d}.jpg') for number, label in enumerate(labels)]
            fields = ('bbox_x1', 'bbox_y1', 'bbox_x2', 'bbox_y2', 'class', 'fname')
            annotations = np.array([tuple(row) for row in rows], dtype=[(field, object) for field in fields])
            savemat(root / 'devkit' / f'{file}.mat', dict(annotations=annotations[None]))
            for number, label in enumerate(labels):
                picture(root / f'cars_{split}' / f'{number:05d}.jpg', label)


@pytest.mark.slow
@pytest.mark.parametrize('name', ['cifar10', 'cifar100', 'food101', 'cars', 'dtd', 'pets', 'caltech101', 'flowers102'])
def test_transfer_to_the_eight_data_sets(name, checkpoint, tmp_path, monkeypatch, restored_torch):
    from mmpretrain.datasets import CIFAR10
    monkeypatch.setattr(CIFAR10, '_check_integrity', lambda self: True)
    root = tmp_path / 'data'
    lay_out(name, root)
    crops = small_crops(train=False)
    if name.startswith('cifar'):
        crops = {'test_dataloader.dataset.pipeline.0.scale': 36, 'test_dataloader.dataset.pipeline.1.crop_size': 32}
    found, _ = measured(f'transfer/transfer_r50_{name}.py', root, checkpoint, tmp_path / 'run', **crops)
    score = 'per_class' if name in ('pets', 'caltech101', 'flowers102') else 'top1'
    assert set(found) == {f'transfer_{score}', 'transfer_cost'}
    if not name.startswith('cifar'):  # of noise; the others' colours tell the class
        assert found[f'transfer_{score}'] > 50


def test_images_that_cannot_be_read(imagenet, checkpoint, tmp_path, restored_torch):
    root = tmp_path / 'data'
    shutil.copytree(imagenet, root)
    for name in ('train/n01440764/n01440764_0.JPEG', 'val/n01443537/n01443537_1.JPEG'):
        (root / name).write_bytes((root / name).read_bytes()[:40])
    found, runner = measured('wordnet/depths_r50_in1k.py', root, checkpoint, tmp_path / 'run', **small_crops(train=False),
                             **{'test_cfg.measures.depths.depths': (18,)})
    seen = runner.test_loop.representation()
    assert len(seen.train) == 32 and len(seen.test) == len(seen.test_labels) == 7  # one stands in, one is left out
    assert seen.test_labels.tolist() == [0, 0, 1, 2, 2, 3, 3]
    assert found['depth18_groups'] == 4


@pytest.mark.slow
def test_depths_of_wordnet(imagenet, checkpoint, tmp_path, restored_torch):
    found, _ = measured('wordnet/depths_r50_in1k.py', imagenet, checkpoint, tmp_path, **small_crops(train=False),
                        **{'test_cfg.measures.depths.depths': (5, 18)})
    assert found['depth18_groups'] == 4 and found['depth5_groups'] == 2 and found['depth18_majority'] == 25


@pytest.mark.slow
def test_nmi_of_deepclusters_network(imagenet, tmp_path, restored_torch):
    runner = started('nmi/nmi_vgg16_deepcluster_in1k.py', {
        **roots(imagenet, ('test',)), 'test_cfg.train_dataset.data_root': str(imagenet), 'test_dataloader.num_workers': 0,
        'model.backbone.arch': 'alexnet', 'model.backbone.hidden_channels': 8, 'test_cfg.measures.nmi.num_clusters': 4},
        tmp_path)
    found = runner.test()
    assert set(found) == {'nmi', 'nmi_std'} and 0 < found['nmi'] <= 100
