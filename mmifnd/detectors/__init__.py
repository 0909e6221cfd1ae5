"""Who is a false negative? Modules that answer with a boolean mask."""

from .base import Detector, NoDetector
from .ground_truth import GroundTruthDetector
from .pseudo_label import LabelDetector, PseudoLabelDetector
from .random import RandomDetector
from .union import UnionDetector

__all__ = [
    'Detector', 'GroundTruthDetector', 'LabelDetector', 'NoDetector', 'PseudoLabelDetector', 'RandomDetector',
    'UnionDetector',
]
