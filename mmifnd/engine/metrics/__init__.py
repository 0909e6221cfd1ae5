"""Registered measures."""

from .measure import Measure, named_results
from .probe_measures import (
    BalancedAccuracy,
    GroupProbe,
    LabelFractionProbe,
    LinearSVM,
    LogisticTransfer,
    WordNetDepthProbe,
)
from .representation import Representation
from .representation_measures import (
    ClusteringNMI,
    DetectionQuality,
    DetectionRates,
    FewShotProbe,
    KNNAccuracy,
    LinearProbe,
    QuantileError,
)

__all__ = [
    'BalancedAccuracy', 'ClusteringNMI', 'DetectionQuality', 'DetectionRates', 'FewShotProbe', 'GroupProbe', 'KNNAccuracy',
    'LabelFractionProbe', 'LinearProbe', 'LinearSVM', 'LogisticTransfer', 'Measure', 'QuantileError', 'Representation',
    'WordNetDepthProbe', 'named_results',
]
