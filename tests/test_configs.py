"""Every config loads, builds and says what its name says; every kind of config trains."""

import ast
import gzip
import json
import pickle
import re
import shutil
import time
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from PIL import Image

from mmifnd.clustering import ConfidenceAcceptance
from mmifnd.configuration import build_runner, load_config
from mmifnd.registry import MODELS, PARAM_SCHEDULERS

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / 'configs').rglob('*.py'))
CONFIGS = [str(path.relative_to(ROOT / 'configs').with_suffix('')) for path in FILES
           if not {'_base_', 'benchmarks', 'studies'} & set(path.parts)]

HEADLINE = 'ifnd/ifnd_r50_8xb32_200e_in1k'
MOCO = {'model.type', 'model.queue_len', 'model.momentum', 'model.same_image', 'model.empty'}
DETECTION = {'model.head.detector.type', 'default_hooks.false_negative'}
MEASURED = {'model.head.detector.type', *(f'default_hooks.false_negative.acceptance.{key}' for key in ('scheme', 'end'))}
METHOD = 'the method: who is removed, and when that is found out'
CLASH = 'IFND leaves out what the baseline counts as negatives: the same image, and empty slots'
BEST = 'on digits each method has its own best temperature'
FRAMEWORK = 'another framework, and what it alone has'

#: What a detector in MoCo excludes besides.
CLASHES = {'model.same_image', 'model.empty'}

#: What a learned threshold, and a detector with arguments, are described by.
THRESHOLD = {f'model.head.detector.{key}' for key in ('type', 'alpha', 'initialization', 'start_epoch')}

#: The same without a better first threshold than 1: 200 epochs need none, and FNC has no thresholds.
LATE = THRESHOLD - {'model.head.detector.initialization'}

#: A detector that joins others.
UNION = {'model.head.detector.type', 'model.head.detector.detectors'}

#: What soft labels are described by.
REFINED = {'model.mixup', *(f'model.head.{key}' for key in ('type', 'sharpening', 'prior'))}
RELATIONAL = {f'model.head.{key}' for key in ('type', 'temperature', 'key_temperature', 'weight')}
WEAK_KEY = {'model.data_preprocessor.num_views', 'model.data_preprocessor.augmentation'}

#: What ProtoNCE and its many clusters are described by; the names of ImageNet's labels at a depth; SupCon.
PROTOTYPES = {'model.head.type', 'default_hooks.false_negative.num_clusters'}
DEPTHS = {f'{loader}_dataloader.dataset.depth' for loader in ('train', 'test')}
ORACLE = {'model.head.type', 'model.head.detector.type'}

#: Children that differ from their parent in more or less than one key: the keys, and why.
EXCEPTIONS = {
    'pcl/pclv2_r50_8xb32-coslr_200e_in1k': (
        {'model.head.type', 'model.head.num_negatives', 'model.queue_len', 'default_hooks.false_negative'}, METHOD),
    **{f'pcl/pcl_{framework}_digits': (
        PROTOTYPES | MEASURED - {'model.head.detector.type'} | {'model.head.temperature'}, f'{METHOD}; {BEST}')
       for framework in ('simclr', 'moco')},
    'ifnd/table5/simclr': (DEPTHS | {f'{loader}_dataloader.dataset.type' for loader in ('train', 'test')},
                           'labels at a depth of WordNet, in both splits'),
    'ifnd/table5/ifnd': (DETECTION, METHOD),
    'ifnd/table5/supcon_d18': (ORACLE, METHOD),
    **{f'ifnd/table5/supcon_d{depth}': (DEPTHS, 'the labels of both splits') for depth in (3, 5, 7, 9)},
    'ifnd/table7/pcl': (
        PROTOTYPES | {'model.head.detector.type', 'default_hooks.false_negative.confidence',
                      'default_hooks.false_negative.acceptance.scheme'}, METHOD),
    'ifnd/table7/pcl_elim': (ORACLE, 'the objective: another head, with a detector'),
    'ifnd/table7/ifnd_proto': (ORACLE | {'model.head.concentration'}, 'the objective: another head, without a detector'),
    'ifnd/table7/ifnd_step': (set(), 'a row of Table 6 under its name in Table 7'),
    'baselines/supcon_simclr_digits': (ORACLE | {'model.head.temperature'}, f'{METHOD}; {BEST}'),
    'baselines/supcon_r50_1xb1024-1000e_cifar10': (ORACLE | {'model.head.temperature'}, METHOD),
    'baselines/supcon_r50_1xb1024-1000e_cifar100': (ORACLE | {'model.head.temperature'}, METHOD),
    **{f'glofnd/sogclr_{method}_r50_1xb128-coslr_200e_{data}': (LATE, METHOD)
       for method in ('fnc', 'glofnd') for data in ('in100', 'cifar10', 'cifar100')},
    'glofnd/sogclr_fnc_fashion_mnist': (LATE, METHOD),
    'glofnd/sogclr_fashion_mnist': ({'model.head.type', 'model.head.temperature'}, BEST),
    'glofnd/sogclr_glofnd_fashion_mnist': (THRESHOLD | {'model.head.temperature'}, f'{METHOD}; {BEST}'),
    'glofnd/sogclr_ifnd_fashion_mnist': (DETECTION, METHOD),
    'glofnd/sogclr_random_fashion_mnist': (
        {'model.head.detector.type', 'model.head.detector.rate'}, 'a detector with an argument'),
    'glofnd/simclr_glofnd_digits': (THRESHOLD | {'model.head.type', 'model.head.temperature'}, f'{METHOD}; {BEST}'),
    'glofnd/simclr_glofnd_ifnd_digits': (THRESHOLD | UNION | MEASURED, METHOD),
    'ifnd/ifnd_group_folder': (
        {*(f'{loader}_dataloader.dataset.groups' for loader in ('train', 'test')), *UNION},
        'a file of groups, and who uses it'),
    'sane/sane_moco_digits': (REFINED | {'model.head.temperature'}, f'{METHOD}; {BEST}'),
    'sane/sane_ifnd_moco_digits': (MEASURED | CLASHES, f'{METHOD}; {CLASH}'),
    'sane/sane_r18_1xb256-coslr_200e_cifar10': (
        REFINED | {f'test_cfg.measures.knn.{key}' for key in ('k', 'temperature')}, "the method, and the paper's neighbours"),
    'sane/sane_r50_8xb32-coslr_200e_in1k': (REFINED, METHOD),
    'sane/sane_r50_8xb32-coslr_200e_in1k-224px-96px': (
        {'model.multi_crop', 'train_dataloader.dataset.pipeline'}, 'more views, and their use'),
    'sce/sce_moco_digits': (RELATIONAL | WEAK_KEY, f'{METHOD}; {BEST}'),
    'sce/sce_ifnd_moco_digits': (MEASURED | CLASHES, f'{METHOD}; {CLASH}'),
    'sce/sce_r18_1xb256-coslr_200e_cifar10': (RELATIONAL | WEAK_KEY, METHOD),
    'sce/sce_r50_8xb64-coslr_200e_in1k': (
        RELATIONAL | {'train_dataloader.dataset.pipeline', 'train_dataloader.batch_size', 'auto_scale_lr.base_batch_size',
                      'optim_wrapper.optimizer.lr'}, 'the method, at the batch that is assumed for it'),
    'glofnd/moco_glofnd_digits': (
        THRESHOLD | {'model.head.type', 'model.head.temperature'} | CLASHES, f'{METHOD}; {CLASH}; {BEST}'),
    'ifnd/ifnd_moco_digits_full-at-half': (
        {'model.head.temperature', 'default_hooks.false_negative.acceptance.full_at'}, BEST),
    'glofnd/sogclr_glofnd_digits': (THRESHOLD | {'model.head.temperature'}, f'{METHOD}; {BEST}'),
    'glofnd/sogclr_fnc_digits': (LATE | {'model.head.temperature'}, f'{METHOD}; {BEST}'),
    'glofnd/sogclr_random_digits': ({'model.head.detector.type', 'model.head.detector.rate'}, 'a detector with an argument'),
    'glofnd/sogclr_ifnd_digits': (
        MEASURED | {'default_hooks.false_negative.acceptance.full_at', 'model.head.temperature'}, f'{METHOD}; {BEST}'),
    'glofnd/sogclr_oracle_digits': ({'model.head.detector.type', 'model.head.temperature'}, BEST),
    HEADLINE: (DETECTION | CLASHES, f'{METHOD}; {CLASH}'),
    'ifnd/ifnd_simclr_r50_1xb1024-1000e_cifar10': (DETECTION, METHOD),
    'ifnd/ifnd_swav_r50_8xb32-coslr_200e_in1k-160px-96px': (DETECTION, METHOD),
    'ifnd/ifnd_simclr_r50_1xb1024-1000e_cifar100': (DETECTION, METHOD),
    'ifnd/ifnd_simclr_fashion_mnist': (DETECTION, METHOD),
    'ifnd/ifnd_moco_fashion_mnist': (DETECTION | CLASHES, f'{METHOD}; {CLASH}'),
    'ifnd/ifnd_simclr_digits_full-at-half': (
        {'model.head.temperature', 'default_hooks.false_negative.acceptance.full_at'}, BEST),
    'baselines/simclr_oracle_digits': ({'model.head.detector.type', 'model.head.temperature'}, BEST),
    'ifnd/ifnd_simclr_digits': (MEASURED, 'the baseline is clustered, too, to be measured'),
    'ifnd/ifnd_moco_digits': (MEASURED | CLASHES, CLASH),
    'swav/swav_digits': (
        {'model.type', *(f'model.head.{key}' for key in ('type', 'num_prototypes', 'temperature'))}, f'{FRAMEWORK}; {BEST}'),
    'ifnd/ifnd_swav_digits': (MEASURED, 'the baseline is clustered, too, to be measured'),
    'baselines/moco_digits': (MOCO | {'model.head.temperature'}, f'{FRAMEWORK}; {BEST}'),
    'baselines/moco_fashion_mnist': (MOCO, FRAMEWORK),
    'baselines/simclr_random_digits': ({'model.head.detector.type', 'model.head.detector.rate'}, 'a detector with an argument'),
    'ifnd/table6/g_linear_100': (set(), 'the final setting under its name in the table'),
    'ifnd/ifnd_r50_folder': (
        {f'{loader}_dataloader.dataset.{key}' for loader in ('train', 'test')
         for key in ('data_root', 'data_prefix', 'with_label', 'type', 'split')}
        | {f'test_cfg.measures.{name}' for name in ('linear', 'few_shot')}
        | {'model.queue_len', 'default_hooks.false_negative.num_clusters', 'auto_scale_lr.enable'},
        'other data, of another size'),
}

#: Table 6 of the paper: rates accepted after epochs 20, 80, 100, 500 and 980 of 1000.
TABLE_6 = dict(
    a_none=[0, 0, 0, 0, 0],
    b_constant_100=[1, 1, 1, 1, 1],
    c_step_100=[0, 0, 1, 1, 1],
    d_linear_25=[.005, .02, .025, .125, .245],
    e_linear_50=[.01, .04, .05, .25, .49],
    f_linear_75=[.015, .06, .075, .375, .735],
    g_linear_100=[.02, .08, .1, .5, .98],
    h_linear_100_attraction=[.02, .08, .1, .5, .98])

#: Table 7: head, whether it uses concentrations, schedule, the smallest number of clusters, confidence.
TABLE_7 = dict(
    pcl=('ProtoNCEHead', True, 'step', 2500, 'concentration'),
    pcl_elim=('ElimContrastiveHead', None, 'step', 2500, 'concentration'),
    ifnd_proto=('ProtoNCEHead', False, 'linear', 100, 'softmax'),
    pcl_linear=('ProtoNCEHead', True, 'linear', 2500, 'concentration'),
    ifnd_step=('ElimContrastiveHead', None, 'step', 100, 'softmax'),
    pcl_k100=('ProtoNCEHead', True, 'step', 100, 'concentration'),
    ifnd_k2500=('ElimContrastiveHead', None, 'linear', 2500, 'softmax'),
    ifnd_eq9=('ElimContrastiveHead', None, 'linear', 100, 'concentration'))

#: Config: learning rate after so many epochs.
LEARNING_RATES = {
    HEADLINE: {0: .03, 119: .03, 120: .003, 159: .003, 160: .0003, 199: .0003},
    'ifnd/ifnd_r50_8xb32-coslr_200e_in1k': {0: .03, 100: .015, 200: 0.},
    'baselines/mocov2_r50_8xb32-coslr_200e_in1k_mlp2': {0: .03, 100: .015, 200: 0.},
    # By the step, as in training, the warm-up ends a step and not an epoch before epoch 10: .4243 after 5.
    'glofnd/sogclr_glofnd_r50_1xb128-coslr_200e_in100': {0: 8.5e-5, 5: .4714, 10: .8485, 105: .4243, 199: 5.8e-5},
    'swav/swav_r50_8xb32-coslr_200e_in1k-160px-96px': {0: .6, 100: .3003, 150: .08837, 199: .000637},
    'baselines/simclr_r50_8xb128-coslr_200e_in1k': {0: 2.4e-4, 10: 2.4, 105: 1.2, 199: 1.64e-4},
    'pcl/pclv2_r50_8xb32-coslr_200e_in1k': {0: .03, 100: .015, 200: 0.},
    'baselines/simclr_r50_1xb1024-1000e_cifar100': {0: .01, 5: .2822, 10: .4999, 500: .25025, 1000: .0005},
}


@cache
def load(name):
    """The config of that name."""
    return load_config(path_of(name))


def path_of(name):
    """File of a config."""
    return ROOT / 'configs' / f'{name}.py'


def parent_of(name):
    """Name of the config that a config inherits from; None where it is put together from _base_."""
    for statement in ast.parse(path_of(name).read_text()).body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id == '_base_':
            base = ast.literal_eval(statement.value)
            if isinstance(base, str):
                return str((path_of(name).parent / base).resolve().relative_to(ROOT / 'configs').with_suffix(''))
    return None


CHILDREN = [name for name in CONFIGS if parent_of(name)]


def difference(one, other, prefix=''):
    """Dotted keys in which two dicts differ; a part that only one of them has counts once."""
    keys = set()
    for key in set(one) | set(other):
        if key not in one or key not in other:
            keys.add(prefix + key)
        elif isinstance(one[key], dict) and isinstance(other[key], dict):
            keys |= difference(one[key], other[key], f'{prefix}{key}.')
        elif one[key] != other[key]:
            keys.add(prefix + key)
    return keys


@cache
def built_type(model):
    """Name of the class that a model builds; equal models are built once, and none is kept."""
    with DefaultScope.overwrite_default_scope('mmifnd'):
        return type(MODELS.build(ast.literal_eval(model))).__name__


# --- what the files say ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('name', CONFIGS)
def test_loads_and_its_model_builds(name):
    model = load(name).to_dict()['model']
    if 'queue_len' in model:
        model['queue_len'] = 8  # the queue only takes memory
    assert built_type(repr(model)) == model['type']


@pytest.mark.parametrize('name', CONFIGS)
def test_name_says_batch_and_epochs(name):
    config = load(name)
    while '/table' in name:  # a row has the name that it has there; the recipe is that of its ancestor
        name = parent_of(name)
    batch, epochs = re.search(r'(\d+)xb(\d+)', name), re.search(r'(\d+)e_', name)
    if batch:
        assert config.train_dataloader.batch_size == int(batch[2])
        assert config.auto_scale_lr.base_batch_size == int(batch[1]) * int(batch[2])
    if epochs:
        assert config.train_cfg.max_epochs == int(epochs[1])


@pytest.mark.parametrize('name', CHILDREN)
def test_changes_one_key_of_its_parent(name):
    changed = difference(load(name).to_dict(), load(parent_of(name)).to_dict())
    if name in EXCEPTIONS:
        assert changed == EXCEPTIONS[name][0]
        assert len(changed) != 1, f'{name} is no exception any more'
    else:
        assert len(changed) == 1


def test_exceptions_are_configs():
    assert set(EXCEPTIONS) <= set(CHILDREN)


@pytest.mark.parametrize('path', FILES, ids=lambda path: str(path.relative_to(ROOT / 'configs')))
def test_is_plain(path):
    """No imports, no variables that a child could change without effect, no hosts, no paths of one machine.

    One whole part may be another: ``test_dataloader = val_dataloader``. A child changes each by itself, as it would copies.
    """
    text = path.read_text()
    tree = ast.parse(text)
    assert not [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    wholes = [node.value.id for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name)]
    assert set(wholes) <= {'val_dataloader'} and set(Counter(names) - Counter(wholes)) <= {'dict'}
    assert '{{' not in text and '://' not in text and 'mmpretrain::' not in text
    strings = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    absolute = [value for value in strings if re.match(r'[/~]|[A-Za-z]:\\', value)]
    assert all(value.startswith('/usr/share/datasets/') for value in absolute)
    assert max(map(len, text.splitlines())) <= 125


@pytest.mark.parametrize('name', [name for name in CONFIGS if 'pipeline' in load(name).train_dataloader.dataset])
def test_the_test_transform_has_one_home(name):
    """Features are clustered from the images that the test would see, so a hook's own pipeline would be a second home."""
    assert 'pipeline' not in load(name).default_hooks.get('false_negative', {})
    assert not re.search('Random|Jitter|Blur', repr(load(name).test_dataloader.dataset.pipeline))


@pytest.mark.parametrize('row', TABLE_6)
def test_rates_of_table_6(row):
    hook = load(f'ifnd/table6/{row}').default_hooks.false_negative
    settings = {key: value for key, value in hook.acceptance.items() if key != 'type'}
    acceptance = ConfidenceAcceptance(**settings)
    assert hook.num_clusters == (100, 300, 1000) and hook.interval == 20
    assert [acceptance.rate(epoch / 1000) for epoch in (20, 80, 100, 500, 980)] == pytest.approx(TABLE_6[row])


def test_every_row_of_table_6_is_there():
    assert sorted(TABLE_6) == sorted(Path(name).name for name in CONFIGS if '/table6/' in name)


@pytest.mark.parametrize('row', TABLE_7)
def test_rows_of_table_7(row):
    config = load(f'ifnd/table7/{row}')
    head, hook = config.model.head, config.default_hooks.false_negative
    used = head.get('concentration', True) if head.type == 'ProtoNCEHead' else None
    assert (head.type, used, hook.acceptance.scheme, min(hook.num_clusters), hook.get('confidence', 'softmax')) == TABLE_7[row]
    assert hook.acceptance.milestone == 0.1 and hook.interval == 20  # a step is one after epoch 100 of 1000
    assert head.detector.type == ('NoDetector' if head.type == 'ProtoNCEHead' else 'PseudoLabelDetector')


def test_depths_of_table_5():
    rows = dict(simclr=18, ifnd=18, supcon_d3=3, supcon_d5=5, supcon_d7=7, supcon_d9=9, supcon_d18=18)
    found = {Path(name).name: load(name) for name in CONFIGS if '/table5/' in name}
    for loader in ('train_dataloader', 'test_dataloader'):
        assert {row: config[loader].dataset.depth for row, config in found.items()} == rows


def test_every_row_of_table_7_is_there():
    assert sorted(TABLE_7) == sorted(Path(name).name for name in CONFIGS if '/table7/' in name)


@pytest.mark.parametrize('name', LEARNING_RATES)
def test_learning_rates(name):
    config = load(name)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=config.optim_wrapper.optimizer.lr)
    schedulers = []
    for settings in config.param_scheduler:
        settings = dict(settings, end=settings.get('end', config.train_cfg.max_epochs))
        settings.pop('convert_to_iter_based', None)
        schedulers.append(PARAM_SCHEDULERS.build(settings, default_args=dict(optimizer=optimizer)))
    found = []
    for _ in range(config.train_cfg.max_epochs + 1):
        found.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        for scheduler in schedulers:
            scheduler.step()
    expected = LEARNING_RATES[name]
    # The chained cosine is that exact.
    assert {epoch: found[epoch] for epoch in expected} == pytest.approx(expected, rel=1e-3, abs=5e-6)


# --- training -------------------------------------------------------------------------------------------------------------

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


DATA = dict(CustomDataset='folder', SplitFolder='folder', ClassSubset='listed_classes', GroupedFolder='grouped_folder',
            WordNetDepthDataset='wordnet_folder', CIFAR10='cifar', CIFAR100='cifar', IDXImages='idx', Digits='digits')


def kind_of(name):
    """Framework, head, detector, data set, source of the features: what must work together."""
    config = load(name)
    data = config.train_dataloader.dataset
    hook = config.default_hooks.get('false_negative')
    return (config.model.type, config.model.head.type, config.model.head.detector.type,
            data.get('dataset', data).type, data.get('with_label', True), hook and hook.get('source', 'extract'))


KINDS = {kind_of(name): name for name in reversed(CONFIGS)}
#: These run each time, the others with ``-m slow``.
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
    pytest.param(name, marks=[] if name in FAST else pytest.mark.slow) for name in sorted({*KINDS.values(), *FAST})])
def test_trains(name, request, tmp_path, restored_torch):
    config = load(name)
    data = request.getfixturevalue(DATA[kind_of(name)[3]])
    runner = trained(name, data, tmp_path)
    hub = runner.message_hub
    losses = hub.get_scalar('train/loss').data[0]
    assert len(losses) >= 2 and np.isfinite(losses).all()
    shares = hub.get_scalar('train/false_negative_share').data[0]
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
