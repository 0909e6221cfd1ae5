"""The base class of detectors, and the detector that detects nothing."""

from typing import Any

import torch
from torch import Tensor, nn

from mmifnd.buffers import take_loaded_shapes
from mmifnd.contrast import Contrast
from mmifnd.parts import DrawsBySeed, FollowsEpochs, KnowsImages, check_declared


class Detector(nn.Module, KnowsImages, FollowsEpochs, DrawsBySeed):
    """The base class: a boolean mask of the candidates that mean the same as an anchor.

    One file and these methods make a detector that works in every framework. All state is in persistent buffers, so that
    ``state_dict()`` holds everything. Buffers per image are allocated by :meth:`bind` and take any size when loaded.
    A detector that also wants pseudo labels or groups derives from :class:`mmifnd.parts.TakesPseudoLabels` or
    :class:`mmifnd.parts.KnowsGroups` as well.
    """

    #: Whether :meth:`detect` compares with the anchor's positive. Such a detector is judged by what it detected in training,
    #: if there is a positive, and not afterwards.
    compares_with_positive = False

    #: Whether :meth:`detect` never detects anything, so that others can spare the work.
    detects_nothing = False

    #: Whether :meth:`detect` gives exactly the candidates with the anchor's label; such a detector has ``labels_of(index)``.
    compares_labels = False

    #: The share of candidates that learned thresholds are meant to detect; None if the detector learns no thresholds.
    learned_share: float | None = None

    #: How often the threshold of an image has moved, the mean over images; None if the detector learns no thresholds.
    mean_visits: float | None = None

    #: The number of images in the training set, once bound.
    num_samples: int | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        check_declared(cls)
        if 'detect' in vars(cls):  # what the base class says of its own detect() need not hold for this one
            for promise in {'detects_nothing', 'compares_labels'} - set(vars(cls)):
                setattr(cls, promise, False)

    def bind(self, num_samples: int, labels: Tensor | None = None) -> None:
        """Allocate what is kept per image, before training starts and before a checkpoint is loaded.

        Args:
            num_samples (int): images in the training set.
            labels (Tensor, optional): true class of each image, (N,); given only if ``uses_labels``.
        """
        self.num_samples = num_samples

    def start_epoch(self, epoch: int, max_epochs: int) -> None:
        """Take note that epoch ``epoch`` (0-based) of ``max_epochs`` begins."""

    def seed_draws(self, seed: int) -> None:
        """Draw by the run's seed from now on, if anything is drawn."""

    def observe(self, contrast: Contrast) -> None:
        """Learn from a training step, before :meth:`detect` is asked. No gradient, no host synchronisation."""

    def detect(self, contrast: Contrast) -> Tensor:
        """Return a bool mask (G, A, C) for G granularities; false where there is no candidate."""
        raise NotImplementedError(f'{type(self).__name__} must say which candidates are false negatives')

    def threshold_of(self, contrast: Contrast) -> Tensor | None:
        """The similarity above which each anchor's candidates are detected, (A,); None if no such threshold exists."""
        return None

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any, **kwargs: Any) -> None:
        take_loaded_shapes(self, state_dict, prefix, self._check_size)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

    def _check_size(self, name: str, loaded: Tensor) -> None:
        if self.num_samples is not None and loaded.dim() and loaded.shape[-1] != self.num_samples:
            raise ValueError(
                f'the checkpoint holds {name} of {loaded.shape[-1]} images, but the training set has {self.num_samples}; '
                'resume on the data set that the checkpoint was made with')


class NoDetector(Detector):
    """The detector that detects no false negative: plain instance discrimination."""

    detects_nothing = True

    def detect(self, contrast: Contrast) -> Tensor:
        """Return a mask (1, A, C) that is false everywhere and takes no memory."""
        similarity = contrast.negative_similarity
        return torch.zeros((1, 1, 1), dtype=torch.bool, device=similarity.device).expand(1, *similarity.shape)
