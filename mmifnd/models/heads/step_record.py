"""The record of a head's decision about one contrast, for hooks that watch the training."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from mmifnd.contrast import Contrast
from mmifnd.detectors import Detector


@dataclass(frozen=True)
class StepRecord:
    """A head's decision about one contrast, without any graph: A anchors, C candidates, G granularities.

    A record is valid while it is handed over. Copy what you keep: a queue overwrites its slots at the end of the step.

    Attributes:
        anchor_index (Tensor): int64 (A,).
        candidate_index (Tensor): int64 (C,), -1 for an empty slot.
        is_candidate (Tensor): bool (A, C).
        false_negative (Tensor): bool (G, A, C), the detector's answer.
        similarity (Tensor): cosine similarities to the candidates, (A, C).
        positive_similarity (Tensor): cosine similarity to the anchor's own positive, (A,).
        threshold (Callable): computes the similarity above which each anchor's candidates were detected, (A,); None for a
            detector without thresholds.
        temperature (float | Tensor | None): of the softmax over the candidates, a scalar or (A, 1); None of a loss without one.
    """

    anchor_index: Tensor
    candidate_index: Tensor
    is_candidate: Tensor
    false_negative: Tensor
    similarity: Tensor
    positive_similarity: Tensor
    threshold: Callable[[], Tensor | None] = lambda: None
    temperature: float | Tensor | None = None

    @classmethod
    def of(cls, contrast: Contrast, false_negative: Tensor, detector: Detector,
           temperature: float | Tensor | None = None) -> 'StepRecord':
        """The record of a contrast that ``detector`` was asked about."""
        return cls(contrast.anchor_index, contrast.candidate_index, contrast.is_candidate, false_negative,
                   contrast.negative_similarity.detach(), contrast.positive_similarity.detach().squeeze(1),
                   lambda: detector.threshold_of(contrast), temperature)
