"""The rate of a learned temperature equals that of FastCLIP's code, whatever the schedule of the weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from pair_runs import pair_run, write_pairs

from mmifnd.configuration import build_runner
from mmifnd.engine.hooks import TemperatureRateHook
from mmifnd.errors import UserError

pytestmark = pytest.mark.usefixtures('restored_torch')
GOLDEN = np.load(Path(__file__).parents[1] / 'data' / 'glofnd_golden.npz')


class OneWeight:
    """What the hook looks at, of a framework and its runner."""

    def __init__(self, temperature):
        from mmifnd.models.heads.temperature import LearnedTemperature
        self.learned_temperature = LearnedTemperature(temperature).double()
        self.heads = dict(image=self)
        self.model = self.optim_wrapper = self
        self.optimizer = torch.optim.Adam(self.learned_temperature.parameters(), lr=1e-9)


@pytest.mark.parametrize('temperature, rate', list(zip(GOLDEN['c5/lr_tau/tau'], GOLDEN['c5/lr_tau/lr'])))
def test_steps_are_those_of_the_released_schedule(temperature, rate):
    runner, hook = OneWeight(float(temperature)), TemperatureRateHook()
    hook.before_train(runner)
    before = runner.learned_temperature.log_scale.item()
    hook.before_train_iter(runner, 0)
    runner.learned_temperature.log_scale.grad = torch.tensor(-3., dtype=torch.float64)
    runner.optimizer.step()
    hook.after_train_iter(runner, 0)
    # Adam's first step is as long as its rate.
    assert runner.learned_temperature.log_scale.item() - before == pytest.approx(rate, rel=1e-6)


def run(folder, **hook):
    cfg = pair_run(folder, epochs=2)
    cfg['default_hooks']['temperature_rate'] = dict(type='TemperatureRateHook', **hook)
    cfg['default_hooks']['param_scheduler'] = dict(type='ParamSchedulerHook')
    cfg['param_scheduler'] = [dict(type='LinearLR', start_factor=1e-3, end=4, by_epoch=False)]
    return cfg


def test_the_weights_warm_up_and_the_temperature_does_not(tmp_path):
    cfg = run(write_pairs(tmp_path), learning_rate=0.02)
    runner = build_runner(Config(cfg))
    runner.train()
    model = runner.model
    assert abs(model.head.learned_temperature.log_scale.item() + np.log(0.07)) > 0.02  # 4 steps of at most 0.02
    group, = [group for group in runner.optim_wrapper.optimizer.param_groups if group['params'][0] is
              model.head.learned_temperature.log_scale]
    assert group['lr'] == 0.02 and runner.optim_wrapper.optimizer.param_groups[0]['lr'] < 0.011


def test_what_has_no_temperature_of_its_own_is_refused(tmp_path):
    cfg = run(write_pairs(tmp_path))
    cfg['model']['head'] = dict(type='FastCLIPHead', version='v1')
    with pytest.raises(UserError, match='the heads learn none'):
        build_runner(Config(cfg)).train()
    cfg = run(tmp_path)
    cfg['optim_wrapper'].pop('paramwise_cfg')
    with pytest.raises(UserError, match='needs the temperature in a parameter group of its own'):
        build_runner(Config(cfg)).train()


@pytest.mark.parametrize('numbers', [dict(learning_rate=0.), dict(below=1.5), dict(factor=0.)])
def test_numbers_out_of_range_are_refused(numbers):
    with pytest.raises(ValueError, match=next(iter(numbers))):
        TemperatureRateHook(**numbers)
