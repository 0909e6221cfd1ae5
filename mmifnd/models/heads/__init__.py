"""Heads: thin modules around `mmifnd.functional`."""

from .contrastive import AttrContrastiveHead, ContrastiveHead, ElimContrastiveHead
from .fastclip import FastCLIPHead
from .glofnd import GloFNDThresholdHead
from .proto_nce import ProtoNCEHead
from .sane import SANEHead
from .sce import SCEHead
from .sigmoid import SigmoidHead
from .sogclr import SogCLRHead
from .swav import SwAVHead

__all__ = ['AttrContrastiveHead', 'ContrastiveHead', 'ElimContrastiveHead', 'FastCLIPHead', 'GloFNDThresholdHead',
           'ProtoNCEHead', 'SANEHead', 'SCEHead', 'SigmoidHead', 'SogCLRHead', 'SwAVHead']
