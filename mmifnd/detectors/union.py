"""Several detectors as one."""

from collections.abc import Mapping

from torch import Tensor, nn

from mmifnd.contrast import Contrast

from .base import Detector


class UnionDetector(Detector):
    """A candidate is a false negative where any of the parts says so.

    Parts with one granularity join every granularity of the others.

    Args:
        detectors (Mapping[str, Detector]): by name, so that a config can change one of them.

    Raises:
        ValueError: where there is none.
    """

    def __init__(self, detectors: Mapping[str, Detector]) -> None:
        super().__init__()
        if not detectors:
            raise ValueError('UnionDetector has no detectors; name at least one')
        self.detectors = nn.ModuleDict(detectors)

    @property
    def compares_with_positive(self) -> bool:
        """Whether any part does."""
        return any(detector.compares_with_positive for detector in self.detectors.values())

    def observe(self, contrast: Contrast) -> None:
        """Let every part learn."""
        for detector in self.detectors.values():
            detector.observe(contrast)

    def detect(self, contrast: Contrast) -> Tensor:
        """Bool (G, A, C), G the largest number of granularities.

        Raises:
            ValueError: where two parts have different granularities, neither of them 1.
        """
        masks = [detector.detect(contrast) for detector in self.detectors.values()]
        counts = {len(mask) for mask in masks} - {1}
        if len(counts) > 1:
            raise ValueError(f'detectors of UnionDetector have {sorted(counts)} granularities; give them the same number, or 1')
        joined = masks[0]
        for mask in masks[1:]:
            joined = joined | mask
        return joined
