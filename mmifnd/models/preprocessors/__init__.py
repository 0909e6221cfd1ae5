"""Data preprocessors: from the loader's batch to views and indices on the model's device."""

from .cut_views import CutViewsPreprocessor
from .image_text import ImageTextPreprocessor, TensorPairsPreprocessor
from .image_views import ImageViewsPreprocessor
from .tensor_views import TensorViewsPreprocessor

__all__ = [
    'CutViewsPreprocessor', 'ImageTextPreprocessor', 'ImageViewsPreprocessor', 'TensorPairsPreprocessor',
    'TensorViewsPreprocessor',
]
