import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel

from mmifnd.configuration import one_line_errors
from mmifnd.datasets import IndexedDataset
from mmifnd.registry import MODELS


def test_the_framework_learns_epoch_seed_size_and_the_end_of_each_step(digits_runner):
    runner = digits_runner(epochs=2, model=dict(type='MoCoAdapter', queue_len=2000))
    told = []

    class Watch(Hook):

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            told.append(int(data_batch['epoch']))

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            filled = (runner.model.queue.index >= 0).sum().item()
            assert filled == min(2000, 256 * (runner.iter + 1))

    runner.register_hook(Watch())
    runner.train()
    assert told == [0] * 5 + [1] * 5
    assert runner.model.head.detector.num_samples == 1297
    assert runner.model.data_preprocessor.seed == runner.train_loop.dataset.seed == 3


def test_the_oracle_gets_the_true_labels(digits_runner):
    runner = digits_runner('configs/baselines/simclr_oracle_digits.py', epochs=1)
    runner.train()
    expected = torch.as_tensor(runner.train_loop.dataset.labels())
    assert runner.model.head.detector.labels[0].cpu().equal(expected.int())


def test_methods_that_look_like_those_of_a_part_are_named_once(digits_runner, monkeypatch):

    class Keeper(Hook):
        def rank_state(self):
            raise AssertionError('not declared')

    runner = digits_runner(epochs=1, default_hooks__checkpoint__interval=1)
    monkeypatch.setattr(type(runner.model.backbone), 'bind', lambda self, name: None, raising=False)
    runner.register_hook(Keeper())
    lines = []
    monkeypatch.setattr(runner.logger, 'warning', lines.append)
    runner.train()
    assert [line for line in lines if 'is not called' in line] == [
        f'{type(runner.model.backbone).__name__}.bind() is not called: the class does not derive from '
        'mmifnd.parts.KnowsImages', 'Keeper.rank_state() is not called: the class does not derive from '
        'mmifnd.parts.KeepsRankState']


def test_another_kind_of_model_is_refused(digits_runner):

    class Other(BaseModel):

        def forward(self, inputs, mode='loss'):
            return {}

    MODELS.register_module(name='OtherModel', module=Other, force=True)
    runner = digits_runner(epochs=1)
    runner.model = Other()
    with pytest.raises(TypeError, match='EpochLoop trains the frameworks of mmifnd, got Other; use train_cfg'):
        runner.train()


def test_a_batch_larger_than_the_training_set_is_refused(digits_runner):
    runner = digits_runner(epochs=1, train_dataloader__batch_size=2000)
    with pytest.raises(ValueError, match='1297 images, fewer than one batch of 2000 on each of 1 processes; lower'):
        runner.train()


# --- groups ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def grouped_runner(digits_runner, tmp_path):
    """Of a detector of groups on the digits; the groups are those of a file."""

    def make(groups, **options):
        np.save(tmp_path / 'groups.npy', groups)
        return digits_runner(
            'configs/baselines/simclr_digits.py', model=dict(head=dict(detector=dict(type='GroupDetector'))),
            train_dataloader__dataset__groups=str(tmp_path / 'groups.npy'), default_hooks__checkpoint__interval=1,
            default_hooks__health__interval=100, **options)

    return make


def test_groups_reach_the_detector_and_the_checkpoint(grouped_runner):
    groups = np.arange(1297) // 10
    runner = grouped_runner(groups, epochs=1)
    runner.train()
    _, expected = np.unique(groups, return_inverse=True)
    assert runner.model.head.detector.labels[0].tolist() == expected.tolist()
    shares = runner.message_hub.get_scalar('train/false_negative_share').data[0]
    assert (shares > 0).all() and shares.max() < 0.02  # of groups of ten among 1,297
    with pytest.raises(ValueError, match='not that of the checkpoint: 1297 images as then, but other groups'):
        grouped_runner(np.arange(1297) // 9, epochs=2, resume=True).train()
    resumed = grouped_runner(groups, epochs=2, resume=True)
    resumed.train()
    assert resumed.iter == 10


def test_a_data_set_without_groups_is_refused_before_training(digits_runner, capsys):
    runner = digits_runner(
        'configs/baselines/simclr_digits.py', model=dict(head=dict(detector=dict(type='GroupDetector'))))
    with pytest.raises(SystemExit) as end, one_line_errors():
        runner.train()
    error, = [line for line in capsys.readouterr().err.splitlines() if line.startswith('error: ')]
    assert end.value.code == 2 and error.startswith('error: GroupDetector needs groups and the data set has none; name a file')


def test_groups_that_nobody_wants_are_not_read(digits_runner, monkeypatch):
    readers = []
    monkeypatch.setattr(IndexedDataset, 'groups', readers.append)
    digits_runner('configs/baselines/simclr_digits.py', epochs=1).train()
    assert readers == []


def test_parts_hear_of_each_step_and_of_the_moment_before_each_update(digits_runner):
    runner = digits_runner('configs/swav/swav_digits.py', epochs=1)
    framework, heard = runner.model, []
    framework.start_step = lambda step, max_steps: heard.append(('start', step, max_steps))
    framework.before_update = lambda: heard.append(('update', next(framework.parameters()).grad is not None))
    runner.train()
    steps = len(runner.train_dataloader)
    assert heard == [event for step in range(steps) for event in (('start', step, steps), ('update', True))]
