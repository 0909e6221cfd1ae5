"""What an evaluation looks at."""

from dataclasses import dataclass

from torch import Tensor, nn

from .detector_probe import ask_detector


@dataclass(frozen=True)
class Representation:
    """Features of training and test images, on the host.

    Attributes:
        train (Tensor): backbone features float32 (N, C); ``test`` (T, C) likewise.
        train_labels (Tensor | None): int64 (N,), where the data set has labels; ``test_labels`` (T,) likewise.
        train_embedding (Tensor): unit vectors that are clustered, (N, D).
        framework (nn.Module): with the detector that it was trained with.
    """

    train: Tensor
    test: Tensor
    train_labels: Tensor | None
    test_labels: Tensor | None
    train_embedding: Tensor
    framework: nn.Module

    def ask_detector(self, anchors) -> Tensor:
        """What the framework's detector says of training images, bool (G, a, N), on the host."""
        return ask_detector(self.framework.head.detector, self.train_embedding, anchors)

    def missing_for(self, measure) -> str:
        """Why ``measure`` cannot be taken, or an empty string."""
        if self.train_labels is None:
            return 'the training set has no labels'
        if measure.needs_test_labels and self.test_labels is None:
            return 'the test set has no labels'
        if getattr(measure, 'asks_detector', False) and self.framework.head.detector.compares_with_positive:
            return 'the detector compares with the positive, which there is in training only (see detection/ in its log)'
        return ''
