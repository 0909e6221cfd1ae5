"""Frameworks: where anchors and candidates come from."""

from .base import ContrastiveFramework
from .clip import CLIPAdapter
from .moco import MoCoAdapter
from .momentum_mixup import MomentumMixup
from .simclr import SimCLRAdapter
from .swav import SwAVAdapter

__all__ = ['CLIPAdapter', 'ContrastiveFramework', 'MoCoAdapter', 'MomentumMixup', 'SimCLRAdapter', 'SwAVAdapter']
