"""Detection by true labels: the oracle, for controls only."""

from torch import Tensor

from .pseudo_label import LabelDetector


class GroundTruthDetector(LabelDetector):
    """The oracle: detects candidates of the anchor's true class. A control only, since it needs labels."""

    uses_labels = True

    def bind(self, num_samples: int, labels: Tensor | None = None) -> None:
        """Keep the true labels.

        Raises:
            ValueError: if the data set has no labels.
        """
        super().bind(num_samples)
        if labels is None:
            raise ValueError('GroundTruthDetector needs true labels and the data set has none; use PseudoLabelDetector')
        self._set_labels(labels.reshape(1, -1))
