"""Transfer to another data set: logistic regression by L-BFGS on frozen features, C picked from a grid (GloFND, Table 3)."""

import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from ._inputs import as_array, as_labels, check_same_length, check_same_width
from .accuracy import balanced_accuracy, top1_accuracy

SELECT_ON = ('val', 'test')

#: GloFND: ten values from 1e-6 to 1e5.
GRID = tuple(float(cost) for cost in np.logspace(-6, 5, 10))

#: Top-1, or mean per-class recall for the data sets whose classes differ in size.
SCORES: dict[str, Callable] = dict(top1=top1_accuracy, per_class=balanced_accuracy)


class TransferAccuracy(NamedTuple):
    """Accuracy in percent on the test images, and the C that was picked."""

    accuracy: float
    cost: float


def transfer_accuracy(train_features, train_labels, features, labels, score: str = 'top1', select_on: str = 'val',
                      costs: Sequence[float] = GRID, val_share: float = 0.2, max_iter: int = 500,
                      seed: int = 0) -> TransferAccuracy:
    """Accuracy of multinomial logistic regression whose C is the best of a grid.

    Features are L2-normalised image by image, then standardised by the images that are learned from. With
    ``select_on='val'`` a stratified share of the training images picks C, and the classifier is fitted again to all of
    them. ``'test'`` is what GloFND's code does: the best accuracy on the *test* images over the grid, an optimistic number
    that is here to be compared with the paper's.

    Args:
        train_features (array-like): (N, D).
        train_labels (array-like): integers >= 0, at least two different, (N,).
        features (array-like): (Q, D).
        labels (array-like): integers >= 0, (Q,).
        score (str): ``'top1'``, or ``'per_class'`` for the mean of the classes' recalls (Pets, Caltech-101, Flowers).
        select_on (str): ``'val'`` or ``'test'``.
        costs (Sequence[float]): the grid, all > 0.
        val_share (float): of the training images, in (0, 1).
        max_iter (int): L-BFGS steps; as in the paper's code, the last iterate is taken where they do not suffice.
        seed (int): of the validation split.

    Raises:
        ValueError: where shapes do not fit, an option is unknown, the grid is empty, or there is one class only.

    Example:
        >>> transfer_accuracy([[0., 1.], [1., 0.]] * 5, [0, 1] * 5, [[0., 1.]], [0]).accuracy
        100.0
    """
    train_features, features = (_normalised(as_array(values, name)) for values, name in (
        (train_features, 'train_features'), (features, 'features')))
    train_labels, labels = as_labels(train_labels, 'train_labels'), as_labels(labels, 'labels')
    check_same_length(train_features, 'train_features', train_labels, 'train_labels')
    check_same_length(features, 'features', labels, 'labels')
    check_same_width(train_features, features)
    _check_settings(train_labels, score, select_on, costs, val_share)
    if select_on == 'test':
        return _best(train_features, train_labels, features, labels, SCORES[score], costs, max_iter)
    fit, held = validation_split(train_labels, val_share, seed)
    cost = _best(train_features[fit], train_labels[fit], train_features[held], train_labels[held], SCORES[score], costs,
                 max_iter).cost
    return _best(train_features, train_labels, features, labels, SCORES[score], (cost,), max_iter)


def validation_split(labels: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions to fit to and positions held out, ascending; stratified where each class has two images or more."""
    _, sizes = np.unique(labels, return_counts=True)
    num_held = int(np.ceil(share * len(labels)))
    stratified = sizes.min() >= 2 and len(sizes) <= min(num_held, len(labels) - num_held)
    fit, held = train_test_split(np.arange(len(labels)), test_size=num_held, random_state=np.random.RandomState(seed),
                                 stratify=labels if stratified else None)
    return np.sort(fit), np.sort(held)


def _best(train_features, train_labels, features, labels, score, costs, max_iter) -> TransferAccuracy:
    """The highest score over the costs; the smallest cost of equal ones."""
    scaler = StandardScaler().fit(train_features)
    train_features, features = scaler.transform(train_features), scaler.transform(features)
    found = []
    for cost in sorted(costs):
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', ConvergenceWarning)
            classifier = LogisticRegression(C=cost, max_iter=max_iter).fit(train_features, train_labels)
        found.append(TransferAccuracy(score(labels, classifier.predict(features)), cost))
    return max(found, key=lambda result: result.accuracy)


def _normalised(features: np.ndarray) -> np.ndarray:
    return features / np.linalg.norm(features, axis=1, keepdims=True).clip(min=1e-12)


def _check_settings(train_labels, score, select_on, costs, val_share) -> None:
    if score not in SCORES:
        raise ValueError(f'score={score!r} is unknown; choose one of {", ".join(SCORES)}')
    if select_on not in SELECT_ON:
        raise ValueError(f"select_on={select_on!r} is unknown; choose 'val', or 'test' as the paper's code does")
    if not costs or min(costs) <= 0:
        raise ValueError(f'costs={costs} must hold positive numbers, such as (0.01, 1, 100)')
    if not 0 < val_share < 1:
        raise ValueError(f'val_share={val_share} is outside (0, 1); 0.2 is usual')
    if len(np.unique(train_labels)) < 2:
        raise ValueError(f'train_labels hold class {train_labels[0]} only; expected at least two classes')
