"""How far two methods are apart on each of several data sets, and whether that differs between the data sets."""

import math
from collections.abc import Mapping
from itertools import combinations
from typing import Any

from mmifnd.evaluation import paired_t_test, summarise

#: Per cent that a value is kept away from 0 and 100, where log-odds are infinite.
_EDGE = 0.01


def log_odds(percent: float) -> float:
    """The logarithm of p / (100 - p): from 90 to 95 % is as far as from 10 to 5 %, though in points less is left to gain.

    Example:
        >>> round(log_odds(90.), 3), log_odds(50.)
        (2.197, 0.0)
    """
    percent = min(max(percent, _EDGE), 100 - _EDGE)
    return math.log(percent / (100 - percent))


def compare_gaps(values: Mapping[str, tuple[Mapping[int, float], Mapping[int, float]]]) -> dict[str, Any]:
    """The gap a - b on each data set, and of each two data sets whether it is larger on the later one.

    Args:
        values: by data set, the values of a and of b in per cent, by seed. Seeds that both have count.

    Returns:
        dict: ``gaps``, by data set ``n``, ``mean`` and ``std`` in points and ``log_odds_mean`` and ``log_odds_std``; and
        ``tests``, for each two data sets ``earlier``, ``later`` and, for ``points`` and ``log_odds``, the mean difference of
        the gaps over the seeds that both have, and the one-sided p of both directions (None below two seeds).

    Example:
        >>> few, many = ({0: 60., 1: 62.}, {0: 50., 1: 51.}), ({0: 33., 1: 34.}, {0: 30., 1: 32.})
        >>> found = compare_gaps(dict(few=few, many=many))
        >>> found['gaps']['few']['mean'], found['tests'][0]['points']['mean_difference']
        (10.5, -8.0)
    """
    points = {name: _differences(a, b, float) for name, (a, b) in values.items()}
    odds = {name: _differences(a, b, log_odds) for name, (a, b) in values.items()}
    gaps = {}
    for name, by_seed in points.items():
        if by_seed:
            of_points, of_odds = summarise(by_seed.values()), summarise(odds[name].values())
            gaps[name] = dict(n=len(by_seed), mean=of_points.mean, std=of_points.standard_deviation,
                              log_odds_mean=of_odds.mean, log_odds_std=of_odds.standard_deviation)
    tests = [dict(earlier=one, later=other, points=_test(points[other], points[one]), log_odds=_test(odds[other], odds[one]))
             for one, other in combinations(gaps, 2)]
    return dict(gaps=gaps, tests=tests)


def gap_sentences(found: dict[str, Any], labels: Mapping[str, str]) -> list[str]:
    """What :func:`compare_gaps` found, one line a data set and one for each two of them."""
    lines = [f'{labels[name]}: {gap["mean"]:+.2f} points, {gap["log_odds_mean"]:+.3f} in log-odds, over {gap["n"]} seeds'
             for name, gap in found['gaps'].items()]
    for test in found['tests']:
        between = f'{labels[test["later"]]} against {labels[test["earlier"]]}'
        if not test['points']['n']:
            lines.append(f'{between}: no seed in common')
            continue
        parts = []
        for scale, digits in (('points', 2), ('log_odds', 3)):
            p = test[scale]['p_larger']
            parts.append(f'{test[scale]["mean_difference"]:+.{digits}f} {"points" if scale == "points" else "in log-odds"}'
                         + (f' (p larger {p:.3g}, smaller {test[scale]["p_smaller"]:.3g})' if p is not None else ''))
        lines.append(f'{between}: {", ".join(parts)}')
    return lines


def _differences(a: Mapping[int, float], b: Mapping[int, float], scale) -> dict[int, float]:
    return {seed: scale(a[seed]) - scale(b[seed]) for seed in sorted(set(a) & set(b))}


def _test(one: dict[int, float], other: dict[int, float]) -> dict[str, Any]:
    """Whether ``one`` exceeds ``other``, over the seeds that both have."""
    both = sorted(set(one) & set(other))
    if not both:
        return dict(mean_difference=float('nan'), n=0, p_larger=None, p_smaller=None)
    found = paired_t_test([one[seed] for seed in both], [other[seed] for seed in both])
    p = found['p_one_sided']
    return dict(mean_difference=found['mean_difference'], n=found['n'], p_larger=p, p_smaller=None if p is None else 1 - p)
