"""The tables of a report: results, paired differences, methods, versions, and each run's last clustering."""

from mmifnd.evaluation import mean_and_spread
from mmifnd.records.run_record import RunRecord

from .bars import decimals, measure_title
from .page import Cell, table

MISSING = '–'


def number(value: float | None, pattern: str = '.3g', factor: float = 1.) -> str:
    """``value * factor`` in a format, a dash if there is none."""
    return MISSING if value is None else format(factor * value, pattern).replace('-', '−')


def summary_cell(summary: dict | None, digits: int) -> str:
    """``79.10 ± 0.42``; without the spread if there is one seed only."""
    if not summary or summary.get('mean') is None:
        return MISSING
    spread = summary.get('std') if summary.get('n', 1) > 1 else None
    return mean_and_spread(summary['mean'], spread, digits).replace('-', '−')


def best_methods(results: dict, measure: str, digits: int) -> set[str]:
    """The methods whose mean, to the digits that are shown, is the best; none if no side is better or there is one method."""
    means = {method: round(row[measure]['mean'], digits) for method, row in results['summary'].items()
             if row.get(measure, {}).get('mean') is not None}
    higher = results['measures'][measure].get('higher_is_better')
    if higher is None or len(means) < 2:
        return set()
    best = (max if higher else min)(means.values())
    return {method for method, mean in means.items() if mean == best}


def results_table(results: dict) -> str:
    """Methods x measures: mean and sample standard deviation over seeds, the best means of a column in bold."""
    measures = {measure: entry for measure, entry in results['measures'].items()
                if any(summary.get(measure) for summary in results['summary'].values())}
    digits = {measure: decimals(results, measure) for measure in measures}
    best = {measure: best_methods(results, measure, digits[measure]) for measure in measures}
    headers = ['Method', 'Seeds', *map(measure_title, measures.values()), 'Seconds per run']
    rows = []
    for method, description in results['methods'].items():
        runs = [run for run in results['runs'] if run['method'] == method]
        seconds = [run['seconds'] for run in runs if run.get('seconds') is not None]
        summary = results['summary'].get(method, {})
        cells = [Cell(summary_cell(summary.get(measure), digits[measure]), best=method in best[measure])
                 for measure in measures]
        rows.append([description['label'], str(len(runs)), *cells,
                     number(sum(seconds) / len(seconds) if seconds else None, '.1f')])
    absent = [entry['label'] for measure, entry in results['measures'].items() if measure not in measures]
    missing = f' Not measured in any run: {", ".join(absent)}.' if absent else ''
    return table(headers, rows, 'Mean ± sample standard deviation over seeds; the best mean of a column is bold, and so is '
                                'each that equals it to the digits shown, whether or not the difference is more than chance.'
                                f'{missing}')


def comparison_table(results: dict) -> str:
    """Paired differences with their p-values."""
    def label(method: str) -> str:
        return results['methods'].get(method, {}).get('label', method)

    rows = []
    for comparison in results['comparisons']:
        measure = results['measures'].get(comparison['measure'], {'label': comparison['measure']})
        unit = 'points' if measure.get('unit') == '%' else measure.get('unit') or ''
        digits = decimals(results, comparison['measure'])
        p_value = comparison.get('p_one_sided')
        rows.append([f'{label(comparison["a"])} − {label(comparison["b"])}', measure['label'],
                     number(comparison['mean_difference'], f'+.{digits}f') + (f' {unit}' if unit else ''),
                     '< 0.001' if p_value is not None and p_value < 0.001 else number(p_value, '.3f'),
                     str(comparison['n'])])
    return table(['Difference', 'Measure', 'Mean', 'p (one-sided)', 'Pairs'], rows,
                 'Mean of the differences seed by seed.', text_columns=2)


def method_table(results: dict) -> str:
    """What each method was: its config and temperature."""
    rows = [[method['label'], method.get('config') or MISSING, number(method.get('temperature'))]
            for method in results['methods'].values()]
    return table(['Method', 'Config', 'Temperature'], rows, 'What was compared.', text_columns=2)


def version_table(versions: dict) -> str:
    """Software versions."""
    return table(['Software', 'Version'], [[name, str(version)] for name, version in versions.items()],
                 'Versions that made these results.', text_columns=2)


def clustering_table(records: dict[str, RunRecord]) -> str:
    """Each run's last clustering, a row per granularity; '' where no run clustered."""
    rows = []
    for name, record in records.items():
        for granularity in record.history[-1]['granularities'] if record.history else []:
            rows.append([name, f'{record.history[-1]["epoch"]:g}', *clustering_cells(granularity),
                         number(record.history[-1].get('share_of_training_time'), '.1f', 100.)])
    headers = ['Run', 'Epoch', 'k', 'Accepted (%)', 'NMI (%)', 'MTPR (%)', 'MTNR (%)', 'Smallest', 'Largest', 'Empty',
               'Share of training time (%)']
    return table(headers, rows, 'The last clustering of each run; sizes in images.') if rows else ''


def clustering_cells(granularity: dict) -> list[str]:
    """The cells of one granularity: number of clusters, acceptance, agreement with the classes, sizes."""
    return [str(granularity['num_clusters']), number(granularity.get('accepted_share'), '.1f', 100.),
            number(granularity.get('nmi'), '.1f'), number(granularity.get('mtpr'), '.1f'),
            number(granularity.get('mtnr'), '.1f'), number(granularity.get('cluster_size_min'), '.0f'),
            number(granularity.get('cluster_size_max'), '.0f'), number(granularity.get('empty_clusters'), '.0f')]
