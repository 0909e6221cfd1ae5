"""Backbones that mmpretrain does not have."""

from .small_cnn import SmallCNN

__all__ = ['SmallCNN']
