"""Transfer to another data set: logistic regression by L-BFGS on frozen features, C picked from a grid (GloFND, Table 3)."""

import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from mmifnd.checks import check_choice, check_inside

from ._inputs import ArrayLike, as_array, as_labels, check_same_length, check_same_width
from .accuracy import balanced_accuracy, top1_accuracy

SELECT_ON = ('val', 'test')

#: The grid of GloFND: ten values from 1e-6 to 1e5.
GRID = tuple(float(cost) for cost in np.logspace(-6, 5, 10))

#: Top-1, or the mean recall of the classes for data sets whose classes differ in size.
SCORES: dict[str, Callable[[ArrayLike, ArrayLike], float]] = dict(top1=top1_accuracy, per_class=balanced_accuracy)


class TransferAccuracy(NamedTuple):
    """The accuracy in percent on the test images, and the C that was picked."""

    accuracy: float
    cost: float


def transfer_accuracy(train_features: ArrayLike, train_labels: ArrayLike, features: ArrayLike, labels: ArrayLike,
                      score: str = 'top1', select_on: str = 'val', costs: Sequence[float] = GRID, val_share: float = 0.2,
                      max_iter: int = 500, seed: int = 0) -> TransferAccuracy:
    """The accuracy of multinomial logistic regression whose C is the best of a grid.

    Features are L2-normalised image by image, then standardised by the statistics of the fitted images. With
    ``select_on='val'`` a stratified share of the training images picks C, and the classifier is fitted again to all of
    them. ``'test'`` is what GloFND's code does: the best accuracy on the *test* images over the grid, an optimistic number
    that exists for comparison with the paper's.

    Args:
        train_features (array-like): (N, D).
        train_labels (array-like): integers >= 0, at least two different, (N,).
        features (array-like): (Q, D).
        labels (array-like): integers >= 0, (Q,).
        score (str): ``'top1'``, or ``'per_class'`` for the mean of the classes' recalls (Pets, Caltech-101, Flowers).
        select_on (str): ``'val'`` or ``'test'``.
        costs (Sequence[float]): the grid, all > 0.
        val_share (float): share of the training images that is used for validation, in (0, 1).
        max_iter (int): L-BFGS steps; as in the paper's code, the last iterate is taken if they do not suffice.
        seed (int): seed of the validation split.

    Raises:
        ValueError: if shapes do not fit, an option is unknown, the grid is empty, or there is one class only.

    Example:
        >>> transfer_accuracy([[0., 1.], [1., 0.]] * 5, [0, 1] * 5, [[0., 1.]], [0]).accuracy
        100.0
    """
    train_features = _normalised(as_array(train_features, 'train_features'))
    features = _normalised(as_array(features, 'features'))
    train_labels, labels = as_labels(train_labels, 'train_labels'), as_labels(labels, 'labels')
    check_same_length(train_features, 'train_features', train_labels, 'train_labels')
    check_same_length(features, 'features', labels, 'labels')
    check_same_width(train_features, features)
    _check_settings(train_labels, score, select_on, costs, val_share)
    if select_on == 'test':
        return _best(train_features, train_labels, features, labels, SCORES[score], costs, max_iter)
    fit, out = validation_split(train_labels, val_share, seed)
    cost = _best(train_features[fit], train_labels[fit], train_features[out], train_labels[out], SCORES[score], costs,
                 max_iter).cost
    return _best(train_features, train_labels, features, labels, SCORES[score], (cost,), max_iter)


def validation_split(labels: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Split positions into those to fit and those held out, ascending; stratified if each class has two images or more."""
    from sklearn.model_selection import train_test_split
    _, sizes = np.unique(labels, return_counts=True)
    num_held = int(np.ceil(share * len(labels)))
    stratified = sizes.min() >= 2 and len(sizes) <= min(num_held, len(labels) - num_held)
    fit, out = train_test_split(np.arange(len(labels)), test_size=num_held, random_state=np.random.RandomState(seed),
                                stratify=labels if stratified else None)
    return np.sort(fit), np.sort(out)


def _best(train_features: np.ndarray, train_labels: np.ndarray, features: np.ndarray, labels: np.ndarray,
          score: Callable[[ArrayLike, ArrayLike], float], costs: Sequence[float], max_iter: int) -> TransferAccuracy:
    """The highest score over the costs; the smallest of equally good costs."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler
    scaler = StandardScaler().fit(train_features)
    train_features, features = scaler.transform(train_features), scaler.transform(features)
    accuracies = []
    for cost in sorted(costs):
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', ConvergenceWarning)
            classifier = LogisticRegression(C=cost, max_iter=max_iter).fit(train_features, train_labels)
        accuracies.append(TransferAccuracy(score(labels, classifier.predict(features)), cost))
    return max(accuracies, key=lambda result: result.accuracy)


def _normalised(features: np.ndarray) -> np.ndarray:
    return np.asarray(features / np.linalg.norm(features, axis=1, keepdims=True).clip(min=1e-12))


def _check_settings(train_labels: np.ndarray, score: str, select_on: str, costs: Sequence[float], val_share: float) -> None:
    check_choice('score', score, SCORES)
    check_choice('select_on', select_on, SELECT_ON)
    if not costs or min(costs) <= 0:
        raise ValueError(f'costs={costs} must hold positive numbers, such as (0.01, 1, 100)')
    check_inside('val_share', val_share, 0, 1, 'neither', remedy='0.2 is usual')
    if len(np.unique(train_labels)) < 2:
        raise ValueError(f'train_labels hold class {train_labels[0]} only; expected at least two classes')
