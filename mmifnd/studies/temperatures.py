"""Each method of a study at several temperatures, on the splits that choose."""

from collections.abc import Sequence
from dataclasses import replace

from mmifnd.errors import UserError
from mmifnd.text import in_markdown

from .plan import TEMPERATURE, Method, Study


def at_temperatures(study: Study, temperatures: Sequence[float]) -> Study:
    """Every method at every temperature, on the splits that choose; names read ``method@temperature``."""
    methods = {}
    for method in study.methods.values():
        for temperature in temperatures:
            name = f'{method.name}@{temperature:g}'
            options = {**method.options, **study.selection, TEMPERATURE: temperature}
            rate_from = method.rate_from and f'{method.rate_from}@{temperature:g}'
            methods[name] = Method(name, f'{method.label}, temperature {temperature:g}', method.config, options, rate_from)
    return replace(study, methods=methods, comparisons=[], figure_run=next(iter(methods)))


def best_temperatures(results: dict, study: Study, temperatures: Sequence[float], measure: str) -> dict[str, float]:
    """The best temperature of each method by the mean of ``measure`` over seeds; the first of several equal ones.

    Raises:
        UserError: if a run did not measure it.
    """
    is_better = max if study.measures[measure].get('higher_is_better', True) else min
    best = {}
    for name, method in study.methods.items():
        summaries = [results['summary'][f'{name}@{temperature:g}'].get(measure) for temperature in temperatures]
        if None in summaries:
            raise UserError(f'{method.label} has no {measure} to choose a temperature by; choose another measure')
        means = [summary['mean'] for summary in summaries]
        best[name] = temperatures[means.index(is_better(means))]
    return best


def temperature_table(results: dict, study: Study, temperatures: Sequence[float], measure: str) -> str:
    """Markdown with one row per method and one column per temperature; the best are in bold.

    Args:
        results: of the study that :func:`at_temperatures` made.
        study: the one that it was made of.
        temperatures: those that were tried.
        measure: the one that chooses.
    """
    lines = [f'`{results["command"]}`', '', f'{results["measures"][measure]["label"]} on the validation split, mean over seeds '
             f'{sorted({run["seed"] for run in results["runs"]})} (not among the reported ones).', '',
             '| method | ' + ' | '.join(f'{t:g}' for t in temperatures) + ' |', '|---' * (len(temperatures) + 1) + '|']
    for method in study.methods.values():
        means = [results['summary'][f'{method.name}@{t:g}'][measure]['mean'] for t in temperatures]
        cells = [f'**{mean:.1f}**' if mean == max(means) else f'{mean:.1f}' for mean in means]
        lines.append(f'| {in_markdown(method.label)} | ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines) + '\n'
