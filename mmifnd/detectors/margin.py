"""Detection by comparison with the anchor's own positive."""

import math

from torch import Tensor

from mmifnd.contrast import Contrast

from .base import Detector


class PositiveMarginDetector(Detector):
    """Candidates more similar to the anchor than its own positive by a margin; stateless.

    ``s > p + margin`` (Qwen3-Embedding, arXiv 2506.05176, with 0.1), or ``s > p + margin * |p|`` if relative: -0.05 is
    the 95 % of the positive's score of NV-Retriever (arXiv 2407.15831).

    Args:
        margin (float): negative values also remove candidates that are nearly as similar as the positive. In units of
            similarity, in (-2, 2); a share of the positive's if relative.
        relative (bool): whether the margin is a share.

    Raises:
        ValueError: where the margin is not finite, or an absolute one is so wide that it says nothing.
    """

    compares_with_positive = True

    def __init__(self, margin: float = 0.1, relative: bool = False) -> None:
        super().__init__()
        if not math.isfinite(margin) or not relative and not -2 < margin < 2:
            raise ValueError(f'margin={margin} of PositiveMarginDetector is outside (-2, 2), the differences that '
                             'cosines have; 0.1, or relative=True with -0.05, are usual')
        self.margin, self.relative = margin, relative

    def detect(self, contrast: Contrast) -> Tensor:
        """Bool (1, A, C)."""
        above = contrast.negative_similarity.detach() > self.threshold_of(contrast).unsqueeze(1)
        return (above & contrast.is_candidate).unsqueeze(0)

    def threshold_of(self, contrast: Contrast) -> Tensor:
        """The positive's similarity and the margin, (A,)."""
        positive = contrast.positive_similarity.detach().squeeze(1)
        return positive + self.margin * (positive.abs() if self.relative else 1.)
