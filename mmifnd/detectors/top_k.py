"""Detection within the batch (FNC): the most similar candidates of a row."""

import warnings

import torch
from torch import Tensor

from mmifnd.contrast import Contrast
from mmifnd.functional._checks import check_alpha
from mmifnd.functional.thresholds import batch_quantile

from .base import Detector
from .filter_gate import FilterGate

SCORES = ('max', 'mean')


class BatchQuantileDetector(Detector):
    """Candidates above the (1 - alpha)-quantile of their row: the FNC that GloFND's released code compares with.

    Stateless but for the start epoch. Each row of a view has its own quantile.

    Args:
        alpha (float): share of negatives that are false, in (0, 1). Where alpha times the number of candidates is below
            1, one candidate of each row is removed nevertheless, more than alpha; a warning says so, once.
        start_epoch (int): first epoch (0-based) in which it detects.

    Raises:
        ValueError: where alpha or the epoch is out of range.
    """

    def __init__(self, alpha: float = 0.01, start_epoch: int = 0) -> None:
        super().__init__()
        check_alpha(alpha)
        self.alpha = alpha
        self.gate = FilterGate('BatchQuantileDetector', 'start_epoch', start_epoch)
        self._has_warned = False

    def start_epoch(self, epoch: int, max_epochs: int) -> None:
        """Take note of the epoch (0-based) that begins."""
        self.gate.update(epoch, max_epochs)

    def detect(self, contrast: Contrast) -> Tensor:
        """Bool (1, A, C): strictly above the row's quantile."""
        similarity = contrast.negative_similarity.detach()
        self._warn_if_too_few(similarity.shape[1])
        return ((similarity > self.threshold_of(contrast).unsqueeze(1)) & contrast.is_candidate).unsqueeze(0)

    def threshold_of(self, contrast: Contrast) -> Tensor:
        """The row's quantile, (A,); infinite before the start epoch."""
        return self.gate.apply_to(batch_quantile(contrast.negative_similarity.detach(), self.alpha))

    def _warn_if_too_few(self, candidates: int) -> None:
        if self._has_warned or self.alpha * candidates >= 1:
            return
        self._has_warned = True
        warnings.warn(
            f'alpha={self.alpha} of {candidates} candidates is less than one: BatchQuantileDetector removes one of '
            f'each row nevertheless, a share of {1 / max(candidates, 1):.3g}; take batches so large that alpha x '
            'candidates >= 1, or QuantileThresholdDetector, which may remove none', stacklevel=3)


class TopKDetector(Detector):
    """The k candidates that are most similar to the anchor's *image*, if similar enough (FNC: Huynh et al., WACV 2022).

    An image's support set is its anchor, its positive, and the further views that the framework encodes for it
    (``Contrast.support``); a candidate's score is the largest, or the mean, similarity to them. All rows of an image
    therefore agree. With :class:`AttrContrastiveHead` or :class:`ElimContrastiveHead`, as in the paper.

    Args:
        k (int): candidates at most, for each anchor; 10 in the released code, for batches of 4096.
        threshold (float): score that a candidate must exceed, in [-1, 1]; 0.7 in the released code.
        score (str): ``'max'`` (the released code) or ``'mean'``.
        start_epoch (int): first epoch (0-based) in which it detects.

    Raises:
        ValueError: where a value is out of range.
    """

    def __init__(self, k: int = 10, threshold: float = 0.7, score: str = 'max', start_epoch: int = 0) -> None:
        super().__init__()
        if k < 1:
            raise ValueError(f'k={k} of TopKDetector must be at least 1; NoDetector detects nobody')
        if not -1 <= threshold <= 1:
            raise ValueError(f'threshold={threshold} of TopKDetector is outside [-1, 1]; it is a cosine, 0.7 is usual')
        if score not in SCORES:
            raise ValueError(f'score={score!r} of TopKDetector is unknown; choose one of {", ".join(SCORES)}')
        self.k, self.threshold, self.score = k, threshold, score
        self.gate = FilterGate('TopKDetector', 'start_epoch', start_epoch)

    def start_epoch(self, epoch: int, max_epochs: int) -> None:
        """Take note of the epoch (0-based) that begins."""
        self.gate.update(epoch, max_epochs)

    @torch.no_grad()
    def detect(self, contrast: Contrast) -> Tensor:
        """Bool (1, A, C): among the k best scores of the row, and above the threshold."""
        score = self._score(contrast).masked_fill(~contrast.is_candidate, -torch.inf)
        best = score.topk(min(self.k, score.shape[1]), dim=1).indices
        is_best = torch.zeros_like(score, dtype=torch.bool).scatter_(1, best, True)
        threshold = self.gate.apply_to(torch.full((), self.threshold, dtype=score.dtype, device=score.device))
        return (is_best & (score > threshold) & contrast.is_candidate).unsqueeze(0)

    def _score(self, contrast: Contrast) -> Tensor:
        """Similarity of each candidate to the support set, (A, C)."""
        wide = contrast.negative_similarity.dtype
        candidate = contrast.candidate.detach().to(wide)
        views = [contrast.anchor, contrast.positive]
        views += [] if contrast.support is None else list(contrast.support.unbind(1))
        total = None
        with torch.autocast(candidate.device.type, enabled=False):
            for view in views:
                similarity = view.detach().to(wide) @ candidate.T
                if total is None:
                    total = similarity
                else:
                    total = torch.maximum(total, similarity) if self.score == 'max' else total + similarity
        return total if self.score == 'max' else total / len(views)
