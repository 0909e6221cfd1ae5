"""Optimizers that torch and mmpretrain lack, or that wait for the device there."""

from .lars import LARS

__all__ = ['LARS']
