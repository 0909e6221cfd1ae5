from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from torch import nn

from mmifnd.engine.features.sources import ExactPass
from mmifnd.registry import OPTIM_WRAPPERS


def test_forwards_run_in_bfloat16_and_the_update_in_float32():
    model = nn.Linear(3, 2)
    before = model.weight.detach().clone()
    wrapper = OPTIM_WRAPPERS.build(dict(
        type='Bfloat16OptimWrapper', optimizer=torch.optim.SGD(model.parameters(), lr=0.1), accumulative_counts=2))
    for _ in range(2):
        with wrapper.optim_context(model):
            output = model(torch.ones(4, 3))
        assert output.dtype == torch.bfloat16 and model(torch.ones(1, 3)).dtype == torch.float32
        wrapper.update_params(output.float().sum())
    assert model.weight.dtype == torch.float32
    torch.testing.assert_close(before - model.weight.detach(), torch.full((2, 3), 0.4))  # 4 rows, two halves of a step


def test_a_pass_is_encoded_in_the_precision_of_the_training(digits_runner, monkeypatch):
    inside, seen = [], []

    @contextmanager
    def noted(wrapper, model):
        inside.append(model)
        yield
        inside.pop()

    encode = ExactPass._encode
    monkeypatch.setattr(OptimWrapper, 'optim_context', noted)
    monkeypatch.setattr(ExactPass, '_encode', lambda source, images: seen.append(len(inside)) or encode(source, images))
    digits_runner(epochs=2).train()
    assert set(seen) == {1} and len(seen) >= 6
