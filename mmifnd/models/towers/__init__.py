"""Towers of texts: from token ids to a feature."""

from .open_clip import OpenCLIPImage, OpenCLIPText, towers_of_one_model
from .text_transformer import TextTransformer
from .token_bag import TokenBag

__all__ = ['OpenCLIPImage', 'OpenCLIPText', 'TextTransformer', 'TokenBag', 'towers_of_one_model']
