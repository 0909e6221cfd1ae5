"""Which images a measure looks at: spread evenly, or drawn by class."""

import numpy as np

from mmifnd.checks import check_inside

from ._inputs import ArrayLike, as_labels


def even_anchors(total: int, at_most: int) -> np.ndarray:
    """Choose at most ``at_most`` of ``total`` images, evenly spread: ascending int64, the same in every call.

    Example:
        >>> even_anchors(1000, 5).tolist()
        [0, 250, 500, 749, 999]
    """
    return np.unique(np.linspace(0, total - 1, min(total, at_most)).round().astype(int))


def draw_fraction(labels: ArrayLike, fraction: float, seed: int) -> np.ndarray:
    """Draw a class-balanced subset: positions of floor(fraction N_c) images of each class c, ascending int64.

    With the same seed, a smaller fraction is a subset of a larger one.

    Raises:
        ValueError: if the fraction is outside (0, 1], or a class would get no image.

    Example:
        >>> draw_fraction([0, 0, 1, 1], fraction=0.5, seed=0)
        array([1, 2])
    """
    labels = as_labels(labels, 'labels')
    check_inside('fraction', fraction, 0, 1, 'right', remedy='it is a share of the labels, such as 0.01')
    random = np.random.RandomState(np.random.MT19937(seed))
    chosen = []
    for label in np.unique(labels):
        members = random.permutation(np.flatnonzero(labels == label))
        count = int(fraction * len(members) + 1e-9)
        if count == 0:
            raise ValueError(f'{fraction:.2%} of the {len(members)} training images of class {label} is less than one image; '
                             f'take {1 / len(members):.2%} or more')
        chosen.append(members[:count])
    return np.sort(np.concatenate(chosen))
