"""What each arm of a comparison does with the pairs of a batch."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from mmifnd.clustering import ConfidenceAcceptance, KMeans
from mmifnd.contrast import Contrast
from mmifnd.detectors import QuantileThresholdDetector

#: By name: how false negatives are found, and whether they are attracted instead of removed.
ARMS = dict(
    simclr=('nothing', False), random=('chance', False), ifnd=('labels', False), ifnd_2k=('labels', False),
    glofnd=('thresholds', False), oracle=('truth', False), supcon=('truth', True), attraction=('labels', True))


@dataclass(frozen=True)
class StackedRun:
    """One training of a stack.

    Attributes:
        arm (str): of :data:`ARMS`.
        seed (int): of initialisation, order and views: runs of equal seed see the same batches.
        temperature (float): of the loss.
        depth (str): of the labels that 'truth' takes.
        note (dict): copied to the result.
    """

    arm: str
    seed: int
    temperature: float
    depth: str = 'code_point'
    note: dict[str, Any] = field(default_factory=dict)


class PseudoLabels:
    """Labels of the runs that cluster, (R, N), -1 where none is accepted.

    Args:
        numbers (list[int]): clusters, one a run.
        total (int): images.
        device (torch.device): of the labels.
    """

    def __init__(self, numbers: list[int], total: int, device: torch.device) -> None:
        self.numbers = numbers
        self.labels = torch.full((len(numbers), total), -1, dtype=torch.int64, device=device)
        self.kmeans = KMeans(num_iterations=10, num_redo=1, backend='torch', device='gpu' if device.type == 'cuda' else 'cpu')
        self.acceptance = ConfidenceAcceptance(scheme='linear', end=1.)

    def cluster(self, embeddings: Tensor, temperatures: list[float], progress: float) -> None:
        """Label the images anew by embeddings (R, N, D)."""
        for row, (number, temperature) in enumerate(zip(self.numbers, temperatures)):
            found = self.kmeans.fit(embeddings[row].contiguous(), number, 0, temperature=temperature)
            accepted = self.acceptance.accept(found.confidence, progress)
            self.labels[row] = torch.where(accepted, found.labels, -1)


def pairs_of_equal_label(labels: Tensor, batch: Tensor) -> Tensor:
    """Which rows of a batch have equal labels that are not negative.

    Args:
        labels (Tensor): of all images, (R, N).
        batch (Tensor): int64 (R, A), the image of each row.

    Returns:
        Tensor: bool (R, A, A).

    Example:
        >>> pairs_of_equal_label(torch.tensor([[4, 4, -1]]), torch.tensor([[0, 1, 2]])).int().tolist()
        [[[1, 1, 0], [1, 1, 0], [0, 0, 0]]]
    """
    own = labels.gather(1, batch)
    return (own.unsqueeze(2) == own.unsqueeze(1)) & (own >= 0).unsqueeze(2)


def as_one_contrast(similarity: Tensor, positive: Tensor, batch: Tensor, total: int) -> Contrast:
    """The contrast whose anchors are those of R runs, one after the other, each with the candidates of its own run.

    Images of different runs get different numbers, so that a detector keeps R tables in one.

    Args:
        similarity (Tensor): (R, A, A), -inf where there is no candidate.
        positive (Tensor): (R, A, 1).
        batch (Tensor): int64 (R, A).
        total (int): images of a run.
    """
    runs = torch.arange(len(batch), device=batch.device).unsqueeze(1)
    anchors = (batch + total * runs).flatten()
    nothing = similarity.new_zeros(len(anchors), 0)
    return Contrast(nothing, nothing, nothing, anchors, anchors[:similarity.shape[2]], positive.flatten(0, 1),
                    similarity.flatten(0, 1))


def thresholds(alpha: float, start_epoch: int) -> QuantileThresholdDetector:
    """GloFND's detector, as the digits' configs have it."""
    return QuantileThresholdDetector(alpha=alpha, initialization='batch_quantile', start_epoch=start_epoch)
