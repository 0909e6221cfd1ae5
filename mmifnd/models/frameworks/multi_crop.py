"""Several crops of an image, of several sizes."""

from collections.abc import Callable, Sequence
from itertools import groupby

import torch
from torch import Tensor


def encode_crops(encode: Callable[[Tensor], Tensor], crops: Sequence[Tensor]) -> Tensor:
    """Rows of all crops (V * B, D), crop by crop; neighbours of one size share a forward pass, as in SwAV's code."""
    groups = [list(group) for _, group in groupby(crops, key=lambda crop: crop.shape)]
    return _joined([encode(_joined(group)) for group in groups])


def _joined(parts: list[Tensor]) -> Tensor:
    """Without a copy if there is one part only."""
    return parts[0] if len(parts) == 1 else torch.cat(parts)
