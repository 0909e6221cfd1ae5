"""Data sets whose samples carry one stable global index an image."""

from .broken_images import BROKEN_LIST, MAX_BROKEN
from .class_subset import ClassSubset
from .collate import indices_of, keep_batch
from .custom import CustomDataset
from .cut_views import CutViews
from .digits import Digits
from .emoji_pairs import EmojiPairs
from .glyphs import Glyphs
from .grouped_folder import GroupedFolder
from .identity import ImageIdentity, image_keys
from .idx_images import IDXImages
from .in_memory import InMemoryImages
from .indexed import IndexedDataset
from .labelled_subset import LabelledSubset
from .load_image import LoadImageFromFile
from .mixed_views import MixedViews, StrongOperations
from .pairs import (
    CocoCaptions,
    ImageTextTable,
    InMemoryPairs,
    KarpathyJson,
    PairShards,
    ShardWindowSampler,
    TensorPairs,
)
from .pairs.caption_tokens import CaptionTokens
from .prompts import prompts_of, read_classes, read_templates
from .resize_edge import ResizeEdge
from .resumable_sampler import ResumableSampler
from .sample_index import num_samples, sample_index, trace_origin
from .split_folder import SplitFolder
from .subset import SubsetDataset
from .tensor_images import TensorImages
from .tokenizers import CLIPTokenizer, HashTokenizer, HFTokenizer, Tokenize
from .wordnet_depth import WordNetDepthDataset, wordnet_groups, wordnet_names

__all__ = [
    'BROKEN_LIST', 'MAX_BROKEN', 'CLIPTokenizer', 'CaptionTokens', 'ClassSubset', 'CocoCaptions', 'CustomDataset',
    'CutViews', 'Digits', 'EmojiPairs', 'Glyphs', 'GroupedFolder', 'HFTokenizer', 'HashTokenizer', 'IDXImages',
    'ImageIdentity', 'ImageTextTable', 'InMemoryImages', 'InMemoryPairs', 'IndexedDataset', 'KarpathyJson', 'LabelledSubset',
    'LoadImageFromFile', 'MixedViews', 'PairShards', 'ResizeEdge', 'ResumableSampler', 'ShardWindowSampler', 'SplitFolder',
    'StrongOperations', 'SubsetDataset', 'TensorImages', 'TensorPairs', 'Tokenize', 'WordNetDepthDataset', 'image_keys',
    'indices_of', 'keep_batch', 'num_samples', 'prompts_of', 'read_classes', 'read_templates', 'sample_index',
    'trace_origin', 'wordnet_groups', 'wordnet_names',
]
