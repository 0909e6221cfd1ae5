"""What do we do about it? Thin heads around `mmifnd.functional`."""

from .contrastive import AttrContrastiveHead, ContrastiveHead, ElimContrastiveHead
from .glofnd import GloFNDThresholdHead
from .proto_nce import ProtoNCEHead
from .sane import SANEHead
from .sce import SCEHead
from .sogclr import SogCLRHead
from .swav import SwAVHead

__all__ = ['AttrContrastiveHead', 'ContrastiveHead', 'ElimContrastiveHead', 'GloFNDThresholdHead', 'ProtoNCEHead', 'SANEHead',
           'SCEHead', 'SogCLRHead', 'SwAVHead']
