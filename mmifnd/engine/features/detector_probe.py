"""Questions to a detector about pairs of training images, outside of training."""

import torch
from torch import Tensor, nn

from mmifnd.contrast import Contrast
from mmifnd.detectors import BatchQuantileDetector
from mmifnd.evaluation import (
    batch_view_quantiles,
    even_anchors,
    exact_quantiles,
    threshold_error,
    view_quantiles,
    view_threshold_error,
)
from mmifnd.functional import batch_quantile


@torch.no_grad()
def ask_detector(detector: nn.Module, embedding: Tensor, candidates: Tensor, anchors, direction: str = '') -> Tensor:
    """The images that ``detector`` takes for false negatives of ``anchors`` (a,): bool (G, a, N), on the host.

    Args:
        embedding (Tensor): unit vectors of all N anchors, (N, D).
        candidates (Tensor): unit vectors of all N candidates, (N, D), whose i-th is the positive of anchor i: of images the
            anchors themselves.
        anchors (array-like): indices of images, (a,).
        direction (str): of image-text pairs ``'image'`` or ``'text'``, what the anchors are.
    """
    device = next(iter(detector.buffers()), embedding).device
    embedding, candidates = embedding.to(device), candidates.to(device)
    index = torch.arange(len(candidates), device=device)
    chosen = torch.as_tensor(anchors, device=device)
    is_positive = index == chosen.unsqueeze(1)
    contrast = Contrast.build(embedding[chosen], candidates[chosen], candidates, chosen, index, is_positive,
                              candidate_positive=embedding if direction else None, anchor_kind=direction)
    return detector.detect(contrast).cpu()


def error_of(sample: dict[str, Tensor]) -> dict[str, float]:
    """``threshold_mae`` and ``threshold_rmse`` of a :func:`threshold_sample`; empty where that is."""
    if not sample:
        return {}
    error = threshold_error(sample['thresholds'][sample['threshold_anchors']], sample['exact_thresholds'])
    return dict(threshold_mae=error.mae, threshold_rmse=error.rmse)


#: Images in whose company a quantile of the batch is taken.
_BATCH = 256


def has_thresholds(detector: nn.Module) -> bool:
    """Whether :func:`threshold_sample` finds something."""
    return _learner(detector) is not None or _taker(detector) is not None


def _learner(detector: nn.Module) -> nn.Module | None:
    return next((part for part in detector.modules() if isinstance(getattr(part, 'threshold', None), Tensor)), None)


def _taker(detector: nn.Module) -> BatchQuantileDetector | None:
    return next((part for part in detector.modules() if isinstance(part, BatchQuantileDetector)), None)


@torch.no_grad()
def threshold_sample(detector: nn.Module, embedding: Tensor, max_anchors: int = 2048,
                     candidates: Tensor | None = None, batch_size: int = _BATCH) -> dict[str, Tensor]:
    """Thresholds and exact quantiles of each image, on the host; empty for a detector that has none.

    Thresholds are learned ones; or, of a detector that takes the quantile of each batch (GloFND's comparison with FNC), those
    of random batches of ``batch_size`` images.

    Of several that are joined, the first that learns thresholds; one that all images share stands for each of them.
    ``candidates`` (N, D) are those of image-text pairs, whose i-th belongs to anchor i; default: the anchors themselves.

    Returns:
        dict[str, Tensor]: ``thresholds`` (N,), ``threshold_anchors`` int64 (A,) and their ``exact_thresholds`` (A,).
    """
    learner, taker = _learner(detector), _taker(detector)
    if learner is None and taker is None:
        return {}
    alpha = (learner or taker).alpha
    anchors = torch.as_tensor(even_anchors(len(embedding), max_anchors))
    exact = exact_quantiles(embedding, alpha, anchors=anchors, candidates=candidates)
    thresholds = (batch_thresholds(embedding, alpha, batch_size, candidates) if learner is None
                  else learner.threshold.cpu().expand(len(embedding)).clone())
    return dict(thresholds=thresholds, threshold_anchors=anchors, exact_thresholds=exact)


@torch.no_grad()
def view_error_of(detector: nn.Module, views: Tensor, max_anchors: int | None = None,
                  batch_size: int = _BATCH) -> dict[str, float]:
    """``threshold_view_mae`` and ``threshold_view_rmse`` of a detector's thresholds; empty for a detector that has none.

    Thresholds as in :func:`threshold_sample`; what they are compared with is :func:`mmifnd.evaluation.view_quantiles` of
    the embeddings ``views`` (N, V, D). Beside learned ones, ``..._of_batches`` are the errors of thresholds that a batch of
    the same embeddings gives (FNC in GloFND's comparison).

    Args:
        max_anchors (int, optional): images whose thresholds are judged; default: all, as in GloFND's notebook.
    """
    learner, taker = _learner(detector), _taker(detector)
    if learner is None and taker is None:
        return {}
    alpha = (learner or taker).alpha
    anchors = torch.as_tensor(even_anchors(len(views), max_anchors or len(views)))
    thresholds = {'_of_batches' if learner else '': batch_view_quantiles(views, alpha, batch_size)}
    if learner is not None:
        thresholds[''] = learner.threshold.cpu().expand(len(views))
    exact = view_quantiles(views, alpha, anchors)
    errors = {kind: view_threshold_error(values[anchors], *exact) for kind, values in thresholds.items()}
    return {f'threshold_view_{name}{kind}': value for kind, error in errors.items() for name, value in error._asdict().items()}


def batch_thresholds(embedding: Tensor, alpha: float, batch_size: int, candidates: Tensor | None = None) -> Tensor:
    """The (1 - alpha)-quantile of each image's similarities to the others of a random batch, (N,).

    Args:
        embedding (Tensor): unit vectors, (N, D).
        batch_size (int): images of a batch; all batches are about as large.
        candidates (Tensor, optional): unit vectors of what anchors are compared with, (N, D).

    Example:
        >>> batch_thresholds(torch.eye(4), 0.5, 4).tolist()
        [0.0, 0.0, 0.0, 0.0]
    """
    others = embedding if candidates is None else candidates
    order = torch.randperm(len(embedding), generator=torch.Generator().manual_seed(0))
    thresholds = torch.empty(len(embedding))
    for batch in order.tensor_split(max(1, round(len(order) / batch_size))):
        similarity = (embedding[batch] @ others[batch].T).fill_diagonal_(-torch.inf)
        thresholds[batch] = batch_quantile(similarity, alpha).float().cpu()
    return thresholds
