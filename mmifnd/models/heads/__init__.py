"""What do we do about it? Thin heads around `mmifnd.functional`."""

from .contrastive import AttrContrastiveHead, ContrastiveHead, ElimContrastiveHead
from .glofnd import GloFNDThresholdHead
from .sogclr import SogCLRHead

__all__ = ['AttrContrastiveHead', 'ContrastiveHead', 'ElimContrastiveHead', 'GloFNDThresholdHead', 'SogCLRHead']
