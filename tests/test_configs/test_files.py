"""Every config loads, builds and says what its name says."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from shard_files import TINY_CLIP
from shipped_configs import CONFIGS, FILES, HEADLINE, ROOT, load, path_of

from mmifnd.clustering import ConfidenceAcceptance
from mmifnd.registry import MODELS, PARAM_SCHEDULERS

#: Folders whose configs are ablations: each changes one thing of its parent.
ABLATIONS = ('glofnd/start_epoch', 'ifnd/table6', 'ifnd/table7', 'sane/table4', 'sane/table5', 'sane/table6')
#: The row of another method, which the ablations of that method inherit from.
OTHER_METHODS = {'ifnd/table7/pcl'}

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


def parent_of(name):
    """Name of the config that a config inherits from; None where it is put together from _base_."""
    for statement in ast.parse(path_of(name).read_text()).body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id == '_base_':
            base = ast.literal_eval(statement.value)
            if isinstance(base, str):
                return str((path_of(name).parent / base).resolve().relative_to(ROOT / 'configs').with_suffix(''))
    return None


def written_in(path):
    """What a config file says itself, without what it inherits."""
    names = {}
    exec(path.read_text(), names)  # test_is_plain: there are assignments of plain values only
    return {name: value for name, value in names.items() if not name.startswith('__')}


def inherited_by(path):
    """What a config file inherits: all of its bases together."""
    bases = written_in(path).get('_base_', [])
    inherited = {}
    for base in [bases] if isinstance(bases, str) else bases:
        inherited |= unchecked((path.parent / base).resolve())
    return inherited


@cache
def unchecked(path):
    """All that a config file and its bases say."""
    return Config.fromfile(path).to_dict()


def repeated(written, inherited, prefix=''):
    """Yield the dotted keys that are written with the value that they have anyway."""
    for key in set(written) & set(inherited):
        value, present = written[key], inherited[key]
        if isinstance(value, dict) and isinstance(present, dict):
            if not value.get('_delete_'):
                yield from repeated(value, present, f'{prefix}{key}.')
                continue
            value = {name: entry for name, entry in value.items() if name != '_delete_'}
        if value == present:
            yield prefix + key


def changes(one, other, prefix=''):
    """Dotted keys in which two dicts differ; a part of another type counts once, with all of its arguments."""
    keys = set()
    for key in set(one) | set(other):
        both = one.get(key), other.get(key)
        if all(isinstance(value, dict) for value in both) and both[0].get('type') == both[1].get('type'):
            keys |= changes(*both, f'{prefix}{key}.')
        elif key not in one or key not in other or both[0] != both[1]:
            keys.add(prefix + key)
    return keys


@cache
def built_type(model):
    """Name of the class that a model builds; equal models are built once, and their weights are not drawn."""
    with DefaultScope.overwrite_default_scope('mmifnd'), pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.nn.init, 'kaiming_uniform_', lambda weight, *_, **__: weight)
        return type(MODELS.build(ast.literal_eval(model))).__name__


@pytest.mark.parametrize('name', CONFIGS)
def test_loads_and_its_model_builds(name):
    model = load(name).to_dict()['model']
    if 'queue_len' in model:
        model['queue_len'] = 8  # the queue only takes memory
    if 'OpenCLIP' in model['backbone']['type']:
        pytest.importorskip('open_clip')
        for tower, neck in (('backbone', 'neck'), ('text_backbone', 'text_neck')):  # RN50's own: 102 million weights, twice
            assert model[tower]['model'] == 'RN50' and model[neck]['channels'] == 1024
            model[tower]['model'], model[neck]['channels'] = TINY_CLIP, 12
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


@pytest.mark.parametrize('path', [path for path in FILES if 'mmdetection' not in path.parts],
                         ids=lambda path: str(path.relative_to(ROOT / 'configs')))
def test_repeats_no_value_of_its_parent(path):
    assert sorted(repeated(written_in(path), inherited_by(path))) == []


@pytest.mark.parametrize('name', [name for name in CONFIGS if name.startswith(ABLATIONS) and name not in OTHER_METHODS])
def test_an_ablation_changes_one_key(name):
    """A row that is its parent under another name writes nothing."""
    changed = changes(load(name).to_dict(), load(parent_of(name)).to_dict())
    assert len(changed) == (0 if set(written_in(path_of(name))) == {'_base_'} else 1), changed


def test_repetitions_and_changes_would_be_noticed():
    parent = dict(a=1, part=dict(type='A', x=1), b=dict(c=2))
    assert list(repeated(dict(b=dict(c=2)), parent)) == ['b.c'] and list(repeated(dict(b=dict(c=3)), parent)) == []
    assert list(repeated(dict(part=dict(_delete_=True, type='A', x=1)), parent)) == ['part']
    assert changes(dict(parent, part=dict(type='B', y=1)), parent) == {'part'}
    assert changes(dict(parent, a=2, b=dict(c=3, d=4)), parent) == {'a', 'b.c', 'b.d'}
    assert len([name for name in CONFIGS if name.startswith(ABLATIONS)]) > 20


@pytest.mark.parametrize('path', FILES, ids=lambda path: str(path.relative_to(ROOT / 'configs')))
def test_is_plain(path):
    """No imports, no variables that a child could change without effect, no hosts, no paths of one machine.

    One whole part may be another: ``test_dataloader = val_dataloader``. A child changes each by itself, as it would copies.
    """
    text = path.read_text()
    tree = ast.parse(text)
    assert not [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    computed = 'studies' in path.parts  # a study may compute its methods; nobody inherits from it
    names = [] if computed else [
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    wholes = [node.value.id for node in tree.body
              if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and not computed]
    assert set(wholes) <= {'val_dataloader'} and set(Counter(names) - Counter(wholes)) <= {'dict'}
    assert '{{' not in text and '://' not in text and 'mmpretrain::' not in text
    strings = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    absolute = [value for value in strings if re.match(r'[/~]|[A-Za-z]:\\', value)]
    assert all(value.startswith('/usr/share/datasets/') for value in absolute)
    assert max(map(len, text.splitlines())) <= 125


def test_the_test_transform_has_one_home():
    """Features are clustered from the images that the test would see, so a hook's own pipeline would be a second home."""
    names = [name for name in CONFIGS if 'pipeline' in load(name).train_dataloader.dataset]
    assert len(names) > 50
    for name in names:
        assert 'pipeline' not in load(name).default_hooks.get('false_negative', {}), name
        assert not re.search('Random|Jitter|Blur', repr(load(name).test_dataloader.dataset.pipeline)), name


@pytest.mark.parametrize('row', TABLE_6)
def test_rates_of_table_6(row):
    hook = load(f'ifnd/table6/{row}').default_hooks.false_negative
    settings = {key: value for key, value in hook.acceptance.items() if key != 'type'}
    acceptance = ConfidenceAcceptance(**settings)
    assert hook.num_clusters == (100, 300, 1000) and hook.interval == 20
    assert [acceptance.rate(epoch / 1000) for epoch in (20, 80, 100, 500, 980)] == pytest.approx(TABLE_6[row])


def test_every_row_of_table_6_is_there():
    assert sorted(TABLE_6) == sorted(Path(name).name for name in CONFIGS if name.startswith('ifnd/table6/'))


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
    found = {Path(name).name: load(name) for name in CONFIGS if name.startswith('ifnd/table5/')}
    for loader in ('train_dataloader', 'test_dataloader'):
        assert {row: config[loader].dataset.depth for row, config in found.items()} == rows


def test_every_row_of_table_7_is_there():
    assert sorted(TABLE_7) == sorted(Path(name).name for name in CONFIGS if name.startswith('ifnd/table7/'))


@pytest.mark.parametrize('row, parts, mixes, prior', [
    ('table4/all', 'pq', True, 1), ('table4/p_mm', 'p', True, 1), ('table4/q_mm', 'q', True, 1), ('table4/mm', 'pq', True, 0),
    ('table4/p_q', 'pq', False, 1), ('table4/p', 'p', False, 1), ('table4/q', 'q', False, 1), ('table4/none', 'pq', False, 0)])
def test_rows_of_sanes_table_4(row, parts, mixes, prior):
    """Without prior a refined label is one-hot; without mixup the labels of real queries are half refined."""
    model = load(f'sane/{row}').model
    head = MODELS.build(model.head)
    assert (''.join(head.parts), head.prior_range[1], model.mixup is not None) == (parts, prior, mixes)
    assert model.fresh_keys and (head.temperature, head.sharpening, head.refined_share) == (0.2, 0.8, None)
    assert load(f'sane/{row}').train_cfg.max_epochs == 1000


def test_sanes_recipes_are_the_papers():
    """Facts of the paper and its supplement; scales of crops: CLSA's code."""
    cifar, single, multi = (load(f'sane/sane_r50_{name}') for name in (
        '1xb256-coslr_2000e_cifar10', '8xb32-coslr_200e_in1k_single', '8xb32-coslr_800e_in1k_multi-strong'))
    for config in (cifar, single, multi):
        optimizer = config.optim_wrapper.optimizer
        assert (optimizer.lr, optimizer.momentum, optimizer.weight_decay) == (0.03, 0.9, 1e-4)
        assert [schedule.type for schedule in config.param_scheduler] == ['CosineAnnealingLR']
    assert (cifar.model.queue_len, cifar.model.mixup.beta, cifar.model.head.prior) == (4096, 2., (0., 1.))
    assert 'Blur' not in repr(cifar.model.data_preprocessor.augmentation)
    assert (single.model.queue_len, single.model.mixup.beta, MODELS.build(single.model.head).prior_range) == (
        65536, 0.1, (0.5, 10.))
    assert (cifar.train_cfg.max_epochs, single.train_cfg.max_epochs, multi.train_cfg.max_epochs) == (2000, 200, 800)
    views = [next(step for step in config.train_dataloader.dataset.pipeline if step.type == 'MixedViews')
             for config in (single, multi)]
    sizes = [[(crop.scale, tuple(crop.crop_ratio_range)) for crop in view.further] for view in views]
    assert sizes == [[(96, (.086, .429))], [(224, (.2, 1.)), (192, (.172, .86)), (160, (.143, .715)), (128, (.114, .571)),
                                            (96, (.086, .429))]]
    assert [step.type for view in views for step in view.get('strong', [])] == ['StrongOperations']


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


@pytest.mark.slow
def test_learning_rates_of_clip_are_those_of_the_released_scheduler():
    golden = np.load(ROOT / 'tests' / 'data' / 'glofnd_golden.npz')
    config, total = load('clip/clip_rn50_8xb128-coslr_37e_cc3m'), 98568
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=config.optim_wrapper.optimizer.lr)
    schedulers = [PARAM_SCHEDULERS.build({'end': total, **settings}, default_args=dict(optimizer=optimizer))
                  for settings in config.param_scheduler]
    rates = []
    for _ in range(total):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        for scheduler in schedulers:
            scheduler.step()
    found = [rates[step] for step in golden['c5/lr_bimodal/step']]
    assert found == pytest.approx(golden['c5/lr_bimodal/lr'].tolist(), rel=1e-6, abs=1e-12)
