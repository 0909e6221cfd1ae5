"""A ring buffer of keys and of the images they came from."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class KeyQueue(nn.Module):
    """The last K keys and their images' indices (never labels: those are looked up when used).

    Buffers: ``features`` float32 (K, D), ``index`` int64 (K,) with -1 for an empty slot, ``pointer`` int64 scalar. Takes
    batches of any size; everything stays on the device.

    Args:
        length (int): K.
        dim (int): D.

    Raises:
        ValueError: if a size is below 1.
    """

    def __init__(self, length: int, dim: int) -> None:
        super().__init__()
        if length < 1 or dim < 1:
            raise ValueError(f'queue_len={length} and feat_dim={dim} must be positive')
        # Unit vectors, as in MoCo: a baseline that counts empty slots as negatives meets random directions.
        self.register_buffer('features', F.normalize(torch.randn(length, dim), dim=1))
        self.register_buffer('index', torch.full((length,), -1, dtype=torch.int64))
        self.register_buffer('pointer', torch.zeros((), dtype=torch.int64))

    def __len__(self) -> int:
        return len(self.index)

    @torch.no_grad()
    def push(self, keys: Tensor, index: Tensor) -> None:
        """Overwrite the oldest slots with ``keys`` (B, D) of images ``index`` (B,); of B > K only the last K stay.

        A key that is NaN or infinite leaves an empty slot: it would reach every anchor.
        """
        is_finite = keys.isfinite().all(dim=1)
        keys, index = keys.masked_fill(~is_finite.unsqueeze(1), 0), index.masked_fill(~is_finite, -1)
        count = len(keys)
        kept = min(count, len(self))
        slots = (self.pointer + torch.arange(count - kept, count, device=keys.device)) % len(self)
        self.features.index_copy_(0, slots, keys[count - kept:].to(self.features.dtype))
        self.index.index_copy_(0, slots, index[count - kept:])
        self.pointer.add_(count).remainder_(len(self))
