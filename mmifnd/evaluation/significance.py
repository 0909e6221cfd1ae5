"""A test of whether one method is better than another over runs that share their seeds."""

import numpy as np

from ._inputs import ArrayLike


def paired_t_test(a: ArrayLike, b: ArrayLike) -> dict[str, float | int | None]:
    """Student's paired t-test of results that are paired by run (same seed, same draw).

    t = mean(a - b) / (std(a - b) / sqrt(n)) with the sample standard deviation and n - 1 degrees of freedom.

    Args:
        a (sequence of float): results of one method, (n,).
        b (sequence of float): results of the other method in the same order, (n,).

    Returns:
        dict: ``mean_difference`` of a - b and its ``standard_deviation`` (ddof=1), both in the unit of the results;
        ``t``; ``p_one_sided``, for a > b; ``p_two_sided``; ``n``. With one pair the standard deviation, t and both p
        are None; t and p are also None if all differences are equal up to rounding, since the test says nothing then.

    Raises:
        ValueError: if the lengths differ, there is no pair, or a result is not finite.

    Example:
        >>> paired_t_test([71.0, 72.0, 74.0], [70.0, 70.0, 71.0])['p_one_sided'] < 0.05
        True
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape or a.size == 0:
        raise ValueError(f'a has shape {a.shape} and b has shape {b.shape}; expected (n,) for both with n >= 1: '
                         'one result per run, in the same order')
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError('a or b holds NaN or infinity; leave out the pairs of runs that failed')

    difference = a - b
    deviation = float(difference.std(ddof=1)) if a.size > 1 else None
    t = p_one_sided = p_two_sided = None
    if deviation is not None and deviation > 4 * np.finfo(np.float64).eps * np.abs([a, b]).max():
        from scipy.stats import ttest_rel
        t, p_two_sided = map(float, ttest_rel(a, b))
        p_one_sided = float(ttest_rel(a, b, alternative='greater').pvalue)
    return dict(mean_difference=float(difference.mean()), standard_deviation=deviation, t=t, p_one_sided=p_one_sided,
                p_two_sided=p_two_sided, n=a.size)
