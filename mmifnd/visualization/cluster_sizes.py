"""Smallest and largest cluster over the epochs of a run: collapse and empty clusters show here first."""

from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure

from .curves import (
    BAND_OPACITY,
    Curve,
    Group,
    Quantity,
    add_legend,
    draw_curve,
    finish_axes,
    legend_rows,
    method_curves,
    nested_widths,
)
from .style import figure_style, panel

READING = ('Solid line: the largest cluster, dashed line: the smallest one; lines that drift apart mean that one '
           'cluster swallows the others.')


def extreme_curves(groups: list[Group], num_clusters: int) -> tuple[list[Curve], list[Curve]]:
    """Curves of the largest and of the smallest cluster, of the groups that have this granularity."""
    having = []
    for group in groups:
        records = [record for record in group.records if any(
            granularity['num_clusters'] == num_clusters for entry in record.history
            for granularity in entry['granularities'])]
        having.append(replace(group, records=records))
    largest = method_curves(having, Quantity('cluster_size_max', '', ''), num_clusters)
    smallest = method_curves(having, Quantity('cluster_size_min', '', ''), num_clusters)
    return largest, smallest


@figure_style()
def cluster_size_figure(groups: list[Group], num_clusters: int) -> Figure:
    """Draw the largest (solid) and smallest (dashed) cluster of one granularity over epochs, mean over seeds.

    Raises:
        ValueError: if no run used this number of clusters.
    """
    largest, smallest = extreme_curves(groups, num_clusters)
    if not largest:
        raise ValueError(f'no run recorded cluster sizes for k = {num_clusters}; nothing to draw')
    figure = panel(f'Cluster sizes, k = {num_clusters} (images)', legend_rows([curve.label for curve in largest]))
    axes = figure.add_subplot()
    for upper, lower, width in zip(largest, smallest, nested_widths(len(largest))):
        draw_curve(axes, replace(upper, spread=np.zeros(len(upper.epochs))), width)
        axes.plot(lower.epochs, lower.mean, color=lower.style.color, linewidth=width, linestyle=(0, (4, 2)))
    if len(largest) == 1 and smallest:
        axes.fill_between(upper.epochs, lower.mean, upper.mean, color=upper.style.color, alpha=BAND_OPACITY,
                          linewidth=0)
    finish_axes(axes)
    axes.set_ylim(bottom=0)
    add_legend(figure, axes)
    return figure


def describe(groups: list[Group], num_clusters: int) -> str:
    """The figure in words: sizes at the last clustering."""
    largest, smallest = extreme_curves(groups, num_clusters)
    parts = [f'{upper.label} {lower.mean[-1]:.0f} to {upper.mean[-1]:.0f} images'
             for upper, lower in zip(largest, smallest)]
    return f'Line chart. Smallest to largest of {num_clusters} clusters at the last clustering: {"; ".join(parts)}.'
