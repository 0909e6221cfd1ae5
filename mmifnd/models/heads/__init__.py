"""What do we do about it? Thin heads around `mmifnd.functional`."""

from .contrastive import AttrContrastiveHead, ContrastiveHead, ElimContrastiveHead

__all__ = ['AttrContrastiveHead', 'ContrastiveHead', 'ElimContrastiveHead']
