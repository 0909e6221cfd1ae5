"""A run that has gone wrong ends in one line, and spoils nothing that is kept."""

import dataclasses
import itertools
import re

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from PIL import Image

from mmifnd.apis import UserError
from mmifnd.configuration import build_runner, load_config, one_line_errors
from mmifnd.engine.checkpoints.checkpoint_format import load_plain
from mmifnd.engine.hooks import NonFiniteHook
from mmifnd.engine.hooks.non_finite_hook import spoilt_tensor

#: Of 5 steps an epoch: the second of epoch 2.
STEP = 7
GLOFND = 'configs/glofnd/simclr_glofnd_digits.py'


@pytest.fixture
def glofnd_runner(digits_runner):
    """Of GloFND's thresholds, learned and used from the start; a checkpoint each epoch."""

    def make(path=GLOFND, **options):
        model = dict(head=dict(detector=dict(start_epoch=0)))
        return digits_runner(path, model=model, default_hooks__checkpoint__interval=1, default_hooks__health__interval=100,
                             **options)

    return make


def read_every(runner, steps):
    """As if the device were a GPU, which nothing waits for in between."""
    hook, = (hook for hook in runner.hooks if isinstance(hook, NonFiniteHook))
    begin = hook.before_train
    hook.before_train = lambda runner: (begin(runner), setattr(hook, 'interval', steps))


def spoil_similarities(runner, step=STEP):
    """From there on, the first image of the batch is similar to nothing that is a number. The image, once it is known."""
    head, numbers, image = runner.model.head, itertools.count(1), []
    loss = head.loss

    def spoilt(contrast):
        if head.training and next(numbers) == step:
            image.append(int(contrast.anchor_index[0]))
            row = contrast.anchor_index.unsqueeze(1) == image[0]
            column = contrast.candidate_index == image[0]
            contrast = dataclasses.replace(
                contrast, positive_similarity=contrast.positive_similarity.masked_fill(row, torch.nan),
                negative_similarity=contrast.negative_similarity.masked_fill(row | column, torch.nan))
        return loss(contrast)

    head.loss = spoilt
    return image


def spoil_view(runner, step=STEP):
    """A view of the third image is infinite in one pixel; batch normalisation spreads it to all."""
    preprocessor, numbers, image = runner.model.data_preprocessor, itertools.count(1), []
    forward = preprocessor.forward

    def spoilt(data, training=False):
        batch = forward(data, training)
        if training and next(numbers) == step:
            image.append(int(batch['index'][2]))
            batch['inputs'][1][2, :, 0, 0] = torch.inf
        return batch

    preprocessor.forward = spoilt
    return image


class SpoilWeights(Hook):
    """Makes a parameter NaN behind a step."""

    priority = 'VERY_HIGH'

    def __init__(self, step):
        self.step = step

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter + 1 == self.step:
            next(runner.model.backbone.parameters()).data.fill_(torch.nan)


def ended(runner):
    """The line that a run ends with."""
    with pytest.raises(UserError) as error:
        runner.train()
    assert '\n' not in str(error.value)
    return str(error.value)


def check_the_checkpoint(folder, name='epoch_1.pth'):
    """That of the last good epoch stands alone, and is finite."""
    assert [path.name for path in folder.glob('*.pth')] == [name]
    assert (folder / 'last_checkpoint').read_text().endswith(name)
    state = load_plain(folder / name)['state_dict']
    assert not any(value.isnan().any() for value in state.values() if value.is_floating_point())


# --- which step, which images ---------------------------------------------------------------------------------------


@pytest.mark.parametrize('spoil', [spoil_similarities, pytest.param(spoil_view, marks=pytest.mark.slow)])
def test_the_run_ends_with_the_image(glofnd_runner, tmp_path, spoil):
    runner = glofnd_runner()
    image = spoil(runner)
    line = ended(runner)
    assert line.startswith(f'step 7 gave NaN or infinite values for image {image[0]}; look at these images, or lower')
    assert line.endswith(f'the last good checkpoint is {tmp_path}/epoch_1.pth')
    # A GPU tells of it a few steps later: nobody waits for it.
    assert runner.iter == 6 or torch.cuda.is_available() and 6 < runner.iter < 15
    check_the_checkpoint(tmp_path)
    table = runner.model.head.detector.table
    assert all(column.isfinite().all() for column in table.buffers())
    seen = torch.as_tensor(runner.train_loop.dataset.index)
    assert (table.threshold[seen] < 1).sum() > 1000  # they did learn


@pytest.mark.parametrize('config', [
    pytest.param('configs/glofnd/sogclr_glofnd_digits.py', marks=pytest.mark.slow), 'configs/glofnd/moco_glofnd_digits.py'])
def test_nan_reaches_neither_averages_nor_queue(glofnd_runner, config):
    runner = glofnd_runner(config)
    image = spoil_similarities(runner)
    line = ended(runner)
    assert f'for image {image[0]}; ' in line
    for name, value in runner.model.state_dict().items():
        if any(part in name for part in ('table', 'queue')) and value.is_floating_point():
            assert not value.isnan().any(), name


def test_where_all_are_alike_some_of_the_batch_are_named(glofnd_runner):
    runner = glofnd_runner(epochs=1)
    runner.register_hook(SpoilWeights(3))
    line = ended(runner)
    assert line.startswith('step 4 gave a loss that is NaN or infinite, for all of its images alike, among them image ')
    assert len(re.findall(r'image \d+', line)) == 5


def test_the_path_is_named(tmp_path, restored_torch, capsys):
    random = np.random.default_rng(0)
    for number in range(16):
        Image.fromarray(random.integers(0, 255, (40, 40, 3), dtype=np.uint8)).save(tmp_path / f'{number:02d}.png')
    options = {f'{loader}_dataloader.dataset.data_root': str(tmp_path) for loader in ('train', 'test')}
    options |= {f'{loader}_dataloader.num_workers': 0 for loader in ('train', 'test')}
    config = load_config('configs/ifnd/ifnd_r50_folder.py', {
        **options, 'train_dataloader.batch_size': 8, 'train_dataloader.dataset.pipeline.1.transforms.0.0.scale': 32,
        'model.backbone.depth': 18, 'model.backbone.stem_channels': 8, 'model.backbone.base_channels': 8,
        'model.neck.in_channels': 64, 'model.neck.hidden_channels': 16, 'model.queue_len': 4, 'train_cfg.max_epochs': 1,
        'default_hooks.false_negative.num_clusters': (2,), 'param_scheduler': []})
    config.work_dir, config.log_level, config.experiment_name = str(tmp_path / 'run'), 'ERROR', 'path_is_named'
    runner = build_runner(config)
    image = spoil_view(runner, step=2)
    with pytest.raises(SystemExit) as end, one_line_errors(started=lambda: True):
        runner.train()
    error, = capsys.readouterr().err.splitlines()[-1:]
    assert end.value.code == 2
    assert error == (f'error: step 2 gave NaN or infinite values for image {image[0]} ({image[0]:02d}.png); look at these '
                     'images, or lower the learning rate; there is no checkpoint yet')


# --- when it is read ------------------------------------------------------------------------------------------------


def test_on_a_gpu_it_is_read_when_it_is_logged(glofnd_runner, tmp_path):
    """Here as if this were one: the first step is named, however late it is read, and no checkpoint comes in between."""
    runner = glofnd_runner()
    read_every(runner, 4)
    image = spoil_similarities(runner)
    line = ended(runner)
    assert line.startswith(f'step 7 gave NaN or infinite values for image {image[0]}; ')
    assert runner.iter == 8  # the fourth step of the epoch, counted from 0
    check_the_checkpoint(tmp_path)


@pytest.mark.slow
def test_the_end_of_an_epoch_is_read_before_its_checkpoint(glofnd_runner, tmp_path):
    runner = glofnd_runner()
    read_every(runner, 1000)
    spoil_similarities(runner)
    assert ended(runner).startswith('step 7 gave') and runner.iter == 9
    check_the_checkpoint(tmp_path)


def test_weights_spoilt_by_the_last_step_are_not_written(glofnd_runner, tmp_path):
    """Their loss was finite: no step has shown it yet."""
    runner = glofnd_runner(default_hooks__false_negative__interval=100)
    runner.register_hook(SpoilWeights(10))
    line = ended(runner)
    assert re.match(r'backbone\.\S+ is NaN or infinite after step 10, and no checkpoint is written of it; lower the', line)
    check_the_checkpoint(tmp_path)


def test_more_patience(glofnd_runner):
    """A step that does no harm, as where a gradient scaler leaves it out, need not be the end."""

    class Forgive(Hook):
        def before_train_iter(self, runner, batch_idx, data_batch=None):
            if runner.iter + 1 == 2:
                runner.model.parse_losses = lambda losses: (sum(p.sum() for p in runner.model.parameters()) * 0, losses)
            else:
                runner.model.__dict__.pop('parse_losses', None)

    runner = glofnd_runner(epochs=1, default_hooks__non_finite__patience=2)
    runner.register_hook(Forgive())
    image = spoil_similarities(runner, step=2)
    runner.train()
    assert image and runner.iter == 5
    assert all(p.isfinite().all() for p in runner.model.parameters())


def test_buffers_may_be_minus_infinity_where_nothing_was_seen():
    state = dict(weight=torch.ones(2), average=torch.tensor([-torch.inf]), index=torch.tensor([-1]), none=torch.zeros(0))
    assert spoilt_tensor(state, {'weight'}) is None
    assert spoilt_tensor(dict(state, weight=torch.tensor([torch.inf])), {'weight'}) == 'weight'
    assert spoilt_tensor(dict(state, average=torch.tensor([torch.nan])), {'weight'}) == 'average'


@pytest.mark.parametrize('options', [dict(patience=0), dict(max_images=0)])
def test_numbers_below_one_are_refused(options):
    with pytest.raises(ValueError, match='of NonFiniteHook must be at least 1'):
        NonFiniteHook(**options)
