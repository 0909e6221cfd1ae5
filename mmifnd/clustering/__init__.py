"""k-means, the confidence of its assignments, and which of them are accepted."""

from .acceptance import ConfidenceAcceptance
from .confidence import concentration_confidence, softmax_confidence
from .distributed_kmeans import DistributedKMeans
from .faiss_library import faiss_kernel, load_faiss
from .kmeans import Clusters, KMeans
from .pseudo_labeler import Granularity, PseudoLabeler, PseudoLabels
from .row_share import RowShare

__all__ = [
    'Clusters', 'ConfidenceAcceptance', 'DistributedKMeans', 'Granularity', 'KMeans', 'PseudoLabeler', 'PseudoLabels',
    'RowShare', 'concentration_confidence', 'faiss_kernel', 'load_faiss', 'softmax_confidence',
]
