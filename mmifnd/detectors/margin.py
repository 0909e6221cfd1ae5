"""Detection by comparison with the anchor's positive."""

import math

from torch import Tensor

from mmifnd.checks import check_inside
from mmifnd.contrast import Contrast

from .base import Detector


class PositiveMarginDetector(Detector):
    """Detects candidates that are more similar to the anchor than its positive by a margin; stateless.

    ``s > p + margin`` (Qwen3-Embedding, arXiv 2506.05176, with 0.1), or ``s > p + margin * |p|`` if relative: -0.05 gives
    NV-Retriever's 95 % of the positive's score (arXiv 2407.15831).

    Args:
        margin (float): in units of similarity, in (-2, 2), or a share of the positive's similarity if relative. Negative
            values also remove candidates that are nearly as similar as the positive.
        relative (bool): whether the margin is a share.

    Raises:
        ValueError: if the margin is not finite, or an absolute margin is wider than cosines can differ.
    """

    compares_with_positive = True

    def __init__(self, margin: float = 0.1, relative: bool = False) -> None:
        super().__init__()
        if not relative or not math.isfinite(margin):
            check_inside('margin', margin, -2, 2, 'neither', 'PositiveMarginDetector',
                         'cosines differ by less; 0.1, or relative=True with -0.05, are usual')
        self.margin, self.relative = margin, relative

    def detect(self, contrast: Contrast) -> Tensor:
        """Return a bool mask (1, A, C)."""
        above = contrast.negative_similarity.detach() > self.threshold_of(contrast).unsqueeze(1)
        return (above & contrast.is_candidate).unsqueeze(0)

    def threshold_of(self, contrast: Contrast) -> Tensor:
        """The positive's similarity plus the margin, (A,)."""
        positive = contrast.positive_similarity.detach().squeeze(1)
        return positive + self.margin * (positive.abs() if self.relative else 1.)
