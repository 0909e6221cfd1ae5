"""Linear classification of frozen features, solved to the optimum instead of trained by SGD."""

import numpy as np

from mmifnd.checks import check_positive

from ._inputs import ArrayLike, as_array, as_labels, check_same_length, check_same_width
from .accuracy import top1_accuracy


def linear_probe_predict(train_features: ArrayLike, train_labels: ArrayLike, features: ArrayLike, l2: float = 1e-4,
                         max_iter: int = 1000) -> np.ndarray:
    """The classes that are predicted by multinomial logistic regression on standardised features.

    Features are standardised by mean and standard deviation of the training set; then the mean cross entropy of the
    training set + (l2 / 2) ||W||^2 is minimised (biases are free) by scikit-learn's L-BFGS. Its C weighs the *sum* of
    cross entropies against ||W||^2 / 2, so C = 1 / (l2 N). With two classes it keeps one weight vector w for
    W = (w/2, -w/2), whose squared norm is half of w's, so C = 2 / (l2 N) there.

    Args:
        train_features (array-like): (N, D).
        train_labels (array-like): integers >= 0, at least two different, (N,).
        features (array-like): (Q, D).
        l2 (float): > 0.
        max_iter (int): bound on L-BFGS steps; scikit-learn warns if it does not suffice.

    Returns:
        numpy.ndarray: int64, (Q,).

    Raises:
        ValueError: if shapes do not fit, l2 is not positive, or the training set has one class only.

    Example:
        >>> linear_probe_predict([[0.0], [0.1], [0.9], [1.0]], [0, 0, 1, 1], [[0.2], [0.8]])
        array([0, 1])
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler
    train_features, features = as_array(train_features, 'train_features'), as_array(features, 'features')
    train_labels = as_labels(train_labels, 'train_labels')
    check_same_length(train_features, 'train_features', train_labels, 'train_labels')
    check_same_width(train_features, features)
    num_classes = len(np.unique(train_labels))
    if num_classes < 2:
        raise ValueError(f'train_labels hold class {train_labels[0]} only; expected at least two classes')
    check_positive('l2', l2, remedy='0.0001 is usual')

    scaler = StandardScaler().fit(train_features)
    cost = (2 if num_classes == 2 else 1) / (l2 * len(train_labels))
    classifier = LogisticRegression(C=cost, max_iter=max_iter).fit(scaler.transform(train_features), train_labels)
    return np.asarray(classifier.predict(scaler.transform(features)))


def linear_probe_accuracy(train_features: ArrayLike, train_labels: ArrayLike, features: ArrayLike, labels: ArrayLike,
                          l2: float = 1e-4, max_iter: int = 1000) -> float:
    """The top-1 accuracy of :func:`linear_probe_predict` in percent.

    Args:
        train_features (array-like): (N, D).
        train_labels (array-like): integers >= 0, at least two different, (N,).
        features (array-like): (Q, D).
        labels (array-like): true classes of ``features``, integers >= 0, (Q,). A class that the training set lacks
            counts as wrong.
        l2 (float): > 0.
        max_iter (int): bound on L-BFGS steps.

    Returns:
        float: percent.

    Raises:
        ValueError: as :func:`linear_probe_predict`, or if labels and features differ in length.

    Example:
        >>> linear_probe_accuracy([[0.0], [0.1], [0.9], [1.0]], [0, 0, 1, 1], [[0.2], [0.8]], [0, 1])
        100.0
    """
    check_same_length(features, 'features', labels, 'labels')
    return top1_accuracy(labels, linear_probe_predict(train_features, train_labels, features, l2, max_iter))
