"""Registered wrappers of `mmifnd.evaluation`: options from a config, a `Representation` in, numbers by name out."""

import logging
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from torch import Tensor

from mmifnd.checks import check_divisor
from mmifnd.clustering import KMeans
from mmifnd.evaluation import (
    Summary,
    affordable_draws,
    clustering_nmi,
    detection_scores,
    even_anchors,
    few_shot_accuracy,
    knn_accuracy,
    linear_probe_accuracy,
    pairwise_rates,
    summarise,
)
from mmifnd.models.embedding import check_feature
from mmifnd.registry import METRICS

from .measure import Measure
from .representation import Representation


@METRICS.register_module()
class KNNAccuracy(Measure):
    """Weighted k nearest neighbours by cosine, per cent. A test image that is also a training image does not vote on itself.

    Args:
        k (int): neighbours.
        temperature (float): of the votes ``exp(s / temperature)``.

    Raises:
        ValueError: if the temperature is out of range.
    """

    key = 'knn'
    needs_test_labels = True

    def __init__(self, k: int = 20, temperature: float = 0.07) -> None:
        check_divisor('temperature', temperature, 'KNNAccuracy', '0.07 is usual')
        self.k, self.temperature = k, temperature

    def __call__(self, rep: Representation) -> dict[str, float]:
        """``knn``."""
        return dict(knn=knn_accuracy(rep.train, rep.train_labels, rep.test, rep.test_labels, self.k, self.temperature,
                                     train_ids=rep.train_ids, ids=rep.test_ids))


@METRICS.register_module()
class LinearProbe(Measure):
    """Multinomial logistic regression on standardised features, per cent.

    Args:
        l2 (float): weight of the penalty.
    """

    key = 'linear'
    needs_test_labels = needs_disjoint_sets = True

    def __init__(self, l2: float = 1e-4) -> None:
        self.l2 = l2

    def __call__(self, rep: Representation) -> dict[str, float]:
        """``linear``."""
        return dict(linear=linear_probe_accuracy(rep.train, rep.train_labels, rep.test, rep.test_labels, self.l2))


@METRICS.register_module()
class FewShotProbe(Measure):
    """Probes on a few labelled images per class, the mean over fixed draws, per cent.

    More shots than a class has images are left out.

    Args:
        shots (Sequence[int]): labelled images a class.
        num_draws (int): draws, the same for every method.
        l2 (float): of the logistic regression.
        max_operations (float, optional): where classes or shots are so many that ``num_draws`` logistic regressions would take
            more, fewer are drawn, and a line says so; default: 2e12 on the CPU (about two minutes of a core), 1e15 on a GPU.
    """

    needs_test_labels = needs_disjoint_sets = True

    def __init__(self, shots: Sequence[int] = (1, 5), num_draws: int = 200, l2: float = 1e-2,
                 max_operations: float | None = None) -> None:
        self.shots, self.num_draws, self.l2, self.max_operations = shots, num_draws, l2, max_operations

    def __call__(self, rep: Representation) -> dict[str, Summary]:
        """``shot_1`` and the like by logistic regression, ``shot_1_mean`` by the nearest class mean."""
        measures = {}
        for shots in self.shots:
            try:
                result = few_shot_accuracy(
                    rep.train, rep.train_labels, rep.test, rep.test_labels, shots, self._draws(rep, shots), self.l2)
            except ValueError as error:
                if shots == min(self.shots):
                    raise
                print_log(f'shot_{shots} is left out: {error}', logger='current', level=logging.WARNING)
                continue
            measures[f'shot_{shots}'] = result.logistic
            measures[f'shot_{shots}_mean'] = result.nearest_mean
        return measures

    def _draws(self, rep: Representation, shots: int) -> int:
        classes = len(rep.train_labels.unique())
        bound = self.max_operations or (2e12 if rep.train.device.type == 'cpu' else 1e15)
        draws = affordable_draws(self.num_draws, classes, shots, rep.train.shape[1], bound)
        if draws < self.num_draws:
            print_log(f'shot_{shots}: {draws} draws instead of num_draws={self.num_draws}: regressions of {classes} classes '
                      f'would take more than max_operations={bound:.0e} of FewShotProbe; raise it for more draws',
                      logger='current')
        return draws


@METRICS.register_module()
class ClusteringNMI(Measure):
    """Geometric NMI of k-means on the training images with the classes, over runs, per cent (IFND, Table 4).

    Args:
        num_clusters (int, optional): default: the number of classes.
        num_runs (int): k-means runs, with seeds 0, 1, ...
        feature (str): ``'z'``, the embedding, or ``'f'``, the backbone's feature brought to unit length.

    Raises:
        ValueError: if the feature is unknown.
    """

    key = 'nmi'

    def __init__(self, num_clusters: int | None = None, num_runs: int = 5, feature: str = 'z') -> None:
        check_feature(feature)
        self.num_clusters, self.num_runs, self.feature = num_clusters, num_runs, feature
        self.needs_embedding = feature == 'z'

    def __call__(self, rep: Representation) -> dict[str, Summary]:
        """``nmi``."""
        count = self.num_clusters or len(rep.train_labels.unique())
        features = rep.train_embedding if self.feature == 'z' else F.normalize(rep.train, dim=1)
        result = clustering_nmi(features.numpy(), rep.train_labels.numpy(), count, _cluster, range(self.num_runs))
        return dict(nmi=summarise(100 * value for value in result.values))


@METRICS.register_module()
class DetectionRates(Measure):
    """MTPR and MTNR of whatever detector the framework was trained with, over pairs of training images, per cent.

    Args:
        max_anchors (int): images that are asked about all others; drawn evenly if there are more.
        chunk (int): anchors at a time.
    """

    asks_detector = True

    def __init__(self, max_anchors: int = 2048, chunk: int = 256) -> None:
        self.max_anchors, self.chunk = max_anchors, chunk

    def __call__(self, rep: Representation) -> dict[str, float]:
        """``mtpr`` and ``mtnr`` of the first granularity; of further ones ``mtpr_1`` and so on; of pairs ``image/mtpr``."""
        anchors = even_anchors(len(rep.train_labels), self.max_anchors)
        measures = {}
        for direction in rep.detectors:
            for level in range(len(rep.ask_detector(anchors[:1], direction))):
                rates = pairwise_rates(lambda chosen, way=direction, level=level: rep.ask_detector(chosen, way)[level],
                                       rep.train_labels, anchors, self.chunk)
                for name, rate in zip(('mtpr', 'mtnr'), rates, strict=True):
                    measures[_of_direction(direction, f'{name}_{level}' if level else name)] = 100 * rate
        return measures


@METRICS.register_module()
class DetectionQuality(Measure):
    """Precision, recall and F1 of the detector over pairs of training images, per cent.

    See :class:`mmifnd.evaluation.DetectionScores`. A pair counts as detected if any granularity says so.

    Args:
        max_anchors (int): images that are asked about all others.
        chunk (int): anchors at a time.
        groups (dict[str, dict[str, str]], optional): for each name of a grouping, the group of every class: the scores are
            also taken with the groups as labels, for coarser ideas of what a false negative is.
    """

    asks_detector = True

    def __init__(self, max_anchors: int = 2048, chunk: int = 256, groups: dict[str, dict[str, str]] | None = None) -> None:
        self.max_anchors, self.chunk, self.groups = max_anchors, chunk, groups or {}

    def __call__(self, rep: Representation) -> dict[str, float]:
        """``precision_micro``, ``recall_micro``, ``f1_micro``, the same as ``_macro`` and ``_paper``, and the shares.

        Names of a grouping begin with it (``NAME_precision_micro``), those of image-text pairs with the direction
        (``image/precision_micro``).
        """
        labels = {'': rep.train_labels}
        for name, groups in self.groups.items():
            labels[f'{name}_'] = group_numbers(name, groups, rep.classes)[rep.train_labels]
        anchors = even_anchors(len(rep.train_labels), self.max_anchors)
        measures = {}
        for direction in rep.detectors:
            for prefix, of_images in labels.items():
                scores = detection_scores(lambda chosen, way=direction: rep.ask_detector(chosen, way).any(dim=0), of_images,
                                          anchors, self.chunk)
                measures.update({_of_direction(direction, prefix + name): 100 * value
                                 for name, value in scores._asdict().items()})
        return measures


def group_numbers(name: str, groups: dict[str, str], classes: Sequence[str]) -> Tensor:
    """The group of each class as a number, int64 (K,), in sorted order of their names.

    Raises:
        ValueError: if a class has none.
    """
    missing = [own for own in classes if own not in groups]
    if missing or not classes:
        example = f', such as {missing[0]}' if missing else ''
        raise ValueError(f'groups.{name} has no group of {len(missing)} of {len(classes)} classes{example}; give one per class')
    number = {group: place for place, group in enumerate(sorted({groups[own] for own in classes}))}
    return torch.tensor([number[groups[own]] for own in classes])


def _of_direction(direction: str, name: str) -> str:
    return f'{direction}/{name}' if direction else name


def _cluster(features: np.ndarray, num_clusters: int, seed: int) -> np.ndarray:
    return KMeans().fit(features, num_clusters, seed).labels
