"""Draw a finished study over batch sizes: F1 and 1-shot accuracy over the batch, and the share detected over epochs.

    python tools/study.py configs/studies/glofnd_batch_size_digits.py
    python tools/benchmarks/batch_size.py work_dirs/glofnd_batch_size_digits --out docs/images
"""

import argparse
import json
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmifnd.records.run_record import RunRecord
from mmifnd.visualization.curves import average, draw_curve, finish_axes, values_by_epoch
from mmifnd.visualization.detection import PREDICTED
from mmifnd.visualization.style import FAINT, INK, PANEL_WIDTH, decoration, figure_style, new_figure, series_styles

BATCH, ALPHA = 'train_dataloader.batch_size', 'model.head.detector.alpha'
MEASURES = ('step_f1_micro', 'shot_1')
OVER_BATCHES = ('+ FNC', '+ single threshold', '+ GloFND')
OVER_EPOCHS = ('+ FNC', '+ GloFND', '+ GloFND from 1')
STYLES = series_styles(['+ FNC', '+ single threshold', '+ GloFND', '+ GloFND from 1'])
HEIGHT, DPI = 2.5, 150


def kind(method: dict) -> str:
    """What a method does, whatever its batch and alpha."""
    return method['label'].split(',')[0]


def chosen(results: dict, kinds: tuple[str, ...], key: str, value: float) -> dict[str, list[str]]:
    """Kind -> names of the methods of that kind whose option ``key`` is ``value``."""
    return {name: [method for method, entry in results['methods'].items()
                   if kind(entry) == name and entry['options'].get(key) == value] for name in kinds}


@figure_style()
def over_batches(results: dict, alphas: list[float]) -> Figure:
    """A row an alpha, a column a measure: mean over seeds, with one standard deviation to either side."""
    figure = new_figure(2 * PANEL_WIDTH, HEIGHT * len(alphas))
    grid = figure.subplots(len(alphas), len(MEASURES), squeeze=False, sharex=True, sharey='col')
    for alpha, row in zip(alphas, grid):
        for measure, axes in zip(MEASURES, row):
            for name, methods in chosen(results, OVER_BATCHES, ALPHA, alpha).items():
                methods.sort(key=lambda method: results['methods'][method]['options'][BATCH])
                batches = [results['methods'][method]['options'][BATCH] for method in methods]
                found = [results['summary'][method][measure] for method in methods]
                axes.errorbar(batches, [entry['mean'] for entry in found], [entry['std'] or 0 for entry in found],
                              color=STYLES[name].color, marker=STYLES[name].marker, label=name, capsize=3)
            axes.set_title(f'{results["measures"][measure]["label"]} (%), alpha {alpha:g}')
            label_batches(axes, [entry['options'][BATCH] for entry in results['methods'].values()])
    finish(figure, grid, 'batch size')
    return figure


def label_batches(axes: Axes, batches: list[int]) -> None:
    """A logarithmic axis with a tick a batch size."""
    axes.set_xscale('log', base=2)
    axes.set_xticks(sorted(set(batches)), sorted(set(batches)))


@figure_style()
def over_epochs(results: dict, folder: Path, batches: list[int], alpha: float) -> Figure:
    """A panel a batch size: share of pairs that the training steps detected; alpha as a dashed line."""
    figure = new_figure(2 * PANEL_WIDTH, HEIGHT)
    grid = figure.subplots(1, len(batches), squeeze=False, sharey=True)
    for batch, axes in zip(batches, grid[0]):
        of_batch = chosen(results, OVER_EPOCHS, BATCH, batch)
        of_alpha = chosen(results, OVER_EPOCHS, ALPHA, alpha)
        for name in OVER_EPOCHS:
            methods = set(of_batch[name]) & set(of_alpha[name])
            series = [values_by_epoch(RunRecord.load(folder / run['work_dir']), PREDICTED)
                      for run in results['runs'] if run['method'] in methods]
            curve = average(series, name, STYLES[name])
            if curve:
                draw_curve(axes, curve, width=1.6)
        decoration(axes.axhline(100 * alpha, color=FAINT.neutral, linestyle='--', linewidth=1))
        axes.set_title(f'Detected pairs (%), batch {batch}')
        finish_axes(axes)
    finish(figure, grid, 'epoch')
    return figure


def finish(figure: Figure, grid, abscissa: str) -> None:
    """One legend, and what the horizontal axes show."""
    shown = {}
    for axes in grid.flat:
        axes.grid(axis='y', linewidth=0.8, alpha=0.3)
        axes.set_xlabel(abscissa if axes in grid[-1] else '')
        shown.update({label: handle for handle, label in zip(*axes.get_legend_handles_labels())})
    figure.legend(shown.values(), shown, loc='outside lower center', ncols=len(shown), labelcolor=INK.neutral)


def main() -> None:
    """Read ``results.json`` and the records of the runs, write two figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('study', help="the study's folder")
    parser.add_argument('--out', help="folder of the figures; default: the study's")
    args = parser.parse_args()
    folder = Path(args.study)
    results = json.loads((folder / 'results.json').read_text())
    out = Path(args.out or folder)
    out.mkdir(parents=True, exist_ok=True)
    over_batches(results, [0.05, 0.1]).savefig(out / 'glofnd_batch_size.png', dpi=DPI)
    over_epochs(results, folder, [32, 256], 0.1).savefig(out / 'glofnd_share.png', dpi=DPI)


if __name__ == '__main__':
    main()
