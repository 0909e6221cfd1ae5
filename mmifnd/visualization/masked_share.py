"""How much of its denominator each anchor lost, as a distribution."""

import numpy as np
from matplotlib.figure import Figure

from .style import GREEN, figure_style, panel

READING = ('Of the {pool}, the share that is no negative of an anchor any more: a bar at 0 are anchors that lost nothing, one '
           'far right anchors that have few negatives left.')
NUM_BINS = 40


@figure_style()
def masked_share_figure(shares: np.ndarray, epoch: int, pool: str) -> Figure:
    """Draw a histogram of the masked share of each anchor.

    Args:
        shares (ndarray): in [0, 1], (A,).
        epoch (int): of the snapshot.
        pool (str): of what it is a share, such as 'other images'.
    """
    percent = 100 * shares
    counts, edges = np.histogram(percent, NUM_BINS, (0., max(1., percent.max() * 1.02)))
    figure = panel(f'Masked share, epoch {epoch} (% of anchors)', 1)
    axes = figure.add_subplot()
    axes.stairs(100 * counts / len(shares), edges, fill=True, color=GREEN.neutral, alpha=0.6)
    axes.set_xlabel(f'{pool} masked (%)')
    axes.grid(axis='y', linewidth=0.8)
    axes.set_ylim(bottom=0)
    return figure


def describe(shares: np.ndarray, epoch: int, pool: str) -> str:
    """The histogram in words."""
    low, middle, high = 100 * np.percentile(shares, (5, 50, 95))
    return (f'Histogram of the share of the {pool} that an anchor lost at epoch {epoch}: median {middle:.3g} %, 90 % of '
            f'the anchors from {low:.3g} to {high:.3g} %.')
