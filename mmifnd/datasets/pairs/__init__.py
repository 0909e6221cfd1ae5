"""Images and their captions."""

from .array_file import InMemoryPairs
from .caption_text import caption_hash, normalized_caption
from .coco import CocoCaptions, KarpathyJson
from .shards import PairShards
from .table import ImageTextTable
from .tensor_pairs import TensorPairs
from .window_sampler import ShardWindowSampler

__all__ = ['CocoCaptions', 'ImageTextTable', 'InMemoryPairs', 'KarpathyJson', 'PairShards', 'ShardWindowSampler', 'TensorPairs',
           'caption_hash', 'normalized_caption']
