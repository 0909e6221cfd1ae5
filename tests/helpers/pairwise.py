"""Of all combinations, those that together hold every pair of values; the rest is slow."""

from itertools import combinations

import pytest


def pairwise(cases: list[tuple[str, ...]]) -> list:
    """Parameters for :func:`pytest.mark.parametrize`, of which the ones that cover no further pair of values are slow.

    So in the default run every framework meets every head and every detector, and every head every detector.
    """
    pairs = {case: set(combinations(enumerate(case), 2)) for case in cases}
    missing, chosen = set().union(*pairs.values()), set()
    while missing:
        case = max(cases, key=lambda case: len(pairs[case] & missing))  # the first of the best
        missing -= pairs[case]
        chosen.add(case)
    return [pytest.param(*case, marks=() if case in chosen else pytest.mark.slow) for case in cases]
