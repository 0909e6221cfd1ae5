"""Tokenizers: from captions to token ids."""

from .base import Tokenizer
from .clip_tokenizer import CLIPTokenizer
from .hash_tokenizer import HashTokenizer
from .hf_tokenizer import HFTokenizer
from .tokenize import Tokenize, build_tokenizer, tokenizer_in

__all__ = ['CLIPTokenizer', 'HFTokenizer', 'HashTokenizer', 'Tokenize', 'Tokenizer', 'build_tokenizer',
           'tokenizer_in']
