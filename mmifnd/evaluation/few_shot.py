"""Accuracy from a handful of labelled images, averaged over many draws of them.

Shapes: T draws, C classes, S shots, n = C S support images, D dimensions, Q evaluated images.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mmifnd.checks import check_at_least, check_positive

from ._inputs import ArrayLike, as_features, as_labels, check_same_length, check_same_width
from .softmax_regression import fit_softmax_regression
from .summary import Summary, summarise

_MAX_SUPPORT_NUMBERS = 2**24  # numbers of support features held at once: 128 MiB in float64
_STEPS_OF_ONE_SHOT, _STEPS = 120, 350  # of conjugate gradients, as seen on 100 to 300 classes
_LEAST_DRAWS = 3
_ROUNDING = 1e-6  # relative rounding error of float32 features


class FewShotAccuracy(NamedTuple):
    """Accuracy in percent over the draws.

    Attributes:
        logistic (Summary): logistic regression on features standardised by the support set.
        nearest_mean (Summary): nearest class mean (Euclidean) of the features as they are.
    """

    logistic: Summary
    nearest_mean: Summary


def few_shot_accuracy(train_features: ArrayLike, train_labels: ArrayLike, features: ArrayLike, labels: ArrayLike,
                      shots: int = 1, num_draws: int = 200, l2: float = 1e-2, seed: int = 0) -> FewShotAccuracy:
    """The top-1 accuracy of two classifiers that see ``shots`` labelled training images of each class.

    A draw takes a support set from the training set and classifies all of ``features``. The logistic regression
    minimises the mean cross entropy over the support set + (l2 / 2) ||W||^2 (biases are free), on features standardised
    by mean and standard deviation (ddof=0) of the support set. A feature that is constant in it up to float32's
    rounding gets weight 0, so nothing is divided by 0. The nearest class mean (Snell et al. 2017) has no parameter.

    The draws depend on (seed, shots, train_labels) alone: methods that are compared see the same support sets, and
    ``values`` of two results can go into :func:`~mmifnd.evaluation.paired_t_test`.

    Args:
        train_features (array-like): (N, D); computed on their device. Supports are widened to float64, all other rows are
            float32 unless they came in float64.
        train_labels (array-like): integers >= 0, at least two different, (N,).
        features (array-like): (Q, D).
        labels (array-like): true classes of ``features``, integers >= 0, (Q,). A class that the training set lacks
            counts as wrong.
        shots (int): S >= 1, labelled images of each class.
        num_draws (int): T >= 1.
        l2 (float): > 0.
        seed (int): >= 0.

    Returns:
        FewShotAccuracy: for both classifiers mean, standard deviation over the draws (ddof=1; None for one draw) and
        the accuracy of each draw, in percent.

    Raises:
        ValueError: if shapes do not fit, a setting is out of range, or a class has fewer than ``shots`` images; the
            message names the class.

    Example:
        >>> accuracy = few_shot_accuracy([[0.0], [0.1], [0.9], [1.0]], [0, 0, 1, 1], [[0.2], [0.8]], [0, 1])
        >>> accuracy.logistic.mean, accuracy.nearest_mean.standard_deviation
        (100.0, 0.0)
    """
    train_features = as_features(train_features, 'train_features')
    features = as_features(features, 'features').to(train_features.device)
    train_labels, labels = as_labels(train_labels, 'train_labels'), as_labels(labels, 'labels')
    check_same_length(train_features, 'train_features', train_labels, 'train_labels')
    check_same_length(features, 'features', labels, 'labels')
    check_same_width(train_features, features)
    check_positive('l2', l2, remedy='0.01 is usual')

    supports = torch.from_numpy(draw_supports(train_labels, shots, num_draws, seed)).to(train_features.device)
    targets = torch.from_numpy(_class_positions(labels, train_labels)).to(train_features.device)
    # Both classifiers are linear: they see features relative to their mean, where float32 has the digits that matter.
    centre = features.mean(0)
    features = features - centre
    logistic: list[float] = []
    nearest_mean: list[float] = []
    for part in supports.split(max(1, _MAX_SUPPORT_NUMBERS // (supports[0].numel() * train_features.shape[1]))):
        support = train_features[part].double()
        weight, bias = _logistic_regression(support, l2)
        logistic += _accuracies(weight, bias + centre.double() @ weight, features, targets)
        nearest_mean += _accuracies(*_nearest_mean(support - centre), features, targets)
    return FewShotAccuracy(summarise(logistic), summarise(nearest_mean))


def affordable_draws(num_draws: int, num_classes: int, shots: int, num_dims: int, max_operations: float) -> int:
    """The number of draws that logistic regressions of this size leave of ``num_draws``; at least 3.

    A draw of C classes takes about ``4 C S min(C S, D) C`` operations for each step of conjugate gradients, of which 1-shot
    regressions were seen to take about 120, and 5-shot ones 350.

    Args:
        num_draws (int): draws that were asked for.
        num_classes (int): C.
        shots (int): S.
        num_dims (int): D.
        max_operations (float): float64 operations of all draws together; a core does about 2e10 of them in a second.

    Example:
        >>> affordable_draws(200, 10, 5, 2048, 1e13), affordable_draws(200, 1000, 1, 2048, 1e13)
        (200, 20)
    """
    images = num_classes * shots
    steps = _STEPS_OF_ONE_SHOT if shots == 1 else _STEPS
    operations = 4. * images * min(images, num_dims) * num_classes * steps
    return min(num_draws, max(_LEAST_DRAWS, int(max_operations / operations)))


def draw_supports(train_labels: ArrayLike, shots: int, num_draws: int, seed: int = 0) -> np.ndarray:
    """Draw support sets: for each draw and each class, ``shots`` different training images.

    Draw t is the same whatever ``num_draws`` is, and on every version of numpy: its RandomState is frozen (NEP 19).

    Args:
        train_labels (array-like): integers >= 0, at least two different, (N,).
        shots (int): S >= 1.
        num_draws (int): T >= 1.
        seed (int): >= 0.

    Returns:
        numpy.ndarray: indices into the training set, int64, (T, C, S), classes in ascending order.

    Raises:
        ValueError: as :func:`few_shot_accuracy`.

    Example:
        >>> draw_supports([0, 0, 1, 1], shots=1, num_draws=2).tolist()
        [[[1], [2]], [[0], [3]]]
    """
    train_labels = as_labels(train_labels, 'train_labels')
    for name, value, minimum in (('shots', shots, 1), ('num_draws', num_draws, 1), ('seed', seed, 0)):
        check_at_least(name, value, minimum)
    classes, starts, sizes = np.unique(np.sort(train_labels), return_index=True, return_counts=True)
    if len(classes) < 2:
        raise ValueError(f'train_labels hold class {classes[0]} only; expected at least two classes')
    if sizes.min() < shots:
        raise ValueError(f'class {classes[sizes.argmin()]} has {sizes.min()} training images, but shots={shots}; '
                         f'choose shots <= {sizes.min()}, or leave the class out')

    random = np.random.RandomState(np.random.MT19937([seed, shots]))
    first = starts[:, None] + np.arange(shots)
    return np.stack([np.lexsort((random.random_sample(len(train_labels)), train_labels))[first]
                     for _ in range(num_draws)])


def _class_positions(labels: np.ndarray, train_labels: np.ndarray) -> np.ndarray:
    """The position of each label among the sorted classes of the training set; -1 for a class that it lacks."""
    classes = np.unique(train_labels)
    position = np.searchsorted(classes, labels).clip(max=len(classes) - 1)
    return np.where(classes[position] == labels, position, -1)


def _logistic_regression(support: Tensor, l2: float) -> tuple[Tensor, Tensor]:
    """Fit to the standardised support (T, C, S, D): weight (T, D, C) and bias (T, C) for features as they are."""
    num_classes, shots = support.shape[1:3]
    support = support.flatten(1, 2)
    mean, deviation = support.mean(1, keepdim=True), support.std(1, keepdim=True, correction=0)
    varies = deviation > _ROUNDING * support.abs().amax(1, keepdim=True)
    scale = torch.where(varies, 1 / deviation, 0.0)
    targets = torch.arange(num_classes, device=support.device).repeat_interleave(shots)
    weight, bias = fit_softmax_regression((support - mean) * scale, targets, num_classes, l2)
    weight = weight * scale.mT
    return weight, bias - (mean @ weight)[:, 0]


def _nearest_mean(support: Tensor) -> tuple[Tensor, Tensor]:
    """The nearest class mean as a linear classifier: ||x - m||^2 is smallest where 2 x m - ||m||^2 is largest."""
    mean = support.mean(2)
    return 2 * mean.mT, -mean.square().sum(-1)


def _accuracies(weight: Tensor, bias: Tensor, features: Tensor, targets: Tensor) -> list[float]:
    """The accuracy of each draw's linear classifier on features (Q, D), in percent; draw by draw to bound memory."""
    weight, bias = weight.to(features.dtype), bias.to(features.dtype)
    right = [((features @ w + b).argmax(1) == targets).double().mean() for w, b in zip(weight, bias, strict=True)]
    accuracies: list[float] = (100 * torch.stack(right)).tolist()
    return accuracies
