"""Every kind of config trains."""

import gzip
import json
import pickle
import shutil
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from shard_files import TINY_OPTIONS, write_shards
from shipped_configs import CONFIGS, HEADLINE, load, path_of

from mmifnd.configuration import build_runner, load_config

CLUSTERING = {'default_hooks.false_negative.num_clusters': (2, 3, 4), 'default_hooks.false_negative.interval': 1}
SMALL_RESNET = {'model.backbone.depth': 18, 'model.backbone.stem_channels': 8, 'model.backbone.base_channels': 8,
                'model.neck.in_channels': 64, 'model.neck.hidden_channels': 16}
#: Warm-up and the rest in two epochs; detectors that start late start in the second.
SHORT_WARMUP = {'param_scheduler.0.end': 1, 'param_scheduler.1.begin': 1}
LATE_DETECTOR = dict(start_epoch=1, alpha=0.1)
#: As small as the images, a queue that is full in the second epoch, and the small crops.
SHORT_SWAV = {'model.queue_len': 32, 'model.queue_start_epoch': 0, 'model.head.num_prototypes': 8,
              'model.head.freeze_iterations': 1, 'train_dataloader.dataset.pipeline.1.transforms.1.0.scale': 24}
SHORT = {'train_cfg.max_epochs': 2, 'default_hooks.checkpoint.interval': 2}


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """40 images of 64 pixels for training and 20 for the test, of 4 colours, in ImageNet's layout."""
    root = tmp_path_factory.mktemp('imagenet')
    random = np.random.default_rng(0)
    for split, count in (('train', 40), ('val', 20)):
        for number in range(count):
            colour = np.array([number % 4 * 40, 80, 160 - number % 4 * 40])
            path = root / split / f'n0144{number % 4:04d}' / f'{number}.JPEG'
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray((random.integers(0, 80, (64, 64, 3)) + colour).astype(np.uint8)).save(path)
    yield {
        **{f'{loader}_dataloader.dataset.data_root': str(root) for loader in ('train', 'test')},
        **{f'{loader}_dataloader.num_workers': 0 for loader in ('train', 'test')},
        'train_dataloader.batch_size': 16, 'train_dataloader.dataset.pipeline.1.transforms.0.0.scale': 32,
        'test_dataloader.dataset.pipeline.1.scale': 36, 'test_dataloader.dataset.pipeline.2.crop_size': 32, **SMALL_RESNET}


@pytest.fixture(scope='module')
def listed_classes(folder, tmp_path_factory):
    """Three of the four classes of ``folder``: 30 images for training and 15 for the test."""
    file = tmp_path_factory.mktemp('lists') / 'classes.txt'
    file.write_text('n01440003\nn01440000\nn01440001\n')
    yield {**folder, **{f'{loader}_dataloader.dataset.class_list': str(file) for loader in ('train', 'test')}}


@pytest.fixture(scope='module')
def wordnet_folder(folder, tmp_path_factory):
    """The images of ``folder`` as those of four classes of ImageNet."""
    root, old = tmp_path_factory.mktemp('wordnet'), Path(folder['train_dataloader.dataset.data_root'])
    for number, wnid in enumerate(('n01440764', 'n02701002', 'n07880968', 'n09472597')):
        for split in ('train', 'val'):
            shutil.copytree(old / split / f'n0144{number:04d}', root / split / wnid)
    yield {**folder, **{f'{loader}_dataloader.dataset.data_root': str(root) for loader in ('train', 'test')}}


@pytest.fixture(scope='module')
def grouped_folder(folder, tmp_path_factory):
    """``folder`` with a file that puts images into groups of four."""
    file = tmp_path_factory.mktemp('groups') / 'groups.csv'
    lines = [f'train/n0144{number % 4:04d}/{number}.JPEG,video {number // 4}' for number in range(40)]
    file.write_text('\n'.join(['path,group', *lines]))
    yield {**folder, 'train_dataloader.dataset.groups': str(file)}


@pytest.fixture(scope='module')
def cifar(tmp_path_factory):
    """Images of noise in the files of CIFAR-10 and CIFAR-100, whose checksums are not looked at."""
    from mmpretrain.datasets import CIFAR10
    root = tmp_path_factory.mktemp('cifar')
    random = np.random.default_rng(0)
    files = dict.fromkeys(['train', 'test'], 'cifar-100-python')
    files |= dict.fromkeys([*(f'data_batch_{number}' for number in range(1, 6)), 'test_batch'], 'cifar-10-batches-py')
    for name, base in files.items():
        (root / base).mkdir(exist_ok=True)
        count = 8 if name.startswith('data_batch') else 40  # 5 x 8 = 40, too
        key = 'fine_labels' if '100' in base else 'labels'
        data = {'data': random.integers(0, 256, (count, 3072), dtype=np.uint8), key: [n % 4 for n in range(count)]}
        (root / base / name).write_bytes(pickle.dumps(data))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CIFAR10, '_check_integrity', lambda self: True)
        yield {**{f'{loader}_dataloader.dataset.dataset.data_root': str(root) for loader in ('train', 'test')},
               'train_dataloader.batch_size': 16, **SMALL_RESNET}


@pytest.fixture(scope='module')
def idx(tmp_path_factory):
    """64 images of noise in IDX files."""
    root = tmp_path_factory.mktemp('idx')
    random = np.random.default_rng(0)
    for part in ('train', 't10k'):
        for kind, shape in (('images-idx3', (64, 28, 28)), ('labels-idx1', (64,))):
            header = bytes([0, 0, 8, len(shape)]) + np.array(shape, '>u4').tobytes()
            values = random.integers(0, 4, shape, dtype=np.uint8)
            (root / f'{part}-{kind}-ubyte.gz').write_bytes(gzip.compress(header + values.tobytes()))
    yield {**{f'{loader}_dataloader.dataset.data_root': str(root) for loader in ('train', 'test')},
           'train_dataloader.batch_size': 32}


@pytest.fixture(scope='module')
def digits():
    """The smallest split."""
    yield {'train_dataloader.dataset.split': 'val', 'train_dataloader.batch_size': 128}


@pytest.fixture(scope='module')
def emoji():
    """All of them: they come with the package."""
    yield {}


@pytest.fixture(scope='module')
def pair_shards(tmp_path_factory):
    """Two shards of 16 pairs for training and one for the test, and towers of their size."""
    pytest.importorskip('open_clip')
    root = tmp_path_factory.mktemp('cc3m')
    yield {**TINY_OPTIONS, 'train_dataloader.dataset.data_root': str(write_shards(root / 'train', 2)),
           'test_dataloader.dataset.data_root': str(write_shards(root / 'val', 1, first=900)),
           **{f'{loader}_dataloader.num_workers': 0 for loader in ('train', 'test')}, 'train_dataloader.batch_size': 16,
           'optim_wrapper.optimizer.lr': 0.01}


@pytest.fixture(scope='module')
def pair_table(folder, tmp_path_factory):
    """A table of the images of ``folder``, ten of which have the same caption."""
    file = tmp_path_factory.mktemp('table') / 'pairs.csv'
    names = [f'train/n0144{number % 4:04d}/{number}.JPEG' for number in range(40)]
    captions = ['a cat' if number % 4 == 0 else f'picture {number}' for number in range(40)]
    file.write_text('\n'.join(['image,caption', *map(','.join, zip(names, captions, strict=True))]))
    size = {key: value for key, value in folder.items() if 'transforms' not in key and 'neck' not in key}
    yield {**size, 'train_dataloader.dataset.pipeline.1.scale': 32, 'model.neck.in_channels': 64,
           **{f'{loader}_dataloader.dataset.ann_file': str(file) for loader in ('train', 'test')}}


DATA = dict(CustomDataset='folder', SplitFolder='folder', ClassSubset='listed_classes', GroupedFolder='grouped_folder',
            WordNetDepthDataset='wordnet_folder', CIFAR10='cifar', CIFAR100='cifar', IDXImages='idx', Digits='digits',
            EmojiPairs='emoji', PairShards='pair_shards', ImageTextTable='pair_table')


def kind_of(name):
    """Framework, head, detector, data set, source of the features: what must work together."""
    config = load(name)
    data = config.train_dataloader.dataset
    hook = config.default_hooks.get('false_negative')
    return (config.model.type, config.model.head.type, config.model.head.detector.type,
            data.get('dataset', data).type, data.get('with_label', True), hook and hook.get('source', 'extract'))


@cache
def first_of_each_kind():
    """Kind: the first config of it. All configs are read for that, so only slow tests ask."""
    return {kind_of(name): name for name in reversed(CONFIGS)}


#: These run each time, the first of each kind with ``-m slow``.
FAST = {HEADLINE, 'ifnd/ifnd_r50_folder', 'ifnd/ifnd_simclr_r50_1xb1024-1000e_cifar10', 'ifnd/ifnd_moco_digits',
        'ifnd/ifnd_simclr_fashion_mnist'}


def late_options(detector, where='model.head.detector'):
    """For a detector that starts late, and the parts of a union that do."""
    options = {f'{where}.{key}': value for key, value in LATE_DETECTOR.items() if 'start_epoch' in detector}
    for name, part in detector.get('detectors', {}).items():
        options |= late_options(part, f'{where}.detectors.{name}')
    return options


def trained(name, data, work_dir):
    """A runner that has trained two epochs of a config, on ``data``, by options alone."""
    hook = load(name).default_hooks.get('false_negative')
    options = {**data, **SHORT, **(CLUSTERING if hook else {})}
    if hook and 'num_workers' in hook:
        options['default_hooks.false_negative.num_workers'] = 0
    if hook and 'begin' in hook:
        options['default_hooks.false_negative.begin'] = 1
    if load(name).model.type == 'MoCoAdapter':
        options['model.queue_len'] = 24
    if 'queue_start_epoch' in load(name).model:
        options |= SHORT_SWAV
    if 'begin' in load(name).param_scheduler[-1]:
        options |= SHORT_WARMUP
    options |= late_options(load(name).model.head.detector)
    config = load_config(path_of(name), options)
    config.work_dir, config.log_level = str(work_dir), 'ERROR'
    config.experiment_name = f'{Path(name).name}_{time.time_ns()}'
    runner = build_runner(config)
    runner.train()
    return runner


@pytest.mark.parametrize('name', [
    pytest.param(name, marks=[] if name in FAST else pytest.mark.slow) for name in CONFIGS])
def test_trains(name, request, tmp_path, restored_torch):
    if name not in FAST and (trained_for_all := first_of_each_kind()[kind_of(name)]) != name:
        pytest.skip(f'of the kind of {trained_for_all}')
    config = load(name)
    data = request.getfixturevalue(DATA[kind_of(name)[3]])
    runner = trained(name, data, tmp_path)
    hub = runner.message_hub
    losses = hub.get_scalar('train/loss').data[0]
    assert len(losses) >= 2 and np.isfinite(losses).all()
    direction = next(iter(runner.model.heads))
    shares = hub.get_scalar(f'train/{direction and f"{direction}/"}false_negative_share').data[0]
    detector = config.model.head.detector.type
    if detector == 'NoDetector':
        assert not shares.any()
    elif detector == 'PseudoLabelDetector':  # half of the labels are accepted after the first of two epochs
        half = len(shares) // 2
        assert not shares[:half].any() and shares[half:].any()
    elif 'start_epoch' in config.model.head.detector:
        half = len(shares) // 2
        assert not shares[:half].any()
        if detector == 'BatchQuantileDetector':
            assert shares[half:].all()
        else:  # from 1, one visit may not reach any negative
            assert (runner.model.head.detector.threshold < 1).any()
    elif detector == 'UnionDetector':  # MoCo's first step meets an empty queue, learned thresholds start later
        assert shares[len(shares) // 2:].any()
    else:
        assert shares.all()
    if config.model.head.type == 'ProtoNCEHead':  # prototypes come with the first clustering
        terms = hub.get_scalar('train/prototype_term').data[0]
        half = len(terms) // 2
        assert not terms[:half].any() and terms[half:].all()
    if config.default_hooks.get('false_negative'):
        record, = (tmp_path / 'false_negatives' / 'history.jsonl').read_text().splitlines()
        assert [row['num_clusters'] for row in json.loads(record)['granularities']] == [2, 3, 4]
        assert ('nmi' in json.loads(record)['granularities'][0]) == kind_of(name)[4]


def test_measures_of_labelled_and_unlabelled_folders(folder, tmp_path, restored_torch):
    labelled = trained(HEADLINE, folder, tmp_path / 'labelled').test()
    assert {'knn', 'nmi', 'mtpr', 'mtnr'} <= set(labelled)
    assert trained('ifnd/ifnd_r50_folder', folder, tmp_path / 'unlabelled').test() == {}
