"""Whether the means and tests that a study's results.json gives are those of the runs that it lists."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmifnd.errors import UserError
from mmifnd.evaluation.runs import compare_runs, summarise_runs
from mmifnd.foreign import OF_FORM, believed
from mmifnd.text import shown

REMEDY = 'repair what was changed, or run the study again, which keeps its finished runs'
#: Results may have been written with four decimals.
_TOLERANCE = 1e-4
_OF_SUMMARY = ('mean', 'std', 'n')
_OF_COMPARISON = ('mean_difference', 'p_one_sided', 'n')


def check_summary(results: Mapping[str, Any], path: Path) -> None:
    """Refuse a ``summary`` or ``comparisons`` that do not follow from ``runs``; parts that are missing are not looked at.

    Raises:
        UserError: naming the file, the first entry that differs, what it says and what the runs give.
    """
    with believed(str(path), REMEDY, OF_FORM):
        runs = [dict(method=run['method'], seed=run.get('seed'), measures=run.get('measures', {})) for run in results['runs']]
        summary = results.get('summary', {})
        for method, measure in _summarised(results):
            _compare(f'the {{}} of {shown(measure)} of {shown(method)}', summary.get(method, {}).get(measure),
                     summarise_runs(runs, method, measure), _OF_SUMMARY, path)
        for entry in results.get('comparisons', ()):
            a, b, measure = entry['a'], entry['b'], entry['measure']
            _compare(f'the {{}} of {shown(measure)} of {shown(a)} against {shown(b)}', entry,
                     compare_runs(runs, a, b, measure), _OF_COMPARISON, path)


def _summarised(results: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Method and measure of each entry that a summary has or should have."""
    if 'summary' not in results:
        return []
    expected = [(method, measure) for method in results.get('methods', ()) for measure in results.get('measures', ())]
    present = [(method, measure) for method, row in results['summary'].items() for measure in row]
    return list(dict.fromkeys([*expected, *present]))


def _compare(what: str, entry: Mapping[str, Any] | None, expected: Mapping[str, Any] | None, keys: tuple[str, ...],
             path: Path) -> None:
    for key in keys:
        value, of_runs = (source and source.get(key) for source in (entry, expected))
        if not _equal(value, of_runs):
            raise UserError(f'{path}: {what.format(key)} is {shown(repr(value))}, and the runs give '
                            f'{of_runs if of_runs is None else format(of_runs, ".7g")}; {REMEDY}')


def _equal(value: Any, expected: float | None) -> bool:
    if value is None or expected is None:
        return value is expected
    return type(value) in (int, float) and math.isclose(value, expected, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
