"""Pure classes of `mmifnd.clustering`, registered where they face the framework."""

from mmifnd.clustering import ConfidenceAcceptance
from mmifnd.registry import TASK_UTILS

TASK_UTILS.register_module(module=ConfidenceAcceptance)
