"""The thresholds that a detector learns, one per image: their error, their distribution, and learned against exact."""

import numpy as np
from matplotlib.figure import Figure

from mmifnd.records.run_record import RunRecord
from mmifnd.records.snapshot import Snapshot

from .curves import Quantity
from .style import GREEN, INK, ROW_HEIGHT, decoration, figure_style, panel, series_styles

ERRORS = (
    Quantity('threshold_mae', 'Threshold error: mean absolute (cosine similarity)',
             'Mean distance of the learned thresholds to the exact quantiles at that moment; lower is better. Until a '
             'detector begins to learn, its thresholds stand at 1.',
             source='history', limits=(0., None)),
    Quantity('threshold_rmse', 'Threshold error: root mean square (cosine similarity)',
             'Like the mean absolute error, but single images that are far off weigh more; lower is better.',
             source='history', limits=(0., None)),
)
HISTOGRAM_READING = ('A negative more similar to its anchor than the anchor\'s threshold is detected as a false negative, '
                     'so the further left, the more is detected.')
SCATTER_READING = ('Each dot is an image. On the dashed diagonal the learned threshold is the exact quantile; above it '
                   'the threshold is too high and too little is detected, below it too much.')
STEP_READING = ('Thresholds of {count} anchors, the same in every run, when they were last trained on. A candidate that is '
                'more similar than the threshold is removed.')
NUM_BINS = 40
SETTLED = 0.02  # mean change of a threshold between two snapshots, a cosine similarity
NARROWEST = 1e-2  # range of an axis that all thresholds would fit in at one value


def threshold_epoch(record: RunRecord) -> int | None:
    """The last epoch whose snapshot keeps thresholds that can be drawn; None if there is none."""
    for epoch in reversed(record.epochs_with('thresholds')):
        if np.isfinite(record.snapshot(epoch).thresholds).any():
            return epoch
    return None


def step_thresholds(record: RunRecord) -> tuple[int, dict[str, np.ndarray]] | None:
    """The last epoch whose training steps recorded thresholds of directions, and these by direction; None if none did."""
    views = record.by_direction() if record.directions else {}
    for epoch in sorted({epoch for view in views.values() for epoch in view.step_paths}, reverse=True):
        steps = {name: view.steps(epoch)['thresholds'] for name, view in views.items() if epoch in view.step_paths}
        finite = {name: values[np.isfinite(values)].astype(float) for name, values in steps.items()}
        if any(len(values) for values in finite.values()):
            return epoch, {name: values for name, values in finite.items() if len(values)}
    return None


@figure_style()
def step_figure(epoch: int, thresholds: dict[str, np.ndarray]) -> Figure:
    """Draw how the thresholds of each direction's anchors are distributed."""
    figure = panel(f'Thresholds at epoch {epoch} (% of anchors)', 1)
    axes, styles = figure.add_subplot(), series_styles(list(thresholds))
    edges = np.linspace(*common_range(*thresholds.values()), NUM_BINS // 2 + 1)
    for name, values in thresholds.items():
        axes.stairs(shares(values, edges), edges, color=styles[name].color, linewidth=1.6, label=name)
    figure.legend(*axes.get_legend_handles_labels(), loc='outside lower left', ncols=2)
    axes.set_xlabel('cosine similarity')
    axes.grid(axis='y', linewidth=0.8)
    axes.set_ylim(bottom=0)
    return figure


def describe_steps(epoch: int, thresholds: dict[str, np.ndarray]) -> str:
    """The histogram in words."""
    medians = ', '.join(f'{np.median(values):.3g} for {name}' for name, values in thresholds.items())
    return f'Histogram of the thresholds at epoch {epoch}; medians: {medians}.'


def unsettled(record: RunRecord) -> str:
    """A warning if the thresholds still move: their mean change between the last two snapshots; '' if they have settled."""
    epochs = [epoch for epoch in record.epochs_with('thresholds') if np.isfinite(record.snapshot(epoch).thresholds).any()][-2:]
    if len(epochs) < 2:
        return ''
    before, last = (record.snapshot(epoch).thresholds.astype(float) for epoch in epochs)
    if before.shape != last.shape:
        return ''
    change = np.abs(last - before)[np.isfinite(before) & np.isfinite(last)]
    if not len(change) or change.mean() <= SETTLED:
        return ''
    return (f'The thresholds have not settled: between epochs {epochs[0]} and {epochs[1]} they moved by {change.mean():.3f} on '
            f'average, more than {SETTLED}; train longer, or raise their learning rate.')


def learned_and_exact(snapshot: Snapshot) -> tuple[np.ndarray, np.ndarray]:
    """Learned and exact thresholds of the anchors for which both are finite, float64 (a,) each; a may be 0."""
    if snapshot.thresholds is None or snapshot.exact_thresholds is None:
        return np.zeros(0), np.zeros(0)
    learned = snapshot.thresholds[snapshot.threshold_anchors].astype(float)
    exact = snapshot.exact_thresholds.astype(float)
    finite = np.isfinite(learned) & np.isfinite(exact)
    return learned[finite], exact[finite]


def common_range(*arrays: np.ndarray) -> tuple[float, float]:
    """Lowest and highest finite value of all arrays, widened where they (nearly) coincide."""
    values = np.concatenate(arrays).astype(float)
    values = values[np.isfinite(values)]
    missing = max(0., NARROWEST - np.ptp(values)) / 2
    return values.min() - missing, values.max() + missing


@figure_style()
def histogram_figure(snapshot: Snapshot) -> Figure:
    """Draw how the learned thresholds are distributed; the exact ones as an outline, where the snapshot has them.

    Raises:
        ValueError: if the snapshot has no finite threshold.
    """
    if snapshot.thresholds is None or not np.isfinite(snapshot.thresholds).any():
        raise ValueError(f'epoch {snapshot.epoch} keeps no thresholds; nothing to draw')
    learned, exact = snapshot.thresholds[np.isfinite(snapshot.thresholds)], learned_and_exact(snapshot)[1]
    edges = np.linspace(*common_range(learned, exact), NUM_BINS + 1)
    figure = panel(f'Thresholds at epoch {snapshot.epoch} (% of images)', 1)
    axes = figure.add_subplot()
    axes.stairs(shares(learned, edges), edges, fill=True, color=GREEN.neutral, alpha=0.6, label='learned')
    if len(exact):
        axes.stairs(shares(exact, edges), edges, color=INK.neutral, linewidth=1.4, label='exact')
        handles, names = axes.get_legend_handles_labels()
        figure.legend(handles, names, loc='outside lower left', ncols=2)
    axes.set_xlabel('cosine similarity')
    axes.grid(axis='y', linewidth=0.8)
    axes.set_ylim(bottom=0)
    return figure


def shares(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Percent of ``values`` in each bin."""
    return 100 * np.histogram(values.astype(float).clip(edges[0], edges[-1]), edges)[0] / len(values)


@figure_style()
def scatter_figure(snapshot: Snapshot) -> Figure:
    """Draw learned against exact thresholds, on axes of one scale with the diagonal.

    Raises:
        ValueError: if the snapshot has no exact threshold.
    """
    learned, exact = learned_and_exact(snapshot)
    if not len(learned):
        raise ValueError(f'epoch {snapshot.epoch} keeps no exact thresholds; nothing to draw')
    figure = panel(f'Learned against exact, epoch {snapshot.epoch} (cosine similarity)', 1.1 / ROW_HEIGHT)
    axes = figure.add_subplot()
    low, high = common_range(learned, exact)
    margin = 0.04 * (high - low)
    limits = (low - margin, high + margin)
    decoration(axes.plot(limits, limits, color=INK.neutral, linewidth=1.4, linestyle=(0, (4, 2)), zorder=3)[0])
    # Dots as one picture: thousands of vector marks would make the page slow.
    axes.scatter(exact, learned, color=GREEN.neutral, s=max(5., min(14., 6000 / len(exact))), alpha=0.6, linewidths=0,
                 rasterized=True)
    axes.set(xlim=limits, ylim=limits, xlabel='exact threshold', ylabel='learned threshold')
    axes.set_aspect('equal')
    axes.grid(linewidth=0.8)
    return figure


def error_sentence(snapshot: Snapshot) -> str:
    """Mean absolute error, and the share of the anchors whose threshold is too high."""
    learned, exact = learned_and_exact(snapshot)
    return (f'Over {len(learned)} images the mean absolute error is {np.abs(learned - exact).mean():.3g}; '
            f'{(learned > exact).mean():.0%} of the thresholds are too high.')


def describe_histogram(snapshot: Snapshot) -> str:
    """The histogram in words."""
    low, middle, high = np.nanpercentile(snapshot.thresholds, (5, 50, 95))
    return (f'Histogram of the learned thresholds at epoch {snapshot.epoch}: median {middle:.3g}, 90% of them from '
            f'{low:.3g} to {high:.3g}.')


def describe_scatter(snapshot: Snapshot) -> str:
    """The scatter plot in words."""
    return f'Scatter plot of learned against exact thresholds at epoch {snapshot.epoch}. {error_sentence(snapshot)}'
