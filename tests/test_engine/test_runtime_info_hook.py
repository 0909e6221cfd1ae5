import itertools
from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MessageHub
from torch.overrides import TorchFunctionMode

from mmifnd.engine.hooks import RuntimeInfoHook
from mmifnd.registry import HOOKS

_NUMBERS = itertools.count()
STEPS_AN_EPOCH, INTERVAL = 25, 10


class CountsReads(TorchFunctionMode):
    """Counts what would wait for a device."""

    READS = {torch.Tensor.item, torch.Tensor.tolist, torch.Tensor.__float__, torch.Tensor.__bool__, torch.Tensor.__int__,
             torch.Tensor.numpy, torch.Tensor.cpu}

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.count += func in self.READS
        return func(*args, **(kwargs or {}))


@pytest.fixture
def runner():
    """As much of a runner as the hook looks at."""

    class Loader:
        dataset = object()

        def __len__(self):
            return STEPS_AN_EPOCH

    return SimpleNamespace(
        message_hub=MessageHub.get_instance(f'runtime_info_{next(_NUMBERS)}'),
        hooks=[HOOKS.build(dict(type='LoggerHook', interval=INTERVAL))],
        train_dataloader=Loader(), epoch=0, iter=0, max_epochs=10, max_iters=10 * STEPS_AN_EPOCH,
        optim_wrapper=SimpleNamespace(get_lr=lambda: dict(lr=[0.1])))


def run(hook, runner, steps):
    """Reads of each step."""
    reads = []
    for step in range(steps):
        runner.iter = step
        hook.before_train_iter(runner, step % STEPS_AN_EPOCH)
        outputs = dict(loss=torch.tensor(float(step)), share=torch.tensor([step, step + 1.]))
        with CountsReads() as counter:
            hook.after_train_iter(runner, step % STEPS_AN_EPOCH, outputs=outputs)
        reads.append(counter.count)
    return reads


def test_the_counter_counts():
    with CountsReads() as counter:
        torch.tensor(1.).item(), torch.tensor([1.]).tolist(), float(torch.tensor(1.)), bool(torch.tensor(1.))
    assert counter.count >= 4


def test_values_are_read_when_they_are_logged_only(runner):
    hook = RuntimeInfoHook()
    hook.before_train(runner)
    reads = run(hook, runner, 2 * STEPS_AN_EPOCH)
    read_at = [step + 1 for step, count in enumerate(reads) if count]
    assert read_at == [10, 20, 25, 35, 45, 50]  # every 10 steps of an epoch, and at its end
    assert max(reads) == 2  # one for each name, however many steps


def test_no_value_is_lost_and_vectors_are_averaged(runner):
    hook = RuntimeInfoHook()
    hook.before_train(runner)
    run(hook, runner, 35)
    values = {name: buffer.data[0].tolist() for name, buffer in runner.message_hub.log_scalars.items()}
    assert values['train/loss'] == list(range(35)) and values['train/share'] == [step + 0.5 for step in range(35)]
    assert values['train/lr'] == [0.1] * 35 and runner.message_hub.get_info('iter') == 34


def test_histories_are_bounded(runner, monkeypatch):
    monkeypatch.setattr(RuntimeInfoHook, 'min_history', 20)
    hook = RuntimeInfoHook()
    hook.before_train(runner)
    run(hook, runner, 4 * STEPS_AN_EPOCH)
    for _ in range(3 * STEPS_AN_EPOCH):  # as the timer hook does
        for name in ('time', 'data_time'):
            runner.message_hub.update_scalar(f'train/{name}', 0.1)
    for name, buffer in runner.message_hub.log_scalars.items():
        assert len(buffer.data[0]) == 2 * STEPS_AN_EPOCH, name  # two epochs are kept, the last ones
    assert runner.message_hub.log_scalars['train/loss'].data[0].tolist() == list(range(50, 100))


def test_it_is_the_hook_that_configs_name():
    assert isinstance(HOOKS.build(dict(type='RuntimeInfoHook')), RuntimeInfoHook)
