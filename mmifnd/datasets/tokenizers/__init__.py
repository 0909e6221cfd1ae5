"""Tokenizers: from captions to token ids."""

from .base import Tokenizer
from .hash_tokenizer import HashTokenizer
from .tokenize import Tokenize, build_tokenizer

__all__ = ['HashTokenizer', 'Tokenize', 'Tokenizer', 'build_tokenizer']
