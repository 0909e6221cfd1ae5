"""Buffers whose size only the run, or its checkpoint, knows."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def take_loaded_shapes(module: nn.Module, state_dict: dict[str, Tensor], prefix: str,
                       check: Callable[[str, Tensor], None] = lambda name, loaded: None) -> None:
    """Give ``module``'s own buffers the shapes that they have in ``state_dict``: call it in ``_load_from_state_dict``.

    Args:
        state_dict (dict[str, Tensor]): what is loaded.
        prefix (str): of the module's names in it.
        check: called with name and loaded tensor of each buffer that changes its shape; may raise.
    """
    for name, buffer in list(module._buffers.items()):
        loaded = state_dict.get(prefix + name)
        if buffer is not None and loaded is not None and loaded.shape != buffer.shape:
            check(name, loaded)
            setattr(module, name, torch.empty_like(loaded, device=buffer.device))
