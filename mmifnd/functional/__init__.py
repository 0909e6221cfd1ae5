"""Pure functions: tensors in, tensors out. torch is all they need."""

from .contrastive import attraction_loss, elimination_loss, instance_loss, softmax_mass
from .counter_random import counter_hash, counter_normal, counter_uniform
from .global_contrastive import (
    cosine_gamma,
    global_contrastive_loss,
    log_mean_exp,
    moving_log_average,
    relative_contrastive_loss,
    temperature_gradient,
)
from .optimal_transport import sinkhorn_codes, swapped_prediction_loss
from .prototypes import concentration, draw_prototypes, proto_nce_loss, prototype_temperatures
from .row_means import first_of_label, mean_by_label, mean_with_detected
from .self_labeling import prior_confidence, refined_label, self_labeling_loss
from .share_limit import limit_share
from .sigmoid import sigmoid_loss
from .soft_labels import relational_label, similarity_contrastive_loss, soft_label_loss
from .thresholds import adam_step, batch_quantile, decayed_rate, sgd_step, threshold_gradient

__all__ = [
    'adam_step', 'attraction_loss', 'batch_quantile', 'concentration', 'cosine_gamma', 'counter_hash', 'counter_normal',
    'counter_uniform', 'decayed_rate', 'draw_prototypes', 'elimination_loss', 'first_of_label',
    'global_contrastive_loss', 'instance_loss', 'limit_share', 'log_mean_exp', 'mean_by_label', 'mean_with_detected',
    'moving_log_average', 'prior_confidence', 'proto_nce_loss', 'prototype_temperatures', 'refined_label',
    'relational_label', 'relative_contrastive_loss', 'self_labeling_loss', 'sgd_step', 'sigmoid_loss',
    'similarity_contrastive_loss', 'sinkhorn_codes', 'soft_label_loss', 'softmax_mass',
    'swapped_prediction_loss', 'temperature_gradient', 'threshold_gradient',
]
