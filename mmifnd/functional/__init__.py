"""Pure functions: tensors in, tensors out. torch is all they need."""

from .contrastive import attraction_loss, elimination_loss, instance_loss
from .counter_random import counter_hash, counter_normal, counter_uniform
from .global_contrastive import (cosine_gamma, global_contrastive_loss, log_mean_exp, moving_log_average,
                                 temperature_gradient)
from .thresholds import adam_step, batch_quantile, decayed_rate, sgd_step, threshold_gradient

__all__ = [
    'adam_step', 'attraction_loss', 'batch_quantile', 'cosine_gamma', 'counter_hash', 'counter_normal',
    'counter_uniform', 'decayed_rate', 'elimination_loss', 'global_contrastive_loss', 'instance_loss',
    'log_mean_exp', 'moving_log_average', 'sgd_step', 'temperature_gradient', 'threshold_gradient',
]
