"""The tables and the figure of docs/claims.md on the papers' ablations, from the study's results.

    python tools/study.py configs/studies/ablations_digits.py --seeds 10 --out work_dirs/ablations
    python tools/benchmarks/ablation_tables.py work_dirs/ablations/results.json --runs work_dirs/ablations \
        --out docs/results/ablations_digits.json --figure docs/images/ablations.png
"""

import argparse
import json
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from mmifnd.evaluation import mean_and_spread, paired_t_test, summarise
from mmifnd.records.lines import read_records
from mmifnd.records.names import HISTORY, folder_of

#: Measures of a clustering that the figure shows by epoch.
CURVES = ('nmi', 'mtpr', 'mtnr')
TABLES = {
    'Table 6': (('none', 'constant', 'step', 'linear_25', 'linear_50', 'linear_75', 'linear', 'full_at_half', 'attraction',
                 'bank', 'half_k', 'double_k'), ('shot_1', 'shot_5', 'nmi', 'mtpr', 'mtnr')),
    'Table 7': (('t7_ifnd', 't7_pcl', 't7_pcl_elim', 't7_pcl_linear', 't7_pcl_k', 't7_ifnd_proto', 't7_ifnd_step', 't7_ifnd_k',
                 't7_ifnd_eq9'), ('shot_1', 'shot_5', 'knn', 'nmi')),
    'GloFND': (('none', 'fnc', 'glofnd_2', 'glofnd_10', 'glofnd_25', 'glofnd_half', 'glofnd_double'),
               ('shot_1', 'shot_5', 'step_f1_micro', 'threshold_mae'))}
#: What is claimed to exceed what, by which measure, in the order in which the rules of docs/claims.md name them; a fourth value
#: is by how much more at least.
CLAIMS = (
    *(('linear', other, 'shot_1') for other in (
        'none', 'constant', 'step', 'linear_25', 'linear_50', 'linear_75', 'attraction')),
    *(('linear', other, 'mtnr') for other in ('constant', 'step', 'attraction')),
    ('constant', 'linear', 'nmi, first quarter'), ('linear', 'constant', 'nmi, last'), ('linear', 'attraction', 'nmi, last'),
    ('t7_ifnd', 't7_pcl', 'shot_1'), ('t7_pcl_elim', 't7_pcl', 'shot_1'), ('t7_pcl_linear', 't7_pcl', 'shot_1'),
    ('t7_pcl', 't7_pcl_k', 'shot_1'),
    *(('t7_ifnd', f't7_ifnd_{change}', 'shot_1') for change in ('proto', 'step', 'k', 'eq9')),
    ('bank', 'linear', 'shot_1', -1.), ('linear', 'half_k', 'shot_1'), ('linear', 'double_k', 'shot_1'),
    ('full_at_half', 'linear', 'shot_1'),
    ('glofnd_10', 'none', 'shot_1'), ('glofnd_10', 'fnc', 'shot_1'), ('glofnd_10', 'fnc', 'step_f1_micro'),
    *(('glofnd_10', f'glofnd_{other}', 'shot_1') for other in ('2', '25', 'half', 'double')))
DRAWN = dict(none='#777d85', constant='#d55e00', step='#e69f00', linear='#0072b2', attraction='#009e73')


class Runs(NamedTuple):
    """The results of the study: labels of methods, and what was measured, by method, measure and seed."""

    labels: dict[str, str]
    values: dict[tuple[str, str], dict[int, float]]
    curves: dict[str, dict[str, dict[str, list[float]]]]

    @classmethod
    def of(cls, results: dict) -> 'Runs':
        """Read ``results.json``, with curves if it has them."""
        values: dict[tuple[str, str], dict[int, float]] = {}
        for run in results['runs']:
            for name, value in run['measures'].items():
                values.setdefault((run['method'], name), {})[run['seed']] = value
        curves = results.get('by_epoch', {})
        for method, measures in curves.items():
            for seed, nmi in measures.get('nmi', {}).items():
                values.setdefault((method, 'nmi, first quarter'), {})[int(seed)] = fmean(nmi[:len(nmi) // 4])
                values.setdefault((method, 'nmi, last'), {})[int(seed)] = nmi[-1]
        return cls({name: method['label'] for name, method in results['methods'].items()}, values, curves)


def curves_of(results: dict, folder: Path) -> dict[str, dict[str, dict[str, list[float]]]]:
    """Measures of each clustering: method -> measure -> seed -> values, from the records of the runs."""
    curves: dict[str, dict[str, dict[str, list[float]]]] = {}
    for run in results['runs']:
        for record in read_records(folder_of(folder / run['work_dir']) / HISTORY, required=('granularities',)):
            level = record['granularities'][0]
            for name in CURVES:
                if name in level:
                    curves.setdefault(run['method'], {}).setdefault(name, {}).setdefault(str(run['seed']), []).append(
                        round(level[name], 2))
    return curves


def cell(runs: Runs, method: str, measure: str) -> str:
    """Mean and spread over seeds."""
    values = runs.values.get((method, measure))
    if not values:
        return '-'
    found = summarise(values.values())
    return mean_and_spread(found.mean, found.standard_deviation, 3 if measure == 'threshold_mae' else 1, ' ± ')


def table_lines(runs: Runs, methods: tuple[str, ...], measures: tuple[str, ...]) -> list[str]:
    """A row per method."""
    rows = [('', *measures), ('---', *['---:'] * len(measures)),
            *((runs.labels[method], *(cell(runs, method, measure) for measure in measures)) for method in methods)]
    return [f'| {" | ".join(cells)} |' for cells in rows]


def claim_lines(runs: Runs) -> list[str]:
    """Every claim with its paired difference, p in both directions and outcome."""
    rows = [('claim', 'measure', 'difference', 'seeds', 'p', 'p of the opposite', 'outcome'), ('---',) * 7]
    for one, other, measure, *margin in CLAIMS:
        left, right = (runs.values.get((method, measure), {}) for method in (one, other))
        least = margin[0] if margin else 0.
        seeds = sorted(set(left) & set(right))
        if len(seeds) < 2:
            continue
        found = paired_t_test([left[seed] - least for seed in seeds], [right[seed] for seed in seeds])
        p = found['p_one_sided']
        outcome = 'confirmed' if p < 0.05 else 'refuted' if 1 - p < 0.05 else 'open'
        what = f'{runs.labels[one]} > {runs.labels[other]}' + (f' {least:+g}' if margin else '')
        rows.append((what, measure, f'{found["mean_difference"] + least:+.2f}', str(len(seeds)), f'{p:.2g}', f'{1 - p:.2g}',
                     outcome))
    return [f'| {" | ".join(cells)} |' for cells in rows]


def draw(runs: Runs, path: Path) -> None:
    """NMI, MTPR and MTNR over the epochs (IFND, Figs. 6 and 7), mean over the seeds and one standard deviation."""
    import matplotlib
    matplotlib.use('Agg')
    import matplotlib.pyplot as plt
    import numpy as np
    figure, axes = plt.subplots(1, len(CURVES), figsize=(11, 3.4), constrained_layout=True)
    for axis, name in zip(axes, CURVES):
        for method, colour in DRAWN.items():
            seeds = np.array(list(runs.curves.get(method, {}).get(name, {}).values()))
            if len(seeds):
                epochs, mean, spread = np.arange(1, seeds.shape[1] + 1), seeds.mean(0), seeds.std(0, ddof=1)
                axis.plot(epochs, mean, color=colour, label=runs.labels[method])
                axis.fill_between(epochs, mean - spread, mean + spread, color=colour, alpha=0.15, linewidth=0)
        axis.set(title=f'{name.upper()}, %', xlabel='epoch')
    axes[0].legend(frameon=False)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('results', type=Path, help='results.json of the study, or what --out wrote')
    parser.add_argument('--runs', type=Path, help='folder of the runs: adds the measures by epoch')
    parser.add_argument('--out', type=Path, help='write results and measures by epoch')
    parser.add_argument('--figure', type=Path)
    args = parser.parse_args()
    results = json.loads(args.results.read_text())
    if args.runs:
        results['by_epoch'] = curves_of(results, args.runs)
    if args.out:
        args.out.write_text(json.dumps(results) + '\n')
    runs = Runs.of(results)
    for title, (methods, measures) in TABLES.items():
        print(f'## {title}', *table_lines(runs, tuple(name for name in methods if name in runs.labels), measures), '', sep='\n')
    print('## Claims', *claim_lines(runs), sep='\n')
    if args.figure:
        draw(runs, args.figure)


if __name__ == '__main__':
    main()
