"""How fast learned thresholds reach the quantile: error over visits, on a fixed stream and on one that drifts.

Each image has similarities from a normal distribution of its own (spread 0.1); a visit shows a batch of them. The exact
quantile is known, so the error is, too. The reference setting is that of GloFND's released code: Adam at a constant 0.05,
bias corrected by the number of the epoch, of which 70 have passed when the thresholds start.

    python tools/benchmarks/thresholds.py --out work_dirs/thresholds
"""

import argparse
import json
from pathlib import Path
from statistics import NormalDist

import torch
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from mmifnd.contrast import Contrast
from mmifnd.detectors import QuantileThresholdDetector
from mmifnd.functional.thresholds import batch_quantile

SPREAD = 0.1
STARTED = 70  # epochs before the thresholds start, as in the paper's ImageNet-100 recipe

SETTINGS = {
    'ours: Adam, decay, visits': dict(optimizer='adam', decay='exponential', bias_correction='visits'),
    'Adam, constant, visits': dict(optimizer='adam', decay='constant', bias_correction='visits'),
    'reference: Adam, constant, epoch': dict(optimizer='adam', decay='constant', bias_correction='epoch'),
    'SGD 1.0, constant': dict(optimizer='sgd', learning_rate=1., decay='constant'),
    'SGD 1.0, decay': dict(optimizer='sgd', learning_rate=1., decay='exponential'),
}


def contrast_of(similarity: torch.Tensor) -> Contrast:
    """A contrast of given similarities (N, C) of images 0 to N - 1; embeddings do not matter here."""
    images, candidates = similarity.shape
    none, index = torch.zeros(images, 1), torch.arange(images)
    return Contrast(none, none, torch.zeros(candidates, 1), index, torch.full((candidates,), images), none, similarity)


def errors_of(drift: float, args: argparse.Namespace) -> dict[str, list[float]]:
    """Mean absolute error after each visit, of each setting and of the batch quantile."""
    generator = torch.Generator().manual_seed(args.seed)
    detectors = {name: QuantileThresholdDetector(args.alpha, start_epoch=STARTED, **options)
                 for name, options in SETTINGS.items()}
    for detector in detectors.values():
        detector.bind(args.images)
    mean = torch.rand(args.images, generator=generator) * 0.3
    above = NormalDist().inv_cdf(1 - args.alpha) * SPREAD
    errors: dict[str, list[float]] = {name: [] for name in [*detectors, 'batch quantile']}
    for visit in range(args.visits):
        now = mean + drift * visit / args.visits
        draws = torch.randn(args.images, 4 * (args.batch - 1), generator=generator)
        similarity = (now.unsqueeze(1) + SPREAD * draws).clamp(-1, 1)
        exact = now + above
        for name, detector in detectors.items():
            detector.start_epoch(STARTED + visit, STARTED + args.visits)
            detector.observe(contrast_of(similarity))
            errors[name].append((detector.threshold - exact).abs().mean().item())
        one_view = similarity[:, :2 * (args.batch - 1)]
        errors['batch quantile'].append((batch_quantile(one_view, args.alpha) - exact).abs().mean().item())
    return errors


def draw(streams: dict[str, dict[str, list[float]]], path: Path) -> None:
    """Error over visits, a panel a stream."""
    figure = Figure(figsize=(10, 4), layout='constrained')
    for axes, (title, errors) in zip(figure.subplots(1, len(streams), sharey=True), streams.items()):
        for name, values in errors.items():
            axes.semilogy(range(1, len(values) + 1), values, label=name)
        axes.set(title=title, xlabel='visits of each image', ylabel='mean absolute error of the threshold')
        axes.grid(alpha=0.3)
    figure.legend(*axes.get_legend_handles_labels(), loc='outside lower center', ncols=3)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Run both streams, print the last errors, write JSON and a figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--alpha', type=float, default=0.01)
    parser.add_argument('--batch', type=int, default=128)
    parser.add_argument('--visits', type=int, default=130)
    parser.add_argument('--images', type=int, default=1000)
    parser.add_argument('--drift', type=float, default=0.2)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--out', default='work_dirs/thresholds')
    args = parser.parse_args()
    streams = {'fixed': errors_of(0., args), f'drifts by {args.drift:g}': errors_of(args.drift, args)}
    table = Table(title=f'mean absolute error after {args.visits} visits (batch {args.batch}, alpha {args.alpha:g})')
    for column in ('setting', *streams):
        table.add_column(column)
    for name in next(iter(streams.values())):
        table.add_row(name, *(f'{errors[name][-1]:.4f}' for errors in streams.values()))
    Console().print(table)
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / 'thresholds.json').write_text(json.dumps(dict(arguments=vars(args), errors=streams)))
    draw(streams, out / 'thresholds.png')


if __name__ == '__main__':
    main()
