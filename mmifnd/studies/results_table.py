"""Several results side by side, as Markdown."""

from collections.abc import Sequence

from mmifnd.configuration.errors import UserError
from mmifnd.evaluation import mean_and_spread, paired_t_test, summarise

from .results import ScoredRun, paired_values
from .table import markdown_row


def markdown_table(runs: Sequence[ScoredRun], measures: Sequence[str] | None = None) -> str:
    """A row a method and a column a measure: the mean over its runs ± their sample standard deviation.

    Of a single run, ± is the spread over the draws within the measure, where it has one.

    Args:
        measures: those to show, in this order; all unless given.

    Raises:
        UserError: where a measure is in no run.
    """
    known = list(dict.fromkeys(name for run in runs for name in run.measures))
    unknown = [name for name in measures or () if name not in known]
    if unknown:
        raise UserError(f'no run has the measure {unknown[0]}; there are {", ".join(known)}')
    shown = list(measures or known)
    rows = [['method', 'runs', *shown], ['---', '---:', *['---:'] * len(shown)]]
    for method in dict.fromkeys(run.method for run in runs):
        own = [run for run in runs if run.method == method]
        rows.append([method, str(len(own)), *(_cell(own, measure) for measure in shown)])
    return '\n'.join(map(markdown_row, rows))


def significance_table(one: Sequence[ScoredRun], other: Sequence[ScoredRun], measures: Sequence[str] | None = None) -> str:
    """Paired one-sided t-tests of ``one`` > ``other`` over seeds, a row a measure (GloFND's appendix).

    Raises:
        UserError: where there is no measure that both have, or no pair of equal seeds.
    """
    known = [name for name in dict.fromkeys(name for run in one for name in run.measures)
             if any(name in run.measures for run in other)]
    missing = [name for name in measures or () if name not in known]
    if missing or not known:
        raise UserError(f'both have no measure {missing[0] if missing else "in common"}; they share '
                        f'{", ".join(known) or "none"}')
    rows = [['measure', 'pairs', 'mean difference', 'standard deviation', 't', 'one-sided p'], ['---', *['---:'] * 5]]
    for measure in measures or known:
        found = paired_t_test(*paired_values(one, other, measure))
        rows.append([measure, str(found['n']), f'{found["mean_difference"]:+.3f}', _number(found['standard_deviation'], '.3f'),
                     _number(found['t'], '.2f'), _number(found['p_one_sided'], '.4g')])
    return '\n'.join(map(markdown_row, rows))


def _cell(runs: Sequence[ScoredRun], measure: str) -> str:
    values = [run.measures[measure] for run in runs if measure in run.measures]
    if not values:
        return '-'
    found = summarise(values)
    spread = found.standard_deviation if len(values) > 1 else runs[0].spreads.get(measure)
    return mean_and_spread(found.mean, spread, digits=2)


def _number(value: float | None, form: str) -> str:
    return '-' if value is None else format(value, form)
