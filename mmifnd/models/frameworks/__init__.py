"""Where do anchors and candidates come from?"""

from .base import ContrastiveFramework
from .moco import MoCoAdapter
from .simclr import SimCLRAdapter

__all__ = ['ContrastiveFramework', 'MoCoAdapter', 'SimCLRAdapter']
