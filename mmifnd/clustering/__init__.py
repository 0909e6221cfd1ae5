"""k-means, the confidence of its assignments, and which of them are accepted."""

from .acceptance import ConfidenceAcceptance
from .confidence import softmax_confidence
from .kmeans import Clusters, KMeans
from .pseudo_labeler import Granularity, PseudoLabeler, PseudoLabels

__all__ = [
    'Clusters', 'ConfidenceAcceptance', 'Granularity', 'KMeans', 'PseudoLabeler', 'PseudoLabels', 'softmax_confidence',
]
