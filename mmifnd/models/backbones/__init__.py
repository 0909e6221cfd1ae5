"""Backbones that mmpretrain does not have."""

from .library import GivenBackbone, TimmBackbone, TorchvisionBackbone, give_backbone
from .small_cnn import SmallCNN

__all__ = ['GivenBackbone', 'SmallCNN', 'TimmBackbone', 'TorchvisionBackbone', 'give_backbone']
