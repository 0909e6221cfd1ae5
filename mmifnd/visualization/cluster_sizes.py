"""Smallest and largest cluster over the epochs of a run: collapse and empty clusters show here first."""

import math
from dataclasses import replace

from matplotlib.figure import Figure

from .curves import BAND_OPACITY, Curve, Group, Quantity, add_legend, finish_axes, method_curves
from .style import figure_style, new_figure

READING = ('Solid line: the largest cluster, dashed line: the smallest one; lines that drift apart mean that one cluster '
           'swallows the others.')


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
        ValueError: where no run used this number of clusters.
    """
    largest, smallest = extreme_curves(groups, num_clusters)
    if not largest:
        raise ValueError(f'no run recorded cluster sizes for k = {num_clusters}; nothing to draw')
    figure = new_figure(4.6, 2.9 + 0.18 * max(0, math.ceil(len(largest) / 2) - 1))
    axes = figure.add_subplot()
    for upper, lower in zip(largest, smallest):
        axes.plot(upper.epochs, upper.mean, color=upper.style.color, marker=upper.style.marker, label=upper.label,
                  markevery=max(1, len(upper.epochs) // 8))
        axes.plot(lower.epochs, lower.mean, color=lower.style.color, linestyle=(0, (4, 2)))
    if len(largest) == 1 and smallest:
        axes.fill_between(upper.epochs, lower.mean, upper.mean, color=upper.style.color, alpha=BAND_OPACITY,
                          linewidth=0)
    finish_axes(axes, f'Cluster sizes, k = {num_clusters} (images)')
    axes.set_ylim(bottom=0)
    add_legend(figure, axes, len(largest))
    return figure


def describe(groups: list[Group], num_clusters: int) -> str:
    """The figure in words: sizes at the last clustering."""
    largest, smallest = extreme_curves(groups, num_clusters)
    parts = [f'{upper.label} {lower.mean[-1]:.0f} to {upper.mean[-1]:.0f} images'
             for upper, lower in zip(largest, smallest)]
    return f'Line chart. Smallest to largest of {num_clusters} clusters at the last clustering: {"; ".join(parts)}.'
