"""Mixed precision without a scaler."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from torch import nn

from mmifnd.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class Bfloat16OptimWrapper(OptimWrapper):
    """mmengine's OptimWrapper whose forward passes run under autocast to bfloat16.

    bfloat16 has the range of float32, so gradients need no scaler, which mmengine's ``AmpOptimWrapper`` has for any type: no
    update is left out, and no step waits for the device to learn whether a gradient has overflowed. Arguments: those of
    mmengine's ``OptimWrapper``.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast, and no reduction over ranks while gradients accumulate."""
        device = next(model.parameters()).device.type
        with super().optim_context(model), torch.autocast(device, torch.bfloat16):
            yield
