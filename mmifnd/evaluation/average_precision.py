"""The area under the precision-recall curve as PASCAL VOC has computed it since 2010."""

import numpy as np

from ._inputs import ArrayLike, as_labels, as_numbers, check_same_length


def average_precision(scores: ArrayLike, targets: ArrayLike) -> float:
    r"""The area under the monotone envelope of the precision-recall curve, over all its points.

    With the images in descending order of score, and precision :math:`P_i` and recall :math:`R_i` after the first i:

    .. math::
        \mathrm{AP} = \sum_i (R_i - R_{i-1}) \max_{j \ge i} P_j

    This is the measure of VOC 2010 and later, and of the SVM protocols of PCL and VISSL; not the 11-point one of VOC 2007.
    Images with equal scores keep their order.

    Args:
        scores (array-like): higher for images that are more likely positive, (N,).
        targets (array-like): integers or bools, (N,); positive where > 0.

    Returns:
        float: in [0, 1].

    Raises:
        ValueError: if the lengths differ, a score is not finite, or there is no positive.

    Example:
        >>> round(average_precision([0.9, 0.8, 0.7], [1, 0, 1]), 4)
        0.8333
    """
    scores = as_numbers(scores, 'scores')
    positive = as_labels(np.asarray(targets).astype(np.int64), 'targets', minimum=None) > 0
    check_same_length(scores, 'scores', positive, 'targets')
    if not positive.any():
        raise ValueError('targets hold no positive; leave such a class out, its average precision does not exist')
    hits = np.cumsum(positive[np.argsort(-scores, kind='stable')])
    precision = hits / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(hits, prepend=0) * envelope) / hits[-1])
