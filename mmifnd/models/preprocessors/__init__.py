"""Data preprocessors: from the loader's batch to views and indices on the model's device."""

from .image_text import ImageTextPreprocessor, TensorPairsPreprocessor
from .image_views import ImageViewsPreprocessor
from .tensor_views import TensorViewsPreprocessor

__all__ = ['ImageTextPreprocessor', 'ImageViewsPreprocessor', 'TensorPairsPreprocessor', 'TensorViewsPreprocessor']
