"""The quality of pseudo labels: mean true positive and mean true negative rate (IFND, Table 6)."""

import numpy as np

from ._contingency import contingency
from ._inputs import ArrayLike, as_label_tensor, check_same_length


def true_rates(labels: ArrayLike, pseudo_labels: ArrayLike) -> tuple[float, float]:
    r"""The mean true positive rate and mean true negative rate of pseudo labels over all pairs of images.

    Anchor i takes image j != i for a false negative if their pseudo labels are equal and >= 0. TPR_i is the share of the
    images of its class that it takes, TNR_i the share of the other images that it does not take. Both are averaged over
    *all* anchors, so an image that is not accepted counts with TPR 0 and TNR 1. With :math:`n_{ck}` accepted images of class
    c and pseudo label k, :math:`n_k = \sum_c n_{ck}`, and :math:`N_c` images of class c, accepted or not:

    .. math::
        \mathrm{MTPR} = \frac{1}{N'} \sum_{ck} \frac{n_{ck} (n_{ck} - 1)}{N_c - 1}, \qquad
        \mathrm{MTNR} = 1 - \frac{1}{N''} \sum_{ck} \frac{n_{ck} (n_k - n_{ck})}{N - N_c}

    where N' counts the anchors whose class has another image, and N'' those for which an image of another class exists.
    Time and memory are O(N log N) and O(N); no N x N matrix is built.

    Args:
        labels (array-like): true class of each image, integers >= 0, (N,).
        pseudo_labels (array-like): pseudo label of each image, integers, (N,); negative means "not accepted", which
            is equal to no other. Pairs are counted on its device.

    Returns:
        tuple[float, float]: (mtpr, mtnr) in [0, 1]. nan if no anchor has such a rate: mtpr if every class has one
        image only, mtnr if all images are of one class.

    Raises:
        ValueError: if the lengths differ, an argument is empty or not of integers, or a true label is negative.

    Example:
        >>> true_rates([0, 0, 1, 1], [7, 7, 7, -1])
        (0.5, 0.5)
    """
    labels, pseudo_labels = as_label_tensor(labels, 'labels'), as_label_tensor(pseudo_labels, 'pseudo_labels', minimum=None)
    check_same_length(labels, 'labels', pseudo_labels, 'pseudo_labels')

    # The cells of -1 are those of images that are not accepted.
    table = contingency(labels.to(pseudo_labels.device), pseudo_labels.clamp(min=-1))
    class_sizes = table.row_sizes
    is_cluster = table.columns >= int(bool((pseudo_labels < 0).any()))
    classes, joint_sizes = table.rows[is_cluster], table.sizes[is_cluster]
    cluster_sizes = table.column_sizes[table.columns[is_cluster]]
    others_in_class = class_sizes - 1
    others_outside = len(labels) - class_sizes
    # A class without partners has no term: its n_ck (n_ck - 1), or n_k - n_ck, is 0, and the divisor does not matter.
    hits = joint_sizes * (joint_sizes - 1) / np.maximum(others_in_class[classes], 1)
    wronged = joint_sizes * (cluster_sizes - joint_sizes) / np.maximum(others_outside[classes], 1)
    return (_mean_over_anchors(hits, class_sizes, others_in_class),
            1.0 - _mean_over_anchors(wronged, class_sizes, others_outside))


def _mean_over_anchors(sums: np.ndarray, class_sizes: np.ndarray, partners: np.ndarray) -> float:
    """The sum over the cells, divided by the number of anchors that have a partner; nan if there is none."""
    num_anchors = class_sizes[partners > 0].sum()
    return float(sums.sum() / num_anchors) if num_anchors else float('nan')
