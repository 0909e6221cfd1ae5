"""The tables of docs/claims.md from the runs of tools/benchmarks/glyph_study.py, and the figure.

    python tools/benchmarks/glyph_tables.py work_dirs/glyphs/*.jsonl --out docs/results/glyphs.json
    python tools/benchmarks/glyph_tables.py docs/results/glyphs.json --figure docs/images/classes.png
"""

import argparse
import json
from pathlib import Path

from glyph_study import ARMS, DEPTHS, TEMPERATURES, best_temperatures, key_of

from mmifnd.evaluation import mean_and_spread, paired_t_test, summarise
from mmifnd.studies.gaps import compare_gaps, gap_sentences

LABELS = dict(simclr='SimCLR', random='random pairs', ifnd='IFND, k = C', ifnd_2k='IFND, k = 2C', glofnd='GloFND',
              oracle='oracle', supcon='SupCon', attraction='attraction by IFND')
BATCHES = (64, 256, 1024)
MEASURES = dict(knn='kNN, common task', linear='linear, common task', knn_own='kNN, own classes',
                linear_own='linear, own classes')


class Runs:
    """The records of a file; a linear probe's are joined with those of their run."""

    def __init__(self, records: list[dict]) -> None:
        joined: dict[tuple, dict] = {}
        for record in records:
            stage = record['stage'].removesuffix('_linear')
            key = stage, record['classes'], record['arm'], record['seed'], record['temperature'], record['depth']
            joined.setdefault(key, {}).update(record, stage=stage)
        self.records = list(joined.values())

    def by_seed(self, measure: str, **wanted) -> dict[int, float]:
        """The measure of the runs with these properties, by seed."""
        return {r['seed']: r[measure] for r in self.records
                if measure in r and all(r[name] == value for name, value in wanted.items())}

    def classes(self, stage: str) -> list[int]:
        """Numbers of classes that a stage has runs of."""
        return sorted({r['classes'] for r in self.records if r['stage'] == stage})


def read_runs(path: Path) -> list[dict]:
    """The runs of a file: a JSON list, or one run a line."""
    text = path.read_text()
    return json.loads(text) if text.startswith('[') else [json.loads(line) for line in text.splitlines()]


def row(*cells: str) -> str:
    """A line of a table in Markdown."""
    return f'| {" | ".join(cells)} |'


def cell(values: dict[int, float], digits: int = 1) -> str:
    """Mean and spread over seeds."""
    if not values:
        return '-'
    found = summarise(values.values())
    return mean_and_spread(found.mean, found.standard_deviation, digits, ' ± ')


def p_of(one: dict[int, float], other: dict[int, float]) -> float | None:
    """One-sided p of one > other over the seeds of both."""
    both = sorted(set(one) & set(other))
    return paired_t_test([one[s] for s in both], [other[s] for s in both])['p_one_sided'] if both else None


def temperature_lines(runs: Runs) -> list[str]:
    """The chosen temperatures."""
    numbers = runs.classes('selection')
    lines = [row('arm', *(f'{n} classes' for n in numbers)), row('---', *['---:'] * len(numbers))]
    chosen = {n: best_temperatures([r for r in runs.records if r['classes'] == n]) for n in numbers}
    keys = [*ARMS, *(key_of(arm, depth) for arm in ('oracle', 'supcon') for depth in DEPTHS)]
    return lines + [row(LABELS.get(key, key), *(f'{chosen[n][key]:g}' if key in chosen[n] else '-' for n in numbers))
                    for key in keys if any(key in chosen[n] for n in numbers)]


def arm_lines(runs: Runs, stage: str, measure: str, digits: int = 1) -> list[str]:
    """A measure of all arms, a column a number of classes."""
    numbers = runs.classes(stage)
    lines = [row('arm', *(f'{n} classes' for n in numbers)), row('---', *['---:'] * len(numbers))]
    return lines + [row(LABELS[arm], *(cell(runs.by_seed(measure, stage=stage, classes=n, arm=arm), digits) for n in numbers))
                    for arm in ARMS]


def gaps_of(runs: Runs, stage: str, arm: str, measure: str) -> dict:
    """The gap of an arm to SimCLR, compared between numbers of classes."""
    return compare_gaps({str(n): tuple(runs.by_seed(measure, stage=stage, classes=n, arm=name) for name in (arm, 'simclr'))
                         for n in runs.classes(stage)})


def decision_lines(runs: Runs, stage: str) -> list[str]:
    """Gaps to SimCLR with their comparison between numbers of classes, for each measure."""
    lines = []
    for measure, label in MEASURES.items():
        for arm in ('oracle', 'supcon'):
            found = gaps_of(runs, stage, arm, measure)
            labels = {name: f'{name} classes' for name in found['gaps']}
            lines += [f'- {LABELS[arm]} - SimCLR, {label}: {line}' for line in gap_sentences(found, labels)]
    return lines


def share_lines(runs: Runs, stage: str, measure: str = 'knn') -> list[str]:
    """What share of the oracle's and of SupCon's gap each detector closes, and p against random pairs."""
    lines = [row('arm', 'classes', 'gain over SimCLR', 'p', 'of the oracle\'s gap', 'of SupCon\'s gap', 'p against random'),
             row(*['---'] * 2, *['---:'] * 5)]
    for arm in ('ifnd', 'ifnd_2k', 'glofnd', 'random'):
        for n in runs.classes(stage):
            def of(name: str, n: int = n) -> dict[int, float]:
                return runs.by_seed(measure, stage=stage, classes=n, arm=name)
            means = {name: summarise(of(name).values()).mean for name in (arm, 'simclr', 'oracle', 'supcon') if of(name)}
            if len(means) < 4:
                continue
            gain = means[arm] - means['simclr']
            shares = []
            for name in ('oracle', 'supcon'):
                p = p_of(of(name), of('simclr'))
                shares.append(f'{100 * gain / (means[name] - means["simclr"]):.0f} %' if p is not None and p < 0.05
                              else 'no gap')
            lines.append(row(LABELS[arm], str(n), f'{gain:+.2f}', f'{p_of(of(arm), of("simclr")):.3g}', *shares,
                             '-' if arm == 'random' else f'{p_of(of(arm), of("random")):.3g}'))
    return lines


def batch_points(runs: Runs, classes: int) -> list[tuple[int, float, float, float]]:
    """Batch, temperature, mass in SimCLR and harm (both means over seeds) of the runs with equal temperatures."""
    points = []
    for size in BATCHES:
        for t in TEMPERATURES:
            one, other, mass = _of_batch(runs, classes, size, t)
            if one and other:
                harm = summarise(one[s] - other[s] for s in one if s in other).mean
                points.append((size, t, summarise(mass.values()).mean, harm))
    return points


def batch_lines(runs: Runs) -> list[str]:
    """Mass of false negatives and harm, by number of classes, batch and temperature."""
    from scipy.stats import spearmanr
    names = ('classes', 'batch', 'temperature', 'mass in SimCLR, %', 'SimCLR', 'oracle', 'harm', 'seeds')
    lines = [row(*names), row(*['---:'] * 8)]
    every = []
    for n in runs.classes('total'):
        for size, t, *point in batch_points(runs, n):
            one, other, mass = _of_batch(runs, n, size, t)
            harm = {s: one[s] - other[s] for s in one if s in other}
            lines.append(row(str(n), str(size), f'{t:g}', *map(cell, (mass, other, one, harm)), str(len(harm))))
            every.append(point)
    found = spearmanr(*zip(*every))
    return [*lines, '', f'Rank correlation of mass and harm over {len(every)} settings: {found.statistic:.2f}']


def _of_batch(runs: Runs, classes: int, size: int, temperature: float) -> list[dict[int, float]]:
    """kNN of the oracle and of SimCLR, and SimCLR's mass, by seed."""
    wanted = dict(stage=f'batch_{size}', classes=classes, temperature=temperature)
    return [runs.by_seed(measure, arm=arm, **wanted)
            for measure, arm in (('knn', 'oracle'), ('knn', 'simclr'), ('false_mass', 'simclr'))]


def depth_lines(runs: Runs) -> list[str]:
    """Oracle and SupCon by the depth of their labels."""
    lines = [row('labels', *(f'{LABELS[arm]}, {MEASURES["knn"]}' for arm in ('oracle', 'supcon'))), row('---', '---:', '---:')]
    for depth in ('code_point', *DEPTHS):
        stage = 'total' if depth == 'code_point' else 'depth'
        lines.append(row(depth.replace('_', ' '), *(cell(runs.by_seed('knn', stage=stage, classes=200, arm=arm, depth=depth))
                                                    for arm in ('oracle', 'supcon'))))
    return lines


def draw(runs: Runs, path: Path) -> None:
    """Gains in points and in log-odds over the number of classes, and harm over the softmax mass."""
    import matplotlib
    matplotlib.use('Agg')
    import matplotlib.pyplot as plt
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.4), constrained_layout=True)
    for arm, colour in (('oracle', '#1b6ca8'), ('supcon', '#c8553d'), ('ifnd', '#4c956c')):
        gaps = gaps_of(runs, 'total', arm, 'knn')['gaps']
        for axis, kind in zip(axes, ('', 'log_odds_')):
            axis.errorbar(list(gaps), [g[f'{kind}mean'] for g in gaps.values()], [g[f'{kind}std'] for g in gaps.values()],
                          label=LABELS[arm], color=colour, marker='o', capsize=3)
    for axis, title in zip(axes, ('gain over SimCLR, points of kNN', 'gain over SimCLR, log-odds of kNN')):
        axis.set(title=title, xlabel='classes')
        axis.axhline(0, color='0.7', linewidth=0.8)
    for n, colour in zip(runs.classes('total'), ('#1b6ca8', '#4c956c', '#c8553d')):
        points = batch_points(runs, n)
        axes[2].plot([p[2] for p in points], [p[3] for p in points], 'o', color=colour, markersize=4, label=f'{n} classes')
    axes[2].axhline(0, color='0.7', linewidth=0.8)
    axes[2].set(title='oracle - SimCLR, points of kNN', xlabel='softmax mass of false negatives in SimCLR, %')
    axes[2].legend(frameon=False, loc='upper left')
    axes[0].legend(frameon=False)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('runs', type=Path, nargs='+', help='files of the study, or one that --out wrote')
    parser.add_argument('--figure', type=Path)
    parser.add_argument('--out', type=Path, help='write all runs into one file')
    args = parser.parse_args()
    runs = Runs([run for path in args.runs for run in read_runs(path)])
    if args.out:
        args.out.write_text('[\n' + ',\n'.join(map(json.dumps, runs.records)) + '\n]\n')
    print('## Temperatures', *temperature_lines(runs), sep='\n')
    for stage in ('total', 'per_class'):
        for measure, label in {**MEASURES, 'false_mass': 'softmax mass of false negatives, %', 'precision': 'precision, %',
                               'recall': 'recall, %'}.items():
            if any(measure in r for r in runs.records if r['stage'] == stage):
                print(f'\n## {stage}: {label}', *arm_lines(runs, stage, measure), sep='\n')
        if runs.classes(stage):
            print(f'\n## {stage}: decisions', *decision_lines(runs, stage), '', *share_lines(runs, stage), sep='\n')
    print('\n## Depth', *depth_lines(runs), '\n## Batch', *batch_lines(runs), sep='\n')
    if args.figure:
        draw(runs, args.figure)


if __name__ == '__main__':
    main()
