"""A limit on the number of candidates that an anchor is attracted to."""

from torch import Tensor

from mmifnd.checks import check_inside
from mmifnd.contrast import Contrast
from mmifnd.detectors import Detector
from mmifnd.functional import limit_share

#: Of learned thresholds: how many times the share that they are meant to detect may be attracted.
TIMES_LEARNED = 4


class AttractionLimit:
    """Bounds the share of candidates that an attracting head pulls to an anchor; the most similar stay.

    Attraction by learned thresholds can run away: attracted pairs grow more similar, so that more of them pass the threshold
    and are attracted. Other detectors do not look at how similar a pair is now, and have no limit by default.

    Args:
        max_share (float | None): in (0, 1]; 1 is no limit. None: 4 alpha if the detector learns thresholds for a share alpha,
            no limit for any other detector.
        detector (Detector): of the head.
        owner (str): class of the head, for messages.

    Attributes:
        share (float | None): the bound; None without one.
        can_run_away (bool): whether the detector learns thresholds.

    Raises:
        ValueError: if the share is out of range.
    """

    def __init__(self, max_share: float | None, detector: Detector, owner: str) -> None:
        if max_share is not None:
            check_inside('max_share', max_share, 0, 1, 'right', owner, 'it is a share of the candidates; 1 is no limit')
        learned = getattr(detector, 'learned_share', None)
        self.can_run_away = learned is not None
        self.share = max_share
        if max_share is None and learned is not None:
            self.share = min(1., TIMES_LEARNED * learned)

    def __call__(self, contrast: Contrast, false_negative: Tensor) -> Tensor:
        """The detected candidates that are attracted, bool (G, A, C)."""
        if self.share is None or self.share == 1:
            return false_negative
        return limit_share(false_negative, contrast.negative_similarity.detach(), self.share)
