"""Measures of detectors, clusterings and features. Needs numpy, scipy, torch and scikit-learn only."""

from .accuracy import balanced_accuracy, majority_accuracy, top1_accuracy
from .alpha import SuggestedAlpha, suggest_alpha
from .audit import Estimate, batch_of_first, cluster_estimate, expected_false_negatives, quantile_estimate
from .average_precision import average_precision
from .cluster_change import cluster_change
from .clustering_scores import clustering_scores
from .detection import pairwise_rates
from .detection_scores import DetectionScores, detection_scores, scores_of_counts
from .draws import draw_fraction, even_anchors
from .few_shot import FewShotAccuracy, affordable_draws, draw_supports, few_shot_accuracy
from .group_probe import GroupAccuracy, group_accuracy
from .health import alignment, lidar, participation_ratio, rankme, spread, uniformity
from .health_alarms import health_alarms, threshold_alarm
from .knn import knn_accuracy, knn_predict, knn_votes
from .label_fractions import label_fraction_accuracy
from .linear_probe import linear_probe_accuracy, linear_probe_predict
from .modality_gap import ModalityGap, modality_gap
from .nmi import clustering_nmi, normalized_mutual_information
from .rates import true_rates
from .retrieval import retrieval_ranks, retrieval_recall
from .significance import paired_t_test
from .softmax_regression import fit_softmax_regression
from .summary import Summary, mean_and_spread, summarise
from .svm import VISSL_COSTS, draw_positives, low_shot_svm, svm_average_precisions
from .threshold_error import ThresholdError, exact_quantiles, threshold_error
from .transfer import TransferAccuracy, transfer_accuracy
from .view_thresholds import batch_view_quantiles, view_quantiles, view_threshold_error
from .zero_shot import ZeroShotAccuracy, class_weights, group_weights, zero_shot_accuracy

__all__ = [
    'DetectionScores', 'Estimate', 'FewShotAccuracy', 'GroupAccuracy', 'ModalityGap', 'SuggestedAlpha', 'Summary',
    'ThresholdError', 'TransferAccuracy', 'VISSL_COSTS', 'ZeroShotAccuracy', 'affordable_draws', 'alignment',
    'average_precision', 'balanced_accuracy', 'batch_of_first', 'batch_view_quantiles', 'class_weights', 'cluster_change',
    'cluster_estimate', 'clustering_nmi', 'clustering_scores', 'detection_scores', 'draw_fraction', 'draw_positives',
    'draw_supports', 'even_anchors', 'exact_quantiles', 'expected_false_negatives', 'few_shot_accuracy',
    'fit_softmax_regression', 'group_accuracy', 'group_weights', 'health_alarms', 'knn_accuracy', 'knn_predict', 'knn_votes',
    'label_fraction_accuracy', 'lidar', 'linear_probe_accuracy', 'linear_probe_predict', 'low_shot_svm', 'majority_accuracy',
    'mean_and_spread', 'modality_gap', 'normalized_mutual_information', 'paired_t_test', 'pairwise_rates',
    'participation_ratio', 'quantile_estimate', 'rankme', 'retrieval_ranks', 'retrieval_recall',
    'scores_of_counts', 'spread', 'suggest_alpha', 'summarise', 'svm_average_precisions',
    'threshold_alarm', 'threshold_error', 'top1_accuracy', 'transfer_accuracy', 'true_rates', 'uniformity', 'view_quantiles',
    'view_threshold_error', 'zero_shot_accuracy',
]
