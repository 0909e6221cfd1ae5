"""Registered measures."""

from .measure import Measure, named_results
from .pair_measures import ImageTextRetrieval, ModalityGap, ZeroShotClassification
from .probe_measures import (
    BalancedAccuracy,
    GroupProbe,
    LabelFractionProbe,
    LinearSVM,
    LogisticTransfer,
    WordNetDepthProbe,
)
from .representation import Representation, Texts
from .representation_measures import (
    ClusteringNMI,
    DetectionQuality,
    DetectionRates,
    FewShotProbe,
    KNNAccuracy,
    LinearProbe,
)
from .threshold_measures import QuantileError

__all__ = [
    'BalancedAccuracy', 'ClusteringNMI', 'DetectionQuality', 'DetectionRates', 'FewShotProbe', 'GroupProbe',
    'ImageTextRetrieval', 'KNNAccuracy', 'LabelFractionProbe', 'LinearProbe', 'LinearSVM', 'LogisticTransfer', 'Measure',
    'ModalityGap', 'QuantileError', 'Representation', 'Texts', 'WordNetDepthProbe', 'ZeroShotClassification', 'named_results',
]
