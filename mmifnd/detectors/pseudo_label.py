"""Detection by pseudo labels (IFND): candidates with the anchor's accepted label mean the same."""

from typing import Protocol

import torch
from torch import Tensor

from mmifnd.contrast import Contrast
from mmifnd.parts import TakesPseudoLabels

from .base import Detector

#: The label of an image that is equal to no other.
NOT_ACCEPTED = -1


class Labelled(Protocol):
    """Anything with a label per granularity and image."""

    @property
    def labels(self) -> Tensor:
        """Integers, (G, N); -1 means "not accepted"."""


class LabelDetector(Detector):
    """Detects candidates with the anchor's label, looked up when used, so that a new clustering also reaches queued keys."""

    compares_labels = True

    #: The method that must have been called before :meth:`detect`, for messages.
    filled_by = 'bind(num_samples)'

    labels: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer('labels', torch.full((1, 0), NOT_ACCEPTED, dtype=torch.int32))

    def detect(self, contrast: Contrast) -> Tensor:
        """Return a bool mask (G, A, C): the labels are equal, and both are accepted."""
        if not self.labels.shape[1]:
            raise RuntimeError(f'{type(self).__name__} has no labels; call {self.filled_by} first (tools/train.py does)')
        self._check_index(contrast)
        # An anchor that is not accepted becomes -2, which no candidate holds: one comparison does both tests.
        sizes = len(contrast.anchor_index), len(contrast.candidate_index)
        anchor, candidate = self.labels_of(torch.cat([contrast.anchor_index, contrast.candidate_index])).split(sizes, dim=1)
        anchor = anchor.masked_fill(anchor < 0, NOT_ACCEPTED - 1)
        is_equal: Tensor = anchor.unsqueeze(2) == candidate.unsqueeze(1)
        return is_equal & contrast.is_candidate

    def labels_of(self, index: Tensor) -> Tensor:
        """The labels int32 (G, R) of images ``index`` (R,); -1 if none is accepted, and for an empty slot (index -1)."""
        return self.labels[:, index.clamp(min=0)].masked_fill(index < 0, NOT_ACCEPTED)

    def _check_index(self, contrast: Contrast) -> None:
        """Refuse an image outside of the labels; on a GPU without waiting, by a device-side assertion."""
        total, anchor = self.labels.shape[1], contrast.anchor_index
        torch._assert_async(
            (anchor >= 0).all() & (anchor < total).all() & (contrast.candidate_index < total).all(),
            f'an image index is outside the {total} labels of {type(self).__name__}; {self.filled_by} must be given the '
            'whole training set, and indices count from 0')

    def _set_labels(self, labels: Tensor) -> None:
        self.labels = labels.to(self.labels.device, torch.int32)


class PseudoLabelDetector(LabelDetector, TakesPseudoLabels):
    """Detects candidates with the anchor's accepted pseudo label (IFND, Eq. 3), at every granularity."""

    def bind(self, num_samples: int, labels: Tensor | None = None) -> None:
        """Start without any accepted label."""
        super().bind(num_samples)
        self._set_labels(torch.full((1, num_samples), NOT_ACCEPTED))

    def publish(self, pseudo_labels: Labelled) -> None:
        """Replace the labels.

        Args:
            pseudo_labels (Labelled): a :class:`mmifnd.clustering.PseudoLabels`, or anything with ``labels`` (G, N).

        Raises:
            ValueError: if the labels are not those of the training set.
        """
        labels = pseudo_labels.labels
        if self.num_samples is not None and labels.shape[1] != self.num_samples:
            raise ValueError(f'pseudo labels of {labels.shape[1]} images were published to a training set of '
                             f'{self.num_samples}; cluster the features of the training set itself')
        self._set_labels(labels)
