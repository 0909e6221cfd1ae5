"""The classifier of the online probe."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LinearProbeHead(nn.Module):
    """Logits (B, K) of standardised features (B, C). It starts at 0, so that no random number is drawn.

    Args:
        in_channels (int): C.
        num_classes (int): K.
    """

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(in_channels, affine=False)
        self.weight = nn.Parameter(torch.zeros(num_classes, in_channels))
        self.bias = nn.Parameter(torch.zeros(num_classes))

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        return F.linear(self.norm(features), self.weight, self.bias)
