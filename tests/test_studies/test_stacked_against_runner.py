"""A stack of runs ends with the weights that the product's own runs have: config, Runner, hooks, heads and detectors.

Both begin with the same weights and see the same views in the same order; everything else is their own: encoder, detection,
loss, clustering, acceptance, optimizer.
"""

from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import DefaultScope

from mmifnd.configuration import build_runner, load_config
from mmifnd.datasets import Glyphs
from mmifnd.models.backbones import SmallCNN
from mmifnd.models.necks import ProjectionMLP
from mmifnd.studies.stacked import Recipe, StackedRun, StackedTraining, random_views

WIDTHS, HIDDEN, OUT, CLASSES, SEED, TEMPERATURE = (4, 6, 8), 5, 3, 4, 1, 0.2
RECIPE = Recipe(epochs=6, batch_size=16, clusterings=6, widths=WIDTHS, hidden=HIDDEN, out=OUT, start=0.34)
STEPS = 3  # of an epoch of 48 images
LABELS = {'model.head.detector.type': 'PseudoLabelDetector',
          'default_hooks.false_negative.acceptance': dict(scheme='linear', end=1.)}
#: What an arm of the stack is in a config.
ARMS = dict(
    simclr={},
    ifnd=LABELS,
    ifnd_2k={**LABELS, 'default_hooks.false_negative.num_clusters': (2 * CLASSES,)},
    glofnd={'model.head.type': 'GloFNDThresholdHead', 'model.head.detector': dict(
        _delete_=True, type='QuantileThresholdDetector', alpha=1 / CLASSES, initialization='batch_quantile', start_epoch=2)},
    oracle={'model.head.detector.type': 'GroundTruthDetector'},
    supcon={'model.head.type': 'AttrContrastiveHead', 'model.head.detector.type': 'GroundTruthDetector'},
    attraction={**LABELS, 'model.head.type': 'AttrContrastiveHead'})
_NUMBERS = count()


class AsInTheStack(Hook):
    """Gives a run the weights, the learning rates and the views of a stack."""

    def __init__(self, training: StackedTraining, row: int) -> None:
        self.training, self.row = training, row
        self.generator = torch.Generator().manual_seed(SEED)

    def before_train(self, runner) -> None:
        backbone, neck = modules_of(runner.model)
        for name, value in weights_of(self.training.encoder, self.row).items():
            parameter = (backbone if name.startswith('layers') else neck).get_parameter(name)
            parameter.data.copy_(value)
        preprocessor = runner.model.data_preprocessor
        self.evaluate, preprocessor.forward = preprocessor.forward, self.views

    def before_train_epoch(self, runner) -> None:
        self.order = torch.randperm(len(self.training.images), generator=self.generator)

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        self.batch = self.order[batch_idx * RECIPE.batch_size:(batch_idx + 1) * RECIPE.batch_size]
        for group in runner.optim_wrapper.param_groups:
            group['lr'] = RECIPE.rate_at(runner.iter, RECIPE.epochs * STEPS)

    def views(self, data: dict, training: bool = False) -> dict:
        if not training:
            return self.evaluate(data, training)
        views = random_views(self.training.images[self.batch].repeat(2, 1, 1, 1), self.generator)
        return dict(inputs=list(((views - self.training.mean) / self.training.std).chunk(2)), index=self.batch)


def modules_of(model) -> tuple[SmallCNN, ProjectionMLP]:
    assert isinstance(model.backbone, SmallCNN) and isinstance(model.neck, ProjectionMLP)
    return model.backbone, model.neck


def weights_of(encoder, row: int) -> dict[str, torch.Tensor]:
    """The parameters of one run, by their names in SmallCNN and ProjectionMLP."""
    names = {f'{part}{layer}': f'layers.{layer}.{place}' for layer in range(len(WIDTHS))
             for part, place in (('conv', '0.weight'), ('scale', '1.weight'), ('shift', '1.bias'))}
    names |= {f'{part}{number}': f'mlp.{place}.{part}' for number, place in ((1, 0), (2, 2)) for part in ('weight', 'bias')}
    return {theirs: getattr(encoder, ours)[row].detach().clone() for ours, theirs in names.items()}


@pytest.fixture(scope='module')
def glyphs(tmp_path_factory) -> SimpleNamespace:
    """48 images of four characters, which differ in where they are bright."""
    path, draws = tmp_path_factory.mktemp('glyphs') / 'glyphs.npz', np.random.RandomState(0)
    character = np.tile(np.arange(CLASSES), 24)
    images = draws.randint(0, 80, (96, 16, 16))
    for position, number in enumerate(character):
        images[position, 3 + 4 * (number // 2):8 + 4 * (number // 2), 3 + 4 * (number % 2):8 + 4 * (number % 2)] += 150
    part = np.repeat([0, 2], 48)
    np.savez(path, images=images.astype(np.uint8), character=character.astype(np.int16), font=part, family=part, part=part,
             characters=np.array(list('abcd')), families=np.array(['x', 'y', 'z']), parts=np.array(['train', 'val', 'test']))
    data = Glyphs(path)
    return SimpleNamespace(path=str(path), images=data.images, labels=data.labels)


@pytest.fixture(scope='module')
def stack(glyphs) -> SimpleNamespace:
    """All arms, trained in one stack, and another stack with the weights that they began with."""
    training, begun = (StackedTraining([StackedRun(arm, SEED, TEMPERATURE) for arm in ARMS], glyphs.images,
                                       dict(code_point=glyphs.labels), RECIPE) for _ in range(2))
    measures = training.train()
    return SimpleNamespace(training=training, begun=begun, measures=measures)


@pytest.mark.parametrize('arm', ARMS)
def test_a_run_of_the_stack_is_a_run_of_the_product(arm, glyphs, stack, tmp_path, restored_torch) -> None:
    row = next(row for row, run in enumerate(stack.training.runs) if run.arm == arm)
    dataset = {'data_file': glyphs.path, 'num_classes': CLASSES, 'max_images': None}
    options = {f'{loader}.dataset.{name}': value for loader in ('train_dataloader', 'test_dataloader')
               for name, value in dataset.items()}
    config = load_config('configs/baselines/simclr_glyphs.py', options | {
        'model.data_preprocessor.mean': [stack.begun.mean], 'model.data_preprocessor.std': [stack.begun.std],
        'model.backbone.widths': WIDTHS, 'model.neck.in_channels': WIDTHS[-1], 'model.neck.hidden_channels': HIDDEN,
        'model.neck.out_channels': OUT, 'model.head.temperature': TEMPERATURE, 'param_scheduler': [],
        'train_dataloader.batch_size': RECIPE.batch_size, 'train_cfg.max_epochs': RECIPE.epochs,
        'default_hooks.false_negative.num_clusters': (CLASSES,), 'default_hooks.false_negative.interval': 1,
        'default_hooks.false_negative.kmeans': dict(num_redo=1, num_iterations=10, backend='torch', device='cpu'),
        'default_hooks.false_negative.save': 'labels', 'default_hooks.detection.interval': 1, **ARMS[arm]})
    config.update(work_dir=str(tmp_path), experiment_name=f'stacked_{next(_NUMBERS)}', log_level='ERROR',
                  randomness=dict(seed=SEED, deterministic=True))
    with DefaultScope.overwrite_default_scope('mmifnd'):
        runner = build_runner(config)
        runner.register_hook(AsInTheStack(stack.begun, row), priority='VERY_HIGH')
        runner.train()
    assert runner.optim_wrapper.optimizer.defaults['weight_decay'] == RECIPE.weight_decay
    backbone, neck = modules_of(runner.model)
    own = {**dict(backbone.named_parameters()), **dict(neck.named_parameters())}
    begun, ended = weights_of(stack.begun.encoder, row), weights_of(stack.training.encoder, row)
    for name, value in ended.items():
        torch.testing.assert_close(own[name].detach(), value, atol=2e-4, rtol=0, msg=lambda text, name=name: f'{name}: {text}')
    moved = max((ended[name] - begun[name]).abs().max().item() for name in ended)
    assert moved > 0.02  # a hundred times what they may differ by
    if arm != 'simclr':
        assert stack.measures[row]['removed_share'] > 1
