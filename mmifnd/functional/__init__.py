"""Pure functions: tensors in, tensors out. torch is all they need."""

from .contrastive import attraction_loss, elimination_loss, instance_loss
from .counter_random import counter_hash, counter_normal, counter_uniform

__all__ = [
    'attraction_loss', 'counter_hash', 'counter_normal', 'counter_uniform', 'elimination_loss', 'instance_loss',
]
