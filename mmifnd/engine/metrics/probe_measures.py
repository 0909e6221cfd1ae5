"""Registered probes: what small classifiers reach on frozen features, per cent."""

import logging
from collections.abc import Sequence

import numpy as np
from mmengine.logging import print_log
from torch import Tensor

from mmifnd.datasets.wordnet_depth import wordnet_groups
from mmifnd.evaluation import (
    Summary,
    balanced_accuracy,
    group_accuracy,
    label_fraction_accuracy,
    linear_probe_predict,
    low_shot_svm,
    majority_accuracy,
    summarise,
    svm_average_precisions,
    transfer_accuracy,
)
from mmifnd.evaluation.transfer import GRID
from mmifnd.registry import METRICS

from .measure import Measure
from .representation import Representation


@METRICS.register_module()
class BalancedAccuracy(Measure):
    """The linear probe's mean per-class recall, and the top-1 of always naming the most frequent class.

    Args:
        l2 (float): weight of the penalty.
    """

    needs_test_labels = needs_disjoint_sets = True

    def __init__(self, l2: float = 1e-4) -> None:
        self.l2 = l2

    def __call__(self, rep: Representation) -> dict[str, float]:
        """``linear_balanced`` and ``majority``."""
        predicted = linear_probe_predict(rep.train, rep.train_labels, rep.test, self.l2)
        return dict(linear_balanced=balanced_accuracy(rep.test_labels, predicted),
                    majority=majority_accuracy(rep.train_labels, rep.test_labels))


@METRICS.register_module()
class LabelFractionProbe(Measure):
    """Linear probe on class-balanced shares of the labels (GloFND, Table 1); a share too small for a class is left out.

    Args:
        fractions (Sequence[float]): shares of the training images, in (0, 1].
        num_draws (int): seeded subsets of each share below 1.
        l2 (float): weight of the penalty.
        seed (int): of the first draw.
    """

    needs_test_labels = needs_disjoint_sets = True

    def __init__(self, fractions: Sequence[float] = (1., 0.1, 0.01, 0.001), num_draws: int = 3, l2: float = 1e-4,
                 seed: int = 12346) -> None:
        self.fractions, self.num_draws, self.l2, self.seed = fractions, num_draws, l2, seed

    def __call__(self, rep: Representation) -> dict[str, Summary]:
        """``linear_10%`` and the like; ``linear_mean``, their mean, where none was left out."""
        results: dict[str, Summary] = {}
        for fraction in self.fractions:
            try:
                results[f'linear_{100 * fraction:g}%'] = label_fraction_accuracy(
                    rep.train, rep.train_labels, rep.test, rep.test_labels, fraction, self.num_draws, self.l2, self.seed)
            except ValueError as error:
                _say(f'linear_{100 * fraction:g}% and linear_mean are left out: {error}')
        if len(results) == len(self.fractions):
            results['linear_mean'] = _mean_of(list(results.values()))
        return results


@METRICS.register_module()
class LinearSVM(Measure):
    """Mean average precision of one linear SVM a class (VOC07); PCL's protocol unless changed.

    Args:
        costs (Sequence[float]): C; several, such as the 19 of VISSL (`mmifnd.evaluation.VISSL_COSTS`), need ``folds`` or
            ``select_on='test'``.
        difficult (str): whether classes that are only difficult are ``'negative'`` (PCL), or left out of the evaluation:
            ``'ignore'`` (VISSL).
        folds (int): of the cross-validation that picks the cost of each class; 0 for none.
        shots (Sequence[int]): also from so many positive images of each class; PCL takes 1, 2, 4, 8 and 16.
        num_runs (int): draws of those.
        select_on (str): which images pick one of several costs: ``'val'``, the folds; ``'test'``, as PCL's code does, is
            optimistic.
    """

    needs_test_labels = needs_disjoint_sets = True
    takes_several_labels = True

    def __init__(self, costs: Sequence[float] = (0.5,), difficult: str = 'negative', folds: int = 0,
                 shots: Sequence[int] = (), num_runs: int = 5, select_on: str = 'val') -> None:
        self.costs, self.difficult, self.folds, self.shots, self.num_runs = tuple(costs), difficult, folds, shots, num_runs
        self.select_on = select_on

    def __call__(self, rep: Representation) -> dict[str, float | Summary]:
        """``svm_map``, and ``svm_map_1shot`` and the like; with ``_selected_on_test`` where that is so."""
        if rep.train_targets is None:
            classes = np.union1d(rep.train_labels, rep.test_labels)
            data = rep.train, _one_of(rep.train_labels, classes), rep.test, _one_of(rep.test_labels, classes)
        else:
            data = rep.train, rep.train_targets, rep.test, rep.test_targets
        suffix, few_costs = ('_selected_on_test', self.costs) if self.select_on == 'test' else ('', self.costs[:1])
        results: dict[str, float | Summary] = {f'svm_map{suffix}': float(np.nanmean(
            svm_average_precisions(*data, self.costs, self.difficult, self.folds, self.select_on)))}
        for shots in self.shots:
            results[f'svm_map_{shots}shot{suffix}'] = low_shot_svm(*data, shots, self.num_runs, few_costs, self.select_on)
        return results


@METRICS.register_module()
class LogisticTransfer(Measure):
    """Logistic regression by L-BFGS whose C is picked from a grid (GloFND, Table 3).

    Args:
        score (str): ``'top1'``, or ``'per_class'`` for the mean recall (Pets, Caltech-101, Flowers).
        select_on (str): ``'val'``, a share of the training images; ``'test'``, as the paper's code does, is optimistic.
        costs (Sequence[float]): the grid.
        val_share (float): of the training images.
    """

    needs_test_labels = needs_disjoint_sets = True

    def __init__(self, score: str = 'top1', select_on: str = 'val', costs: Sequence[float] = GRID,
                 val_share: float = 0.2) -> None:
        self.score, self.select_on, self.costs, self.val_share = score, select_on, costs, val_share

    def __call__(self, rep: Representation) -> dict[str, float]:
        """``transfer_top1`` or ``transfer_per_class``, with ``_selected_on_test`` where that is so; ``transfer_cost``."""
        results = transfer_accuracy(rep.train, rep.train_labels, rep.test, rep.test_labels, self.score, self.select_on,
                                  self.costs, self.val_share)
        suffix = '_selected_on_test' if self.select_on == 'test' else ''
        return {f'transfer_{self.score}{suffix}': results.accuracy, 'transfer_cost': results.cost}


@METRICS.register_module()
class GroupProbe(Measure):
    """Linear probes on groups of the classes, from one set of features (IFND, Table 5 and Fig. 1).

    A grouping that puts all images into one group, or does not know all classes, is left out.

    Args:
        groups (dict[str, dict[str, str]]): for each name of a grouping, the group of every class, by the names that the
            data set gives its classes.
        l2 (float): weight of the penalty.
    """

    needs_test_labels = needs_disjoint_sets = True

    def __init__(self, groups: dict[str, dict[str, str]], l2: float = 1e-4) -> None:
        self.groups, self.l2 = groups, l2

    def __call__(self, rep: Representation) -> dict[str, float]:
        """``NAME_top1``, ``NAME_balanced``, ``NAME_majority`` and ``NAME_groups`` of each grouping."""
        measures: dict[str, float] = {}
        for name, groups in self.groups.items():
            try:
                results = group_accuracy(rep.train, rep.train_labels, rep.test, rep.test_labels,
                                       _numbered(groups, rep.classes), self.l2)
            except ValueError as error:
                _say(f'{name} is left out: {error}')
                continue
            measures.update({f'{name}_top1': results.top1, f'{name}_balanced': results.balanced,
                             f'{name}_majority': results.majority, f'{name}_groups': results.num_groups})
        return measures


@METRICS.register_module()
class WordNetDepthProbe(GroupProbe):
    """:class:`GroupProbe` of ImageNet's classes at depths of WordNet: 9, 36, 206, 486 and 1000 groups.

    Args:
        depths (Sequence[int]): of 3, 5, 7, 9 and 18; classes must be named by wnid, such as n01440764.
        l2 (float): weight of the penalty.
    """

    def __init__(self, depths: Sequence[int] = (3, 5, 7, 9, 18), l2: float = 1e-4) -> None:
        super().__init__({f'depth{depth}': wordnet_groups(depth) for depth in depths}, l2)


def _say(line: str) -> None:
    print_log(line, logger='current', level=logging.WARNING)


def _mean_of(summaries: list[Summary]) -> Summary:
    """Mean over the measures, draw by draw; one with a single draw is the same in all."""
    draws = max(len(summary.values) for summary in summaries)
    values = [summary.values * draws if len(summary.values) == 1 else summary.values for summary in summaries]
    return summarise(np.mean(values, axis=0))


def _one_of(labels: Tensor, classes: np.ndarray) -> np.ndarray:
    return np.where(labels.numpy()[:, None] == classes, 1, -1)


def _numbered(groups: dict[str, str], classes: Sequence[str]) -> dict[int, int]:
    """Number of the group of each label."""
    number = {group: position for position, group in enumerate(sorted(set(groups.values())))}
    return {label: number[groups[name]] for label, name in enumerate(classes) if name in groups}
