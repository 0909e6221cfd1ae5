"""Mixed precision: what happens in a step that a gradient scaler leaves out."""

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper

from mmifnd.engine.loops.update_watch import UpdateWatch
from mmifnd.registry import OPTIM_WRAPPERS


class ScaledWrapper(OptimWrapper):
    """As much of mmengine's AmpOptimWrapper, which refuses to run without a GPU, as there is to a step."""

    def __init__(self, init_scale=2., **kwargs):
        super().__init__(**kwargs)
        self.loss_scaler = torch.amp.GradScaler('cpu', init_scale=init_scale)

    def backward(self, loss, **kwargs):
        self.loss_scaler.scale(loss).backward(**kwargs)
        self._inner_count += 1

    def step(self, **kwargs):
        self.loss_scaler.step(self.optimizer, **kwargs)
        self.loss_scaler.update()


def wrapper_of(parameter, kind=OptimWrapper, **options):
    return kind(optimizer=torch.optim.SGD([parameter], lr=0.1), **options)


@pytest.mark.parametrize('accumulate', [1, 2])
def test_sees_what_the_scaler_leaves_out(accumulate):
    parameter = torch.nn.Parameter(torch.ones(1))
    wrapper = wrapper_of(parameter, ScaledWrapper, init_scale=2., accumulative_counts=accumulate)
    watch = UpdateWatch(wrapper)
    for step, factor in enumerate([1., torch.inf, 1., 1., 1., torch.inf, torch.nan, 1.], 1):
        before = parameter.item()
        wrapper.update_params(parameter.sum() * factor)
        is_due = step % accumulate == 0
        assert watch.left_out() == (is_due and parameter.item() == before)


def test_a_plain_wrapper_leaves_nothing_out():
    parameter = torch.nn.Parameter(torch.ones(1))
    wrapper = wrapper_of(parameter)
    watch = UpdateWatch(wrapper)
    wrapper.update_params(parameter.sum() * torch.nan)
    assert not watch.left_out()


def test_an_overflow_pushes_nothing_and_ends_nothing(digits_runner):
    """Loss and similarities are finite in such a step, and thresholds learn from them; only the scaled gradients are not."""
    OPTIM_WRAPPERS.register_module(name='ScaledWrapper', module=ScaledWrapper, force=True)
    runner = digits_runner('configs/glofnd/moco_glofnd_digits.py', epochs=1, optim_wrapper__type='ScaledWrapper', model=dict(
        queue_len=2000, empty='negative', head=dict(detector=dict(start_epoch=0, initialization='one'))))
    overflows, steps = (0, 2), []
    weight = next(runner.model.backbone.parameters())
    weight.register_hook(lambda gradient: gradient * torch.inf if runner.iter in overflows else gradient)

    class Watch(Hook):

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            self.before = weight.detach().clone()

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            assert outputs['loss'].isfinite()
            assert weight.equal(self.before) == (runner.iter in overflows)
            steps.append(int((runner.model.queue.index >= 0).sum()))

    runner.register_hook(Watch())
    runner.train()
    assert steps == [0, 256, 256, 512, 768]
    assert runner.model.head.detector.table.visits.sum() > 4 * 256
