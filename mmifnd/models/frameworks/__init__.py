"""Where do anchors and candidates come from?"""

from .base import ContrastiveFramework
from .moco import MoCoAdapter
from .momentum_mixup import MomentumMixup
from .simclr import SimCLRAdapter
from .swav import SwAVAdapter

__all__ = ['ContrastiveFramework', 'MoCoAdapter', 'MomentumMixup', 'SimCLRAdapter', 'SwAVAdapter']
