"""Several results side by side, as Markdown."""

from collections.abc import Sequence

from mmifnd.configuration.errors import UserError
from mmifnd.evaluation import mean_and_spread, paired_t_test, summarise
from mmifnd.records.scores import check_spreads

from .results import ScoredRun, paired_values
from .table import markdown_row


def markdown_table(runs: Sequence[ScoredRun], measures: Sequence[str] | None = None) -> str:
    """A row a method and a column a measure: the mean over its runs ± their sample standard deviation.

    Of a single run, ± is the spread over the draws within the measure, where it has one.

    Args:
        measures: those to show, in this order; default: all.

    Raises:
        UserError: if a measure is in no run, or a spread is negative.
    """
    for run in runs:
        check_spreads(run.method, run.spreads)
    present = list(dict.fromkeys(name for run in runs for name in run.measures))
    unknown = [name for name in measures or () if name not in present]
    if unknown:
        raise UserError(f'no run has the measure {unknown[0]}; there are {", ".join(present)}')
    shown = list(measures or present)
    rows = [['method', 'runs', *shown], ['---', '---:', *['---:'] * len(shown)]]
    for method in dict.fromkeys(run.method for run in runs):
        runs_of_method = [run for run in runs if run.method == method]
        rows.append([method, str(len(runs_of_method)), *(_cell(runs_of_method, measure) for measure in shown)])
    return '\n'.join(map(markdown_row, rows))


def significance_table(one: Sequence[ScoredRun], other: Sequence[ScoredRun], measures: Sequence[str] | None = None) -> str:
    """Paired one-sided t-tests of ``one`` > ``other`` over seeds, one row per measure (GloFND's appendix).

    Raises:
        UserError: if there is no measure that both have, or no pair of equal seeds.
    """
    present = [name for name in dict.fromkeys(name for run in one for name in run.measures)
             if any(name in run.measures for run in other)]
    missing = [name for name in measures or () if name not in present]
    if missing or not present:
        raise UserError(f'both have no measure {missing[0] if missing else "in common"}; they share '
                        f'{", ".join(present) or "none"}')
    rows = [['measure', 'pairs', 'mean difference', 'standard deviation', 't', 'one-sided p'], ['---', *['---:'] * 5]]
    for measure in measures or present:
        test = paired_t_test(*paired_values(one, other, measure))
        rows.append([measure, str(test['n']), f'{test["mean_difference"]:+.3f}', _number(test['standard_deviation'], '.3f'),
                     _number(test['t'], '.2f'), _number(test['p_one_sided'], '.4g')])
    return '\n'.join(map(markdown_row, rows))


def _cell(runs: Sequence[ScoredRun], measure: str) -> str:
    values = [run.measures[measure] for run in runs if measure in run.measures]
    if not values:
        return '-'
    summary = summarise(values)
    spread = summary.standard_deviation if len(values) > 1 else runs[0].spreads.get(measure)
    return mean_and_spread(summary.mean, spread, digits=2)


def _number(value: float | None, form: str) -> str:
    return '-' if value is None else format(value, form)
