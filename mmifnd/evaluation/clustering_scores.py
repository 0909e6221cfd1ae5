"""Scores of one clustering: how much it changed, and how well it agrees with the classes."""

from ._inputs import ArrayLike, as_label_tensor
from .cluster_change import cluster_change
from .nmi import normalized_mutual_information
from .rates import true_rates


def clustering_scores(assignment: ArrayLike, accepted: ArrayLike | None = None, labels: ArrayLike | None = None,
                      before: ArrayLike | None = None) -> dict[str, float]:
    """The scores that the given arguments allow, by name.

    Args:
        assignment (array-like): cluster of each image, integers, (N,); negative for an image that took no part.
        accepted (array-like, optional): pseudo label of each image, -1 if it is not accepted, (N,).
        labels (array-like, optional): true class of each image, integers >= 0, (N,).
        before (array-like, optional): assignment of the previous clustering, (N,).

    Returns:
        dict[str, float]: ``changed_share`` in [0, 1] given ``before``; ``nmi`` in per cent given ``labels``; ``mtpr`` and
        ``mtnr`` in per cent given ``labels`` and ``accepted``.

    Raises:
        ValueError: if lengths differ, or an argument is empty or not of integers.

    Example:
        >>> clustering_scores([7, 7, 3, 3], accepted=[7, 7, 3, -1], labels=[0, 0, 1, 1], before=[7, 7, 3, 7])
        {'changed_share': 0.25, 'nmi': 100.0, 'mtpr': 50.0, 'mtnr': 100.0}
    """
    scores: dict[str, float] = {}
    if before is not None:
        scores['changed_share'] = cluster_change(before, assignment)
    if labels is None:
        return scores
    labels, assignment = as_label_tensor(labels, 'labels'), as_label_tensor(assignment, 'assignment', minimum=None)
    labels = labels.to(assignment.device)
    took_part = assignment >= 0
    scores['nmi'] = 100 * normalized_mutual_information(labels[took_part], assignment[took_part])
    if accepted is not None:
        scores['mtpr'], scores['mtnr'] = (100 * rate for rate in true_rates(labels, accepted))
    return scores
