"""Data sets whose samples carry one stable global index an image."""

from .class_subset import ClassSubset
from .collate import keep_batch
from .digits import Digits
from .idx_images import IDXImages
from .in_memory import InMemoryImages
from .indexed import IndexedDataset
from .sample_index import num_samples, sample_index, trace_origin
from .subset import SubsetDataset
from .tensor_images import TensorImages

__all__ = [
    'ClassSubset', 'Digits', 'IDXImages', 'InMemoryImages', 'IndexedDataset', 'SubsetDataset', 'TensorImages',
    'keep_batch', 'num_samples', 'sample_index', 'trace_origin',
]
