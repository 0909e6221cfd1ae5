"""The agreement of a clustering with the true classes (IFND, Table 4 and Fig. 6)."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import numpy as np

from ._contingency import contingency
from ._inputs import ArrayLike, as_label_tensor, check_same_length
from .summary import Summary, summarise

T = TypeVar('T')


def normalized_mutual_information(labels: ArrayLike, clusters: ArrayLike) -> float:
    """The mutual information of two partitions over the geometric mean of their entropies.

    NMI = I(U; V) / sqrt(H(U) H(V)) (Strehl & Ghosh 2002), which scikit-learn calls ``average_method='geometric'``; its
    default is the arithmetic mean. If a partition puts all images into one part, NMI is 0 here.

    Args:
        labels (array-like): true class of each image, integers >= 0, (N,).
        clusters (array-like): cluster of each image, integers >= 0, (N,). An image that was not accepted (-1) is in no
            cluster: give the assignment from before acceptance, or leave such images out of both arguments. Pairs are
            counted on its device.

    Returns:
        float: in [0, 1]; 1 if the partitions are the same up to names.

    Raises:
        ValueError: if the lengths differ, an argument is empty or not of integers, or a value is negative.

    Example:
        >>> normalized_mutual_information([0, 0, 1, 1], [5, 5, 3, 3])
        1.0
    """
    labels, clusters = as_label_tensor(labels, 'labels'), as_label_tensor(clusters, 'clusters')
    check_same_length(labels, 'labels', clusters, 'clusters')
    table = contingency(labels.to(clusters.device), clusters)
    if min(len(table.row_sizes), len(table.column_sizes)) == 1:
        return 0.0
    expected = table.row_sizes[table.rows] / len(labels) * table.column_sizes[table.columns]
    information = (table.sizes / len(labels) * np.log(table.sizes / expected)).sum()
    nmi = information / np.sqrt(_entropy(table.row_sizes) * _entropy(table.column_sizes))
    return float(np.clip(nmi, 0., 1.))


def _entropy(sizes: np.ndarray) -> float:
    shares = sizes / sizes.sum()
    return float(-(shares * np.log(shares)).sum())


def clustering_nmi(features: T, labels: ArrayLike, num_clusters: int, cluster: Callable[[T, int, int], ArrayLike],
                   seeds: Iterable[int] = (0, 1, 2, 3, 4)) -> Summary:
    """The mean and spread of the NMI of repeated clusterings of features with the true classes.

    IFND's Table 4 takes k = 1000 and five runs of k-means.

    Args:
        features (array-like): (N, D), passed to ``cluster`` as they are.
        labels (array-like): true class of each image, integers >= 0, (N,).
        num_clusters (int): k, passed to ``cluster``.
        cluster (callable): ``cluster(features, num_clusters, seed)`` returns the cluster of each image, integers
            >= 0, (N,).
        seeds (Iterable[int]): one run per seed.

    Returns:
        Summary: mean, standard deviation (ddof=1; None for one seed) and the single values, all in [0, 1].

    Raises:
        ValueError: if there is no seed, or :func:`normalized_mutual_information` refuses an assignment.

    Example:
        >>> from sklearn.cluster import KMeans
        >>> def cluster(features, k, seed):
        ...     return KMeans(k, n_init=1, random_state=seed).fit_predict(features)
        >>> clustering_nmi([[0.0], [0.1], [5.0], [5.1]], [0, 0, 1, 1], 2, cluster, seeds=(0, 1)).mean
        1.0
    """
    return summarise(normalized_mutual_information(labels, cluster(features, num_clusters, seed)) for seed in seeds)
