"""The contract of a detector: who is a false negative?"""

import torch
from torch import Tensor, nn

from mmifnd.buffers import take_loaded_shapes
from mmifnd.contrast import Contrast


class Detector(nn.Module):
    """Answers with a boolean mask of the candidates that mean the same as an anchor.

    One file and these methods make a detector that works in every framework. All state lies in persistent buffers, so
    that ``state_dict()`` is everything; buffers per image are allocated by :meth:`bind` and take any size when loaded.
    """

    #: Whether :meth:`bind` may be given true labels. Only controls that bound what is possible say yes.
    uses_labels = False

    #: Whether :meth:`detect` compares with the anchor's positive. Such a detector is judged by what it did in training, where
    #: there is one, and not afterwards.
    compares_with_positive = False

    #: Images in the training set, once bound.
    num_samples: int | None = None

    def bind(self, num_samples: int, labels: Tensor | None = None) -> None:
        """Allocate what is kept per image, before training starts and before a checkpoint is loaded.

        Args:
            num_samples (int): images in the training set.
            labels (Tensor, optional): true class of each image, (N,); given only where ``uses_labels``.
        """
        self.num_samples = num_samples

    def observe(self, contrast: Contrast) -> None:
        """Learn from a training step, before :meth:`detect` is asked. No gradient, no host synchronisation."""

    def detect(self, contrast: Contrast) -> Tensor:
        """Bool mask (G, A, C), G granularities; false where there is no candidate."""
        raise NotImplementedError(f'{type(self).__name__} must say which candidates are false negatives')

    def threshold_of(self, contrast: Contrast) -> Tensor | None:
        """Similarity above which each anchor's candidates are detected, (A,); None where it is no matter of one."""
        return None

    def _load_from_state_dict(self, state_dict, prefix, *args, **kwargs) -> None:
        take_loaded_shapes(self, state_dict, prefix, self._check_size)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

    def _check_size(self, name: str, loaded: Tensor) -> None:
        if self.num_samples is not None and loaded.dim() and loaded.shape[-1] != self.num_samples:
            raise ValueError(
                f'the checkpoint holds {name} of {loaded.shape[-1]} images, but the training set has {self.num_samples}; '
                'resume on the data set that the checkpoint was made with')


class NoDetector(Detector):
    """Nobody is a false negative: plain instance discrimination."""

    def detect(self, contrast: Contrast) -> Tensor:
        """A mask of all false, (1, A, C), that takes no memory."""
        similarity = contrast.negative_similarity
        return torch.zeros((1, 1, 1), dtype=torch.bool, device=similarity.device).expand(1, *similarity.shape)
