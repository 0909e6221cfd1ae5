"""Images and their captions."""

from .caption_text import caption_hash, normalized_caption
from .tensor_pairs import TensorPairs

__all__ = ['TensorPairs', 'caption_hash', 'normalized_caption']
