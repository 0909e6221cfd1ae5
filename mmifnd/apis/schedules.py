"""The schedules of a config over its epochs: learning rate, acceptance, and SogCLR's gamma."""

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmifnd.configuration.check_components import accepted_keys
from mmifnd.registry import MODELS, PARAM_SCHEDULERS, TASK_UTILS
from mmifnd.visualization.schedules import Schedule

#: Points of a curve, about.
_POINTS = 2000


def schedules_of(config: Config) -> list[Schedule]:
    """The schedules of a config, in this order: learning rate, accepted share, gamma."""
    with DefaultScope.overwrite_default_scope('mmifnd'):
        schedules = [learning_rate(config), acceptance(config), gamma(config)]
    return [schedule for schedule in schedules if schedule is not None]


def learning_rate(config: Config) -> Schedule:
    """The learning rate of the optimizer's first group, by mmengine's own schedulers."""
    epochs = config.train_cfg.max_epochs
    steps = max(1, _POINTS // epochs)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=config.optim_wrapper.optimizer.lr)
    schedulers = [
        PARAM_SCHEDULERS.build({'end': epochs, **settings}, default_args=dict(optimizer=optimizer, epoch_length=steps))
        for settings in config.get('param_scheduler') or []]
    rates = []
    for step in range(1, epochs * steps + 1):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        for scheduler in schedulers:
            if not scheduler.by_epoch or step % steps == 0:
                scheduler.step()
    return Schedule('Learning rate', np.arange(len(rates)) / steps, np.array(rates))


def acceptance(config: Config) -> Schedule | None:
    """Share of accepted pseudo labels after each clustering; None if nothing is clustered."""
    hook = config.default_hooks.get('false_negative')
    if hook is None:
        return None
    epochs, rule = config.train_cfg.max_epochs, TASK_UTILS.build(hook.acceptance)
    interval, begin = hook.get('interval', 1), hook.get('begin', 0)
    moments = [epoch for epoch in range(interval, epochs, interval) if epoch >= begin]
    moments = [0, *moments] if hook.get('initial') else moments
    rates = [100 * rule.rate(epoch / epochs) for epoch in moments]
    if not moments or moments[0] > 0:
        moments, rates = [0, *moments], [0., *rates]
    return Schedule('Accepted pseudo labels (% of images)', np.array([*moments, epochs]), np.array([*rates, rates[-1]]),
                    held=True)


def gamma(config: Config) -> Schedule | None:
    """Weight of the new estimate in SogCLR's averages; None for other heads."""
    if 'gamma_schedule' not in accepted_keys(config.model.head.to_dict()):
        return None
    head, epochs, values = MODELS.build(config.model.head), config.train_cfg.max_epochs, []
    for epoch in range(epochs):
        head.start_epoch(epoch, epochs)
        values.append(head.gamma)
    return Schedule('Gamma of SogCLR', np.arange(epochs + 1), np.array([*values, values[-1]]), held=True)
