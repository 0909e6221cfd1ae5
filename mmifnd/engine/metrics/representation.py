"""The features, labels and identities that measures get."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ..features.detector_probe import ask_detector
from .class_names import class_difference


@dataclass(frozen=True)
class Texts:
    """The embeddings of M captions of T images, on the host.

    Attributes:
        embedding (Tensor): unit vectors, float32 (M, D).
        owner (Tensor): int64 (M,), the image of each caption, ascending.
        group (Tensor): int64 (M,), equal for captions that are the same text.
    """

    embedding: Tensor
    owner: Tensor
    group: Tensor

    def first(self, count: int | None) -> 'Texts':
        """The first ``count`` captions of each image; all if None."""
        if count is None:
            return self
        sizes = torch.bincount(self.owner)
        place = torch.arange(len(self.owner)) - (sizes.cumsum(0) - sizes)[self.owner]
        kept = place < count
        return Texts(self.embedding[kept], self.owner[kept], self.group[kept])


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
        train_views (Tensor | None): embeddings of two augmented views of each training image, (N, 2, D), if a measure asks for
            them.
        train_texts (Tensor | None): unit vectors of the first caption of each training image, (N, D); only of image-text
            models, if a measure asks their detectors.
        test_embedding (Tensor | None): unit vectors of the test images, (T, D); only of image-text models, as is what follows.
        texts (Texts | None): embeddings of the captions of the test images.
        encode_texts (Callable | None): from P texts to unit vectors (P, D), on the host.
        no_texts (str): why there are no texts.
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
    train_views: Tensor | None = None
    train_texts: Tensor | None = None
    test_embedding: Tensor | None = None
    texts: Texts | None = None
    encode_texts: Callable[[Sequence[str]], Tensor] | None = None
    no_texts: str = 'the model has no text tower'

    @property
    def detectors(self) -> dict[str, nn.Module]:
        """The detector of each direction that the framework was trained with; empty for a model without one."""
        heads = getattr(self.framework, 'heads', {})
        return {direction: head.detector for direction, head in heads.items() if hasattr(head, 'detector')}

    def rows_of(self, direction: str) -> tuple[Tensor, Tensor]:
        """The embeddings of the anchors and of the candidates of a direction, (N, D) each."""
        assert self.train_embedding is not None
        if not direction:
            return self.train_embedding, self.train_embedding
        assert self.train_texts is not None
        rows = self.train_embedding, self.train_texts
        return rows if direction == 'image' else rows[::-1]

    def ask_detector(self, anchors, direction: str = '') -> Tensor:
        """Ask the detector of a direction about training images: bool (G, a, N), on the host."""
        return ask_detector(self.detectors[direction], *self.rows_of(direction), anchors, direction)

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
                    train_read=learned, train_views=learned, train_texts=learned, test=asked, test_embedding=asked,
                    test_labels=asked, test_targets=asked, test_ids=asked)
        return replace(self, **{name: getattr(self, name)[kept] for name, kept in rows.items()
                                if getattr(self, name) is not None})

    def missing_for(self, measure) -> str:
        """Why ``measure`` cannot be taken, or an empty string."""
        several = measure.takes_several_labels
        if measure.needs_labels and self.train_labels is None and not (several and self.train_targets is not None):
            return 'the training set has no labels' + (' (one per image)' if self.train_targets is not None else '')
        if measure.needs_test_labels and self.test_labels is None and not (several and self.test_targets is not None):
            return 'the test set has no labels'
        is_judged_by_training = measure.needs_test_labels and measure.needs_training_images
        if is_judged_by_training and (difference := class_difference(self.classes, self.test_classes)):
            return difference
        if measure.needs_disjoint_sets and (shared := int(self.is_shared.sum())) > len(self.test) / 2:
            return (f'{shared} of the {len(self.test)} test images are training images, so that it would be asked about what '
                    'it has learned from; hold images out (holdout=0.2), or name other test images')
        if measure.asks_detector:
            if not self.detectors:
                return 'the model has no detector'
            if '' in self.detectors and self.detectors[''].compares_with_positive:
                return 'the detector compares with the positive, which exists in training only (see detection/ in its log)'
        if (measure.needs_embedding or measure.asks_detector) and self.train_embedding is None:
            return 'the model has no projector'
        if measure.needs_captions and self.texts is None or measure.needs_tokenizer and self.encode_texts is None:
            return self.no_texts
        return ''
