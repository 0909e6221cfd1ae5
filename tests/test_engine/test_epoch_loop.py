import pytest
import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel

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
    assert runner.model.head.detector.labels[0].equal(expected.int())


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
