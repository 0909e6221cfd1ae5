"""Backbones that mmpretrain does not have."""

from .deepcluster_net import DeepClusterNet
from .library import GivenBackbone, TimmBackbone, TorchvisionBackbone, give_backbone
from .small_cnn import SmallCNN

__all__ = ['DeepClusterNet', 'GivenBackbone', 'SmallCNN', 'TimmBackbone', 'TorchvisionBackbone', 'give_backbone']
