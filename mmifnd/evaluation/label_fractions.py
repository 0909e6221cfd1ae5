"""Linear classification from a share of the labels (GloFND, Table 1)."""


from mmifnd.checks import check_at_least

from ._inputs import ArrayLike, as_array, as_labels, check_same_length
from .draws import draw_fraction
from .linear_probe import linear_probe_accuracy
from .summary import Summary, summarise


def label_fraction_accuracy(train_features: ArrayLike, train_labels: ArrayLike, features: ArrayLike, labels: ArrayLike,
                            fraction: float, num_draws: int = 3, l2: float = 1e-4, seed: int = 12346) -> Summary:
    """The top-1 accuracy, in percent, of a linear classifier that sees a class-balanced share of the labels.

    Draw r takes floor(fraction N_c) images of each class c by :func:`draw_fraction` with seed + r; the classifier is that of
    :func:`~mmifnd.evaluation.linear_probe_accuracy`. GloFND reports fractions 1, 0.1, 0.01 and 0.001, three draws (12346 and
    on), and the mean of the four as its semi-supervised score; its classifier is trained by SGD on augmented images.

    Args:
        train_features (array-like): (N, D).
        train_labels (array-like): integers >= 0, at least two different, (N,).
        features (array-like): (Q, D).
        labels (array-like): integers >= 0, (Q,).
        fraction (float): in (0, 1]; 1 is drawn once only.
        num_draws (int): >= 1.
        l2 (float): weight of the penalty.
        seed (int): seed of the first draw.

    Returns:
        Summary: mean and spread over the draws.

    Raises:
        ValueError: if shapes do not fit, or a class would get no image; the message says which.

    Example:
        >>> label_fraction_accuracy([[0.], [.1], [.9], [1.]], [0, 0, 1, 1], [[.2], [.8]], [0, 1], fraction=0.5).mean
        100.0
    """
    check_at_least('num_draws', num_draws, 1, remedy='3 is usual')
    train_features, train_labels = as_array(train_features, 'train_features'), as_labels(train_labels, 'train_labels')
    check_same_length(train_features, 'train_features', train_labels, 'train_labels')
    draws = [draw_fraction(train_labels, fraction, seed + run) for run in range(num_draws if fraction < 1 else 1)]
    return summarise(linear_probe_accuracy(train_features[drawn], train_labels[drawn], features, labels, l2)
                     for drawn in draws)
