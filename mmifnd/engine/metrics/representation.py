"""The features, labels and identities that measures get."""

from dataclasses import dataclass, replace

import torch
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
        classes (tuple[str, ...]): names of the labels; empty if they have none; ``test_classes`` likewise.
        train_ids (Tensor | None): int64 (N,), equal numbers mean the same image, also across ``test_ids`` (T,).
        train_read (Tensor | None): bool (N,), false where an image could not be read and its row shows another one.
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
    train_ids: Tensor | None = None
    test_ids: Tensor | None = None
    train_read: Tensor | None = None

    @property
    def detector(self) -> nn.Module | None:
        """The detector that the framework was trained with on images; None for a model without one."""
        return getattr(getattr(self.framework, 'heads', {}).get(''), 'detector', None)

    def ask_detector(self, anchors) -> Tensor:
        """Ask the framework's detector about training images: bool (G, a, N), on the host."""
        return ask_detector(self.detector, self.train_embedding, anchors)

    @property
    def is_shared(self) -> Tensor:
        """The test images that are also training images, bool (T,)."""
        if self.test_ids is None:
            return torch.zeros(len(self.test), dtype=torch.bool)
        return torch.isin(self.test_ids, self.train_ids)

    def for_measure(self, measure) -> 'Representation':
        """What ``measure`` may look at.

        A measure of test images learns from images that could be read only; one that needs disjoint sets is not asked about
        test images that are training images, too.
        """
        if not measure.needs_test_labels:
            return self
        learned = torch.ones(len(self.train), dtype=torch.bool) if self.train_read is None else self.train_read
        asked = ~self.is_shared if measure.needs_disjoint_sets else torch.ones(len(self.test), dtype=torch.bool)
        rows = dict(train=learned, train_labels=learned, train_targets=learned, train_ids=learned, train_embedding=learned,
                    train_read=learned, test=asked, test_labels=asked, test_targets=asked, test_ids=asked)
        return replace(self, **{name: getattr(self, name)[kept] for name, kept in rows.items()
                                if getattr(self, name) is not None})

    def missing_for(self, measure) -> str:
        """Why ``measure`` cannot be taken, or an empty string."""
        several = measure.takes_several_labels
        if measure.needs_labels and self.train_labels is None and not (several and self.train_targets is not None):
            return 'the training set has no labels' + (' (one per image)' if self.train_targets is not None else '')
        if measure.needs_test_labels and self.test_labels is None and not (several and self.test_targets is not None):
            return 'the test set has no labels'
        if measure.needs_test_labels and (difference := class_difference(self.classes, self.test_classes)):
            return difference
        if measure.needs_disjoint_sets and (shared := int(self.is_shared.sum())) > len(self.test) / 2:
            return (f'{shared} of the {len(self.test)} test images are training images, so that it would be asked about what '
                    'it has learned from; hold images out (holdout=0.2), or name other test images')
        if measure.asks_detector:
            if self.detector is None:
                return 'the model has no detector'
            if self.detector.compares_with_positive:
                return 'the detector compares with the positive, which exists in training only (see detection/ in its log)'
        if measure.needs_embedding and self.train_embedding is None:
            return 'the model has no projector'
        return ''
