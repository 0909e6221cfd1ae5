"""LARS equals mmpretrain's, and asks the device for nothing."""

import doctest
from copy import deepcopy

import pytest
import torch
from mmpretrain.engine.optimizers import LARS as Reference
from torch._subclasses.fake_tensor import FakeTensorMode

from mmifnd.engine.optimizers import LARS, lars
from mmifnd.registry import OPTIMIZERS, default_scope

SHAPES = [(4, 3), (3,), (2, 3, 3, 3), ()]


def parameters(dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    tensors = [torch.randn(shape, generator=generator, dtype=dtype) for shape in SHAPES]
    tensors[1].zero_()  # a bias at the beginning: its length is 0
    return [torch.nn.Parameter(tensor) for tensor in tensors]


def train(kind, dtype=torch.float32, steps=5, **options):
    """Parameters after some steps; the last one has no gradient at first, and a gradient of 0 then."""
    params = parameters(dtype)
    optimizer = kind([dict(params=params[:2]), dict(params=params[2:], lars_exclude=options.pop('exclude', False))], **options)
    generator = torch.Generator().manual_seed(1)
    for step in range(steps):
        for number, param in enumerate(params):
            gradient = torch.randn(param.shape, generator=generator, dtype=dtype)
            param.grad = None if number == 3 and step < 2 else 0 * gradient if number == 3 and step == 2 else gradient
        optimizer.step()
    return params, optimizer


@pytest.mark.parametrize('options', [
    dict(lr=0.5), dict(lr=0.5, momentum=0.9, weight_decay=1e-3), dict(lr=2., momentum=0.9, nesterov=True, weight_decay=0.1),
    dict(lr=0.5, momentum=0.9, dampening=0.3, eta=0.02), dict(lr=0.5, momentum=0.9, weight_decay=1e-3, exclude=True)])
def test_parameters_and_state_equal_those_of_mmpretrain(options):
    (ours, optimizer), (theirs, reference) = (train(kind, **options) for kind in (LARS, Reference))
    for param, expected in zip(ours, theirs, strict=True):
        torch.testing.assert_close(param, expected, atol=1e-6, rtol=1e-6)
    state, expected = optimizer.state_dict()['state'], reference.state_dict()['state']
    assert {number: set(values) for number, values in state.items()} == {n: set(values) for n, values in expected.items()}


def test_a_state_of_mmpretrain_is_continued():
    options = dict(lr=0.5, momentum=0.9, weight_decay=1e-3)
    params, reference = train(Reference, **options)
    ours = LARS([dict(params=params[:2]), dict(params=params[2:])], **options)
    ours.load_state_dict(deepcopy(reference.state_dict()))
    before = [param.detach().clone() for param in params]
    ours.step()
    after = [param.detach().clone() for param in params]
    for param, value in zip(params, before, strict=True):
        param.data.copy_(value)
    reference.step()
    for param, value in zip(params, after, strict=True):
        torch.testing.assert_close(param.detach(), value, atol=1e-6, rtol=1e-6)


def test_no_number_is_read_from_the_device():
    with FakeTensorMode():
        params = [torch.nn.Parameter(torch.randn(shape)) for shape in SHAPES]
        optimizer = LARS(params, lr=0.5, momentum=0.9, weight_decay=1e-3)
        for _ in range(2):
            for param in params:
                param.grad = torch.randn(param.shape)
            optimizer.step()  # FakeTensor raises where a value is read
        assert all('momentum_buffer' in optimizer.state[param] for param in params)


def test_configs_get_this_one():
    with default_scope():
        assert OPTIMIZERS.get('LARS') is LARS


@pytest.mark.parametrize('options, words', [
    (dict(lr=-1.), 'lr=-1.0 of LARS is negative'), (dict(lr=1., eta=-1.), 'eta=-1.0 of LARS is negative'),
    (dict(lr=1., nesterov=True), 'nesterov=True of LARS needs momentum > 0 and dampening=0, got 0.0 and 0.0')])
def test_options_out_of_range_are_named(options, words):
    with pytest.raises(ValueError, match=words):
        LARS(parameters(), **options)


def test_examples_run():
    assert doctest.testmod(lars).failed == 0
