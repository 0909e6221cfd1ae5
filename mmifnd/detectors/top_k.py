"""Detection within the batch: the most similar candidates of a row (FNC)."""

import warnings

import torch
from torch import Tensor

from mmifnd.checks import check_at_least, check_choice, check_inside
from mmifnd.contrast import Contrast, check_source
from mmifnd.functional._checks import check_alpha
from mmifnd.functional.thresholds import batch_quantile

from .base import Detector
from .filter_gate import FilterGate

SCORES = ('max', 'mean')


class BatchQuantileDetector(Detector):
    """Detects candidates above the (1 - alpha)-quantile of their row: the FNC that GloFND's released code compares with.

    Stateless except for the start epoch. Each row of a view has its own quantile.

    Args:
        alpha (float): share of negatives that are false, in (0, 1). If alpha times the number of candidates is below 1,
            one candidate per row is removed nevertheless, a larger share than alpha; a warning says so once.
        start_epoch (int): first epoch (0-based) in which it detects.
        source (str): which similarities are compared; see :meth:`mmifnd.contrast.Contrast.similarity_by`.

    Raises:
        ValueError: if alpha or the epoch is out of range.
    """

    def __init__(self, alpha: float = 0.01, start_epoch: int = 0, source: str = 'cross') -> None:
        super().__init__()
        check_alpha(alpha)
        check_source(source)
        self.alpha, self.source = alpha, source
        self.gate = FilterGate('BatchQuantileDetector', 'start_epoch', start_epoch)
        self._has_warned = False

    def start_epoch(self, epoch: int, max_epochs: int) -> None:
        """Set the epoch (0-based) that begins."""
        self.gate.update(epoch, max_epochs)

    def detect(self, contrast: Contrast) -> Tensor:
        """Return a bool mask (1, A, C): strictly above the row's quantile."""
        similarity = contrast.similarity_by(self.source)
        self._warn_if_too_few(similarity.shape[1])
        return ((similarity > self._quantile(similarity).unsqueeze(1)) & contrast.is_candidate).unsqueeze(0)

    def threshold_of(self, contrast: Contrast) -> Tensor | None:
        """The row's quantile, (A,); infinite before the start epoch; None if it is not of the loss's similarities."""
        return self._quantile(contrast.similarity_by('cross')) if self.source == 'cross' else None

    def _quantile(self, similarity: Tensor) -> Tensor:
        return self.gate.apply_to(batch_quantile(similarity, self.alpha))

    def _warn_if_too_few(self, candidates: int) -> None:
        if self._has_warned or self.alpha * candidates >= 1:
            return
        self._has_warned = True
        warnings.warn(
            f'alpha={self.alpha} of {candidates} candidates is less than one: BatchQuantileDetector removes one of '
            f'each row nevertheless, a share of {1 / max(candidates, 1):.3g}; take batches so large that alpha x '
            'candidates >= 1, or QuantileThresholdDetector, which may remove none', stacklevel=3)


class TopKDetector(Detector):
    """Detects the k candidates most similar to the anchor's *image*, if similar enough (FNC: Huynh et al., WACV 2022).

    An image's support set is its anchor, its positive, and the further views that the framework encodes for it
    (``Contrast.support``). A candidate's score is its largest, or its mean, similarity to the set, so that all rows of an
    image agree. The paper combines it with :class:`AttrContrastiveHead` or :class:`ElimContrastiveHead`.

    Args:
        k (int): the largest number of candidates per anchor; 10 in the released code, for batches of 4096.
        threshold (float): the score that a candidate must exceed, in [-1, 1]; 0.7 in the released code.
        score (str): ``'max'`` (the released code) or ``'mean'``.
        start_epoch (int): first epoch (0-based) in which it detects.
        source (str): ``'cross'``, the support set; of image-text pairs also ``'image'`` or ``'text'``, the similarity of the
            pairs' own images or texts (:meth:`mmifnd.contrast.Contrast.similarity_by`).

    Raises:
        ValueError: if a value is out of range.
    """

    def __init__(self, k: int = 10, threshold: float = 0.7, score: str = 'max', start_epoch: int = 0,
                 source: str = 'cross') -> None:
        super().__init__()
        check_at_least('k', k, 1, 'TopKDetector', 'NoDetector detects nothing')
        check_inside('threshold', threshold, -1, 1, 'both', 'TopKDetector', 'it is a cosine, 0.7 is usual')
        check_choice('score', score, SCORES, 'TopKDetector')
        check_source(source)
        self.k, self.threshold, self.score, self.source = k, threshold, score, source
        self.gate = FilterGate('TopKDetector', 'start_epoch', start_epoch)

    def start_epoch(self, epoch: int, max_epochs: int) -> None:
        """Set the epoch (0-based) that begins."""
        self.gate.update(epoch, max_epochs)

    @torch.no_grad()
    def detect(self, contrast: Contrast) -> Tensor:
        """Return a bool mask (1, A, C): among the k best scores of the row, and above the threshold."""
        score = self._score(contrast).masked_fill(~contrast.is_candidate, -torch.inf)
        best = score.topk(min(self.k, score.shape[1]), dim=1).indices
        is_best = torch.zeros_like(score, dtype=torch.bool).scatter_(1, best, True)
        threshold = self.gate.apply_to(torch.full((), self.threshold, dtype=score.dtype, device=score.device))
        return (is_best & (score > threshold) & contrast.is_candidate).unsqueeze(0)

    def _score(self, contrast: Contrast) -> Tensor:
        """The similarity of each candidate to the support set, (A, C)."""
        if self.source != 'cross':
            return contrast.similarity_by(self.source)
        wide = contrast.negative_similarity.dtype
        candidate = contrast.candidate.detach().to(wide)
        views = [contrast.anchor, contrast.positive]
        views += [] if contrast.support is None else list(contrast.support.unbind(1))
        with torch.autocast(candidate.device.type, enabled=False):
            total = views[0].detach().to(wide) @ candidate.T
            for view in views[1:]:
                similarity = view.detach().to(wide) @ candidate.T
                total = torch.maximum(total, similarity) if self.score == 'max' else total + similarity
        return total if self.score == 'max' else total / len(views)
