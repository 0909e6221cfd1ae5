"""Measures of detectors, clusterings and features. Needs numpy, scipy, torch and scikit-learn only."""

from .accuracy import balanced_accuracy, top1_accuracy
from .detection import pairwise_rates
from .detection_scores import DetectionScores, detection_scores, scores_of_counts
from .few_shot import FewShotAccuracy, draw_supports, few_shot_accuracy
from .knn import knn_accuracy, knn_predict, knn_votes
from .linear_probe import linear_probe_accuracy, linear_probe_predict
from .nmi import clustering_nmi, normalized_mutual_information
from .rates import true_rates
from .significance import paired_t_test
from .softmax_regression import fit_softmax_regression
from .summary import Summary, summarise
from .threshold_error import ThresholdError, exact_quantiles, threshold_error

__all__ = [
    'DetectionScores', 'FewShotAccuracy', 'Summary', 'ThresholdError', 'balanced_accuracy', 'clustering_nmi',
    'detection_scores', 'draw_supports', 'exact_quantiles', 'few_shot_accuracy', 'fit_softmax_regression',
    'knn_accuracy', 'knn_predict', 'knn_votes', 'linear_probe_accuracy', 'linear_probe_predict',
    'normalized_mutual_information', 'paired_t_test', 'pairwise_rates', 'scores_of_counts', 'summarise', 'threshold_error',
    'top1_accuracy', 'true_rates',
]
