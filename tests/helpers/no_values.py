"""Tensors without values, on torch's meta device: what reads a value raises, as it would wait on a real device."""

import contextlib
import copy
from unittest import mock

import torch
from torch.overrides import TorchFunctionMode


class _CopyWithoutValues(TorchFunctionMode):
    """Lets ``copy.deepcopy`` copy tensors to the meta device; of a parameter, it clones the data."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is torch._C.TensorBase.clone:
            return torch.empty_like(args[0], device='meta')
        if func is torch.Tensor.__deepcopy__:
            tensor, memo = args
            return memo.setdefault(id(tensor), torch.empty_like(tensor, device='meta', requires_grad=tensor.requires_grad))
        return func(*args, **(kwargs or {}))


def without_values(model: torch.nn.Module) -> torch.nn.Module:
    """A copy of a model, all of whose tensors are on the meta device."""
    with _CopyWithoutValues():
        model = copy.deepcopy(model)
    assert all(tensor.is_meta for tensor in (*model.parameters(), *model.buffers()))
    return model


@contextlib.contextmanager
def no_values():
    """New tensors are on the meta device, which has no autocast: the one of the CPU stands for it."""
    autocast = torch.autocast

    def of_cpu(device_type, *args, **kwargs):
        return autocast('cpu' if device_type == 'meta' else device_type, *args, **kwargs)

    with mock.patch('torch.autocast', of_cpu), torch.device('meta'):
        yield
