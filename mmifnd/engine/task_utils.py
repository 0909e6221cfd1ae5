"""Pure classes of `mmifnd.clustering`, registered where they face the framework."""

from mmifnd.clustering import ConfidenceAcceptance, DistributedKMeans, KMeans
from mmifnd.registry import TASK_UTILS

for module in (ConfidenceAcceptance, DistributedKMeans, KMeans):
    TASK_UTILS.register_module(module=module)
