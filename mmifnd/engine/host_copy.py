"""Values of a step on the host, without waiting for the device."""

from collections.abc import Mapping

import torch
from torch import Tensor


class HostCopy:
    """A copy of scalars that is under way; on a CPU it is there at once.

    Args:
        values (Mapping[str, Tensor]): scalars, on any device.
    """

    def __init__(self, values: Mapping[str, Tensor]) -> None:
        self._copies = {name: _copy(value.detach().float()) for name, value in values.items()}
        self._event: torch.cuda.Event | None = None
        if any(value.is_cuda for value in values.values()):  # pragma: no cover (needs a GPU)
            self._event = torch.cuda.Event()
            self._event.record()

    @property
    def is_there(self) -> bool:
        """Whether the copy is complete; asking does not wait."""
        return self._event is None or self._event.query()

    def read(self) -> dict[str, float]:
        """The values of a complete copy."""
        return {name: copy.item() for name, copy in self._copies.items()}


def _copy(value: Tensor) -> Tensor:
    if value.is_cuda:  # pragma: no cover (needs a GPU)
        return torch.empty(value.shape, dtype=value.dtype, pin_memory=True).copy_(value, non_blocking=True)
    return value.clone()
