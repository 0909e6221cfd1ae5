"""Detection by several detectors at once."""

from collections.abc import Mapping
from typing import cast

from torch import Tensor, nn

from mmifnd.contrast import Contrast

from .base import Detector


class UnionDetector(Detector):
    """Detects candidates that any of its parts detects.

    The mask of a part with one granularity is added to every granularity of the others.

    Args:
        detectors (Mapping[str, Detector]): the parts by name, so that a config can change one of them.

    Raises:
        ValueError: if there is no part.
    """

    def __init__(self, detectors: Mapping[str, Detector]) -> None:
        super().__init__()
        if not detectors:
            raise ValueError('UnionDetector has no detectors; name at least one')
        self.detectors = nn.ModuleDict(detectors)

    @property
    def _parts(self) -> list[Detector]:
        return [cast(Detector, part) for part in self.detectors.values()]

    @property
    def compares_with_positive(self) -> bool:  # type: ignore[override]  # depends on the parts
        """Whether any part compares with the positive."""
        return any(part.compares_with_positive for part in self._parts)

    @property
    def learned_share(self) -> float | None:  # type: ignore[override]  # depends on the parts
        """The largest share that a part of learned thresholds is meant to detect; None if no part learns any."""
        return max((part.learned_share for part in self._parts if part.learned_share is not None), default=None)

    @property
    def mean_visits(self) -> float | None:  # type: ignore[override]  # depends on the parts
        """How often the thresholds of the part that learned least have moved; None if no part learns any."""
        return min((part.mean_visits for part in self._parts if part.mean_visits is not None), default=None)

    def observe(self, contrast: Contrast) -> None:
        """Let every part learn."""
        for part in self._parts:
            part.observe(contrast)

    def detect(self, contrast: Contrast) -> Tensor:
        """Return a bool mask (G, A, C), G being the largest number of granularities.

        Raises:
            ValueError: if two parts have different granularities, neither of them 1.
        """
        masks = [part.detect(contrast) for part in self._parts]
        counts = {len(mask) for mask in masks} - {1}
        if len(counts) > 1:
            raise ValueError(f'detectors of UnionDetector have {sorted(counts)} granularities; give them the same number, or 1')
        joined = masks[0]
        for mask in masks[1:]:
            joined = joined | mask
        return joined
