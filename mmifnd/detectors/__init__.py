"""Detectors: modules that say with a boolean mask which candidates are false negatives."""

from .base import Detector, NoDetector
from .ground_truth import GroundTruthDetector
from .group import GroupDetector
from .guide import GuideDetector
from .margin import PositiveMarginDetector
from .pseudo_label import LabelDetector, PseudoLabelDetector
from .quantile_threshold import QuantileThresholdDetector
from .random import RandomDetector
from .top_k import BatchQuantileDetector, TopKDetector
from .union import UnionDetector

__all__ = [
    'BatchQuantileDetector', 'Detector', 'GroundTruthDetector', 'GroupDetector', 'GuideDetector', 'LabelDetector', 'NoDetector',
    'PositiveMarginDetector', 'PseudoLabelDetector', 'QuantileThresholdDetector', 'RandomDetector', 'TopKDetector',
    'UnionDetector',
]
