"""Optimizers, and the wrapper of one, that torch, mmengine and mmpretrain lack, or that wait for the device there."""

from .bfloat16 import Bfloat16OptimWrapper
from .lars import LARS

__all__ = ['LARS', 'Bfloat16OptimWrapper']
