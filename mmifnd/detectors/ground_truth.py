"""Detection by true labels: the oracle, for controls only."""

from torch import Tensor

from mmifnd.checks import check_at_least

from .pseudo_label import NOT_ACCEPTED, LabelDetector


class GroundTruthDetector(LabelDetector):
    """The oracle: detects candidates of the anchor's true class. A control only, since it needs labels.

    Args:
        start_epoch (int): first epoch (0-based) in which anything is detected, to compare with detectors that start late.

    Raises:
        ValueError: if the epoch is negative.
    """

    uses_labels = True

    def __init__(self, start_epoch: int = 0) -> None:
        super().__init__()
        check_at_least('start_epoch', start_epoch, 0, type(self).__name__, 'epochs count from 0')
        self.first_epoch, self._has_begun = start_epoch, True  # a model that is only tested has been trained

    def bind(self, num_samples: int, labels: Tensor | None = None) -> None:
        """Keep the true labels.

        Raises:
            ValueError: if the data set has no labels.
        """
        super().bind(num_samples)
        if labels is None:
            raise ValueError('GroundTruthDetector needs true labels and the data set has none; use PseudoLabelDetector')
        self._set_labels(labels.reshape(1, -1))

    def start_epoch(self, epoch: int, max_epochs: int) -> None:
        """Begin to detect in the epoch that was chosen.

        Raises:
            ValueError: if it is after the last of ``max_epochs`` epochs.
        """
        if self.first_epoch >= max_epochs:
            raise ValueError(f'start_epoch={self.first_epoch} of GroundTruthDetector is beyond the training of {max_epochs} '
                             f'epochs; choose at most {max_epochs - 1}')
        self._has_begun = epoch >= self.first_epoch

    def labels_of(self, index: Tensor) -> Tensor:
        """The true labels int32 (1, R) of images ``index`` (R,); -1 for an empty slot, and for all before the start."""
        labels = super().labels_of(index)
        return labels if self._has_begun else labels.fill_(NOT_ACCEPTED)
