"""The share of negatives that learned thresholds should begin with, from features alone."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F

from ._inputs import ArrayLike, as_features
from .draws import even_anchors

#: Shares that are looked at.
GRID = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
#: Share of mutual neighbours above which a neighbourhood counts as one.
MUTUAL = 0.5
#: Images that are compared with each other, at most.
MAX_IMAGES = 4096


class SuggestedAlpha(NamedTuple):
    """A share to begin with.

    Attributes:
        alpha (float): the share.
        reason (str): why, in one sentence.
    """

    alpha: float
    reason: str


def suggest_alpha(features: ArrayLike, cluster_shares: Sequence[float] = (), grid: Sequence[float] = GRID) -> SuggestedAlpha:
    """Suggest a low share: the largest whose neighbourhoods are mostly mutual, and below what clusterings put together.

    Image j is a neighbour of i if it is among the share alpha of images that are most similar to i. If such pairs mean the
    same, i is mostly a neighbour of j, too.

    Args:
        features (array-like): (N, D), N >= 2.
        cluster_shares (Sequence[float]): share of all pairs that each clustering puts into one cluster.
        grid (Sequence[float]): shares to choose from, ascending, in (0, 1).

    Raises:
        ValueError: if features are not finite or not (N, D).

    Example:
        >>> import torch
        >>> groups = torch.eye(4).repeat_interleave(25, dim=0)  # four groups of 25 equal images
        >>> suggest_alpha(groups + 0.01 * torch.randn(100, 4, generator=torch.Generator().manual_seed(0))).alpha
        0.1
    """
    features = F.normalize(as_features(features, 'features'), dim=1)
    features = features[even_anchors(len(features), MAX_IMAGES)]
    similarity = (features @ features.mT).fill_diagonal_(-2)
    others = len(features) - 1
    order = similarity.argsort(dim=1, descending=True)
    limit = min(cluster_shares, default=1.)
    chosen, share = None, 0.
    for alpha in grid:
        count = round(alpha * others)
        if count < 1 or alpha > limit:
            continue
        is_near = torch.zeros_like(similarity, dtype=torch.bool).scatter_(1, order[:, :count], True)
        mutual = float((is_near & is_near.mT).sum() / is_near.sum())
        if chosen is None or mutual >= MUTUAL:
            chosen, share = alpha, mutual
    if chosen is None:
        chosen = max(grid[0], 1 / max(others, 1))
        return SuggestedAlpha(chosen, f'one of {others} others: no larger neighbourhood is as small as what the clusterings '
                                      'put together')
    together = f', and the finest clustering puts {limit:.2%} of all pairs together' if cluster_shares else ''
    return SuggestedAlpha(chosen, f'{share:.0%} of the nearest {chosen:.2%} are mutual neighbours{together}; begin low, and '
                                  'raise it while what is removed looks right')
