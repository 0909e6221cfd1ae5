"""What an evaluation looks at."""

from dataclasses import dataclass

from torch import Tensor, nn

from ..features.detector_probe import ask_detector
from .class_names import class_difference


@dataclass(frozen=True)
class Representation:
    """Features of training and test images, on the host.

    Attributes:
        train (Tensor): backbone features float32 (N, C); ``test`` (T, C) likewise.
        train_labels (Tensor | None): int64 (N,), where the data set has one label an image; ``test_labels`` (T,) likewise.
        train_embedding (Tensor | None): unit vectors that are clustered, (N, D); None of a model without a projector.
        framework (nn.Module): with the detector that it was trained with.
        train_targets (Tensor | None): 1, 0 (difficult) or -1 of each image and class, (N, K), where images have several
            labels; ``test_targets`` (T, K) likewise.
        classes (tuple[str, ...]): names of the labels; empty where they have none; ``test_classes`` likewise.
    """

    train: Tensor
    test: Tensor
    train_labels: Tensor | None
    test_labels: Tensor | None
    train_embedding: Tensor | None
    framework: nn.Module
    train_targets: Tensor | None = None
    test_targets: Tensor | None = None
    classes: tuple[str, ...] = ()
    test_classes: tuple[str, ...] = ()

    @property
    def detector(self) -> nn.Module | None:
        """The detector that the framework was trained with on images; None for a model without one."""
        return getattr(getattr(self.framework, 'heads', {}).get(''), 'detector', None)

    def ask_detector(self, anchors) -> Tensor:
        """What the framework's detector says of training images, bool (G, a, N), on the host."""
        return ask_detector(self.detector, self.train_embedding, anchors)

    def missing_for(self, measure) -> str:
        """Why ``measure`` cannot be taken, or an empty string."""
        several = getattr(measure, 'takes_several_labels', False)
        needs_labels = getattr(measure, 'needs_labels', True)
        if needs_labels and self.train_labels is None and not (several and self.train_targets is not None):
            return 'the training set has no labels' + (' (one an image)' if self.train_targets is not None else '')
        if measure.needs_test_labels and self.test_labels is None and not (several and self.test_targets is not None):
            return 'the test set has no labels'
        if measure.needs_test_labels and (difference := class_difference(self.classes, self.test_classes)):
            return difference
        if getattr(measure, 'asks_detector', False):
            if self.detector is None:
                return 'the model has no detector'
            if self.detector.compares_with_positive:
                return 'the detector compares with the positive, which there is in training only (see detection/ in its log)'
        if getattr(measure, 'needs_embedding', False) and self.train_embedding is None:
            return 'the model has no projector'
        return ''
