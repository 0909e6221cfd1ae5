"""What the encoders of a stack are worth on classes that they share, whatever each was trained on."""

from torch import Tensor

from mmifnd.evaluation import knn_accuracy
from mmifnd.evaluation.softmax_regression import fit_softmax_regression

from .training import StackedTraining

_TOGETHER = 8  # runs whose regressions are solved at once


def knn_of_runs(training: StackedTraining, bank: tuple[Tensor, Tensor], queries: tuple[Tensor, Tensor],
                own_classes: int) -> list[dict[str, float]]:
    """Top-1 of 20 nearest neighbours, per cent, of each run: on all classes, and on the run's own, the first so many.

    Args:
        bank, queries: images uint8 (N, 1, H, W) and labels (N,).
        own_classes (int): classes below this number are the run's own.
    """
    found = []
    own, own_asked = bank[1] < own_classes, queries[1] < own_classes
    for runs in _groups(training):
        for known, asked in zip(*(training.embed(images, runs)[0] for images, _ in (bank, queries)), strict=True):
            found.append(dict(knn=knn_accuracy(known, bank[1], asked, queries[1]),
                              knn_own=knn_accuracy(known[own], bank[1][own], asked[own_asked], queries[1][own_asked])))
    return found


def linear_of_runs(training: StackedTraining, bank: tuple[Tensor, Tensor], queries: tuple[Tensor, Tensor], own_classes: int,
                   l2: float = 1e-3) -> list[dict[str, float]]:
    """Top-1 of a softmax regression on standardised features, per cent, as :func:`knn_of_runs` has it."""
    found: list[dict[str, float]] = []
    for runs in _groups(training):
        known, asked = (training.embed(images, runs)[0] for images, _ in (bank, queries))
        mean, std = known.mean(dim=1, keepdim=True), known.std(dim=1, keepdim=True).clamp(min=1e-6)
        known, asked = (known - mean) / std, (asked - mean) / std
        own, own_asked = bank[1] < own_classes, queries[1] < own_classes
        values = [_accuracies(known, bank[1], asked, queries[1], l2),
                  _accuracies(known[:, own], bank[1][own], asked[:, own_asked], queries[1][own_asked], l2)]
        found += [dict(linear=common, linear_own=alone) for common, alone in zip(*values)]
    return found


def _groups(training: StackedTraining) -> list[list[int]]:
    """Runs that are embedded together."""
    every = list(range(len(training.runs)))
    return [every[begin:begin + _TOGETHER] for begin in range(0, len(every), _TOGETHER)]


def _accuracies(known: Tensor, labels: Tensor, asked: Tensor, truth: Tensor, l2: float) -> list[float]:
    """Per cent, one a run; labels count from 0."""
    weight, bias = fit_softmax_regression(known, labels, int(labels.max()) + 1, l2)
    predicted = (asked.double() @ weight + bias.unsqueeze(1)).argmax(dim=2)
    return (100 * (predicted == truth).double().mean(dim=1)).tolist()
