"""Linear SVMs on frozen features, one per class: the protocols of PASCAL VOC 2007 (IFND, Table 1).

Shapes: N training images, Q evaluated images, D dimensions, C classes. Targets are 1 (the class is in the image), 0 (only
objects marked as difficult are) or -1 (absent).
"""

import warnings
from collections.abc import Sequence

import numpy as np

from mmifnd.checks import check_at_least, check_choice

from ._inputs import ArrayLike, as_array, check_same_length, check_same_width
from .average_precision import average_precision
from .summary import Summary, summarise

DIFFICULT = ('negative', 'ignore')
SELECT_ON = ('val', 'test')

#: The costs of the VISSL benchmark (Goyal et al. 2019) as OpenMMLab runs it.
VISSL_COSTS = (1., 10., 100., *(0.5**power for power in range(4, 20)))


def svm_average_precisions(train_features: ArrayLike, train_targets: ArrayLike, features: ArrayLike, targets: ArrayLike,
                           costs: Sequence[float] = (0.5,), difficult: str = 'negative', folds: int = 0,
                           select_on: str = 'val') -> np.ndarray:
    """The average precision of a linear SVM for each class, in percent.

    Features are divided by their norm + 1e-5. Each class gets scikit-learn's LinearSVC (squared hinge, l2, positives
    weighted twice, tol 1e-4, 2000 iterations, dual, random_state 0), judged by :func:`~mmifnd.evaluation.average_precision`.

    The defaults are PCL's protocol: cost 0.5, and classes that are only difficult count as absent. VISSL's protocol (Goyal et
    al., ICCV 2019) is ``costs=VISSL_COSTS, difficult='ignore', folds=3``: each class takes the cost with the best average
    precision, as scikit-learn has it, in 3-fold cross-validation on the training images; images in which it is only difficult
    count as absent in training, and are left out of the evaluation. ``select_on='test'`` is what PCL's code does with several
    costs: all classes take the cost with the best mean average precision on the *test* images, an optimistic number that
    exists for comparison with the paper's.

    Args:
        train_features (array-like): (N, D).
        train_targets (array-like): 1, 0 or -1, (N, C).
        features (array-like): (Q, D).
        targets (array-like): 1, 0 or -1, (Q, C).
        costs (Sequence[float]): C of the SVM, all > 0. Several need ``folds`` or ``select_on='test'``.
        difficult (str): ``'negative'``, or ``'ignore'`` in the evaluation.
        folds (int): folds of the cross-validation that picks the cost of each class, >= 2; 0 for a single cost. A class with
            fewer positives has fewer folds, and with one positive takes the first cost.
        select_on (str): ``'val'``, the folds of the training images; or ``'test'``, without folds.

    Returns:
        numpy.ndarray: (C,); nan for a class without a positive to learn from or to find.

    Raises:
        ValueError: if shapes do not fit, a target is none of 1, 0 and -1, an option is unknown, or several costs come
            without a way to choose among them, or with two.

    Example:
        >>> features, targets = [[0., 1.], [1., 0.]], [[1], [-1]]
        >>> svm_average_precisions(features * 3, targets * 3, features, targets)
        array([100.])
    """
    train_targets, targets = _as_targets(train_targets, 'train_targets'), _as_targets(targets, 'targets')
    train_features = _normalised(as_array(train_features, 'train_features'))
    features = _normalised(as_array(features, 'features'))
    check_same_length(train_features, 'train_features', train_targets, 'train_targets')
    check_same_length(features, 'features', targets, 'targets')
    check_same_width(train_features, features)
    _check_settings(train_targets, targets, costs, difficult, folds, select_on)
    train_targets = np.where(train_targets == 0, -1, train_targets)
    if difficult == 'negative':
        targets = np.where(targets == 0, -1, targets)
    grids = [(cost,) for cost in costs] if select_on == 'test' else [costs]
    precisions = [
        np.array([_class_precision(train_features, train_targets[:, number], features, targets[:, number], grid, folds)
                  for number in range(targets.shape[1])]) for grid in grids]
    return max(precisions, key=np.nanmean)


def low_shot_svm(train_features: ArrayLike, train_targets: ArrayLike, features: ArrayLike, targets: ArrayLike, shots: int,
                 num_runs: int = 5, costs: Sequence[float] = (0.5,), select_on: str = 'val', seed: int = 0) -> Summary:
    """The mean average precision of SVMs that learn from ``shots`` positive images of each class, in percent (PCL).

    As in PCL's code, the images that are drawn for all classes are put together, with all their labels; an image drawn
    for two classes counts twice. Difficult objects count as absent.

    Args:
        train_features (array-like): see :func:`svm_average_precisions`, (N, D).
        train_targets (array-like): 1, 0 or -1, (N, C).
        features (array-like): (Q, D).
        targets (array-like): 1, 0 or -1, (Q, C).
        shots (int): k, positive images drawn for each class; 1, 2, 4, 8 and 16 are usual.
        num_runs (int): number of draws.
        costs (Sequence[float]): one, or several with ``select_on='test'``; so few images leave none for validation.
        select_on (str): ``'test'`` takes the cost with the best mean over the draws on the *test* images, as PCL's code does.
        seed (int): seed of the draws.

    Returns:
        Summary: mean and spread over the draws.

    Raises:
        ValueError: as :func:`svm_average_precisions`, or if a class has fewer than ``shots`` positive images.

    Example:
        >>> features, targets = [[0., 1.], [1., 0.]], [[1, -1], [-1, 1]]
        >>> low_shot_svm(features * 3, targets * 3, features, targets, shots=1, num_runs=2).values
        (100.0, 100.0)
    """
    train_features = as_array(train_features, 'train_features')
    train_targets = _as_targets(train_targets, 'train_targets')
    draws = draw_positives(train_targets, shots, num_runs, seed)
    grids = [(cost,) for cost in costs] if select_on == 'test' else [costs]
    summaries = [summarise(float(np.nanmean(svm_average_precisions(
        train_features[drawn], train_targets[drawn], features, targets, grid))) for drawn in draws) for grid in grids]
    return max(summaries, key=lambda summary: summary.mean)


def draw_positives(train_targets: ArrayLike, shots: int, num_runs: int, seed: int = 0) -> list[np.ndarray]:
    """Draw the training images of each run, int64 (C x shots,); see :func:`low_shot_svm`.

    Example:
        >>> draw_positives([[1, -1], [-1, 1], [1, -1]], shots=1, num_runs=2)
        [array([2, 1]), array([2, 1])]
    """
    check_at_least('shots', shots, 1)
    check_at_least('num_runs', num_runs, 1)
    train_targets = np.asarray(train_targets)
    positives = [np.flatnonzero(column > 0) for column in train_targets.T]
    scarce = [number for number, members in enumerate(positives) if len(members) < shots]
    if scarce:
        raise ValueError(f'class {scarce[0]} has {len(positives[scarce[0]])} positive training images, but shots={shots}; '
                         'choose fewer shots')
    random = np.random.RandomState(np.random.MT19937([seed, shots]))
    return [np.concatenate([random.permutation(members)[:shots] for members in positives]) for _ in range(num_runs)]


def _class_precision(train_features: np.ndarray, train_target: np.ndarray, features: np.ndarray, target: np.ndarray,
                     costs: Sequence[float], folds: int) -> float:
    judged = target != 0  # 0: difficult, and ignored
    features, target = features[judged], target[judged]
    if len(np.unique(train_target)) < 2 or not (target > 0).any():
        return float('nan')
    cost = costs[0] if len(costs) == 1 else _best_cost(train_features, train_target, costs, folds)
    return 100 * average_precision(_decide(train_features, train_target, features, cost), target)


def _best_cost(features: np.ndarray, target: np.ndarray, costs: Sequence[float], folds: int) -> float:
    """The cost with the highest mean average precision over the folds; the first of equally good ones."""
    folds = min(folds, int((target > 0).sum()), int((target < 0).sum()))
    if folds < 2:
        return costs[0]
    from sklearn.metrics import average_precision_score
    from sklearn.model_selection import StratifiedKFold
    splits = list(StratifiedKFold(folds).split(features, target))
    scores = [np.mean([average_precision_score(target[out] > 0, _decide(features[fit], target[fit], features[out], cost))
                       for fit, out in splits]) for cost in costs]
    return costs[int(np.argmax(scores))]


def _decide(train_features: np.ndarray, train_target: np.ndarray, features: np.ndarray, cost: float) -> np.ndarray:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC
    svm = LinearSVC(C=cost, class_weight={1: 2, -1: 1}, intercept_scaling=1., penalty='l2', loss='squared_hinge', tol=1e-4,
                    dual=True, max_iter=2000, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', ConvergenceWarning)  # 2000 iterations are the protocol
        return np.asarray(svm.fit(train_features, train_target).decision_function(features))


def _normalised(features: np.ndarray) -> np.ndarray:
    return np.asarray(features / (np.linalg.norm(features, axis=1, keepdims=True) + 1e-5))


def _as_targets(values: ArrayLike, name: str) -> np.ndarray:
    targets = np.asarray(values)
    if targets.ndim != 2 or not targets.size or not np.isin(targets, (-1, 0, 1)).all():
        raise ValueError(f'{name} of shape {targets.shape} must be (N, C) and hold 1 (present), 0 (difficult) and -1 (absent)')
    return targets.astype(np.int64)


def _check_settings(train_targets: np.ndarray, targets: np.ndarray, costs: Sequence[float], difficult: str, folds: int,
                    select_on: str) -> None:
    if train_targets.shape[1] != targets.shape[1]:
        raise ValueError(f'train_targets have {train_targets.shape[1]} classes and targets {targets.shape[1]}; expected the '
                         'same')
    check_choice('difficult', difficult, DIFFICULT)
    if not costs or min(costs) <= 0:
        raise ValueError(f'costs={costs} must hold positive numbers, such as (0.5,)')
    check_choice('select_on', select_on, SELECT_ON)
    if select_on == 'test' and folds:
        raise ValueError(f"folds={folds} and select_on='test' both pick the cost; leave one of them out")
    if select_on == 'val' and len(costs) > 1 and folds < 2:
        raise ValueError(f'{len(costs)} costs need folds=2 or more to pick from, got folds={folds}; 3 is usual')
