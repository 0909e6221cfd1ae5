"""Towers of texts: from token ids to a feature."""

from .text_transformer import TextTransformer
from .token_bag import TokenBag

__all__ = ['TextTransformer', 'TokenBag']
