"""What a training changes by plan, over its epochs."""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from .style import BLUE, GREEN, PANEL_WIDTH, VERMILLION, figure_style, new_figure

COLORS = (BLUE, VERMILLION, GREEN)
HEIGHT = 1.7  # inches a panel


@dataclass(frozen=True)
class Schedule:
    """A planned value.

    Attributes:
        title (str): title with the unit.
        epochs (ndarray): completed epochs, ascending, (P,).
        values (ndarray): (P,).
        held (bool): whether a value holds until the next one, or the curve is smooth.
    """

    title: str
    epochs: np.ndarray
    values: np.ndarray
    held: bool = False


@figure_style()
def schedules_figure(schedules: list[Schedule]) -> Figure:
    """One panel per schedule, over the same epochs.

    Raises:
        ValueError: if there is none.
    """
    if not schedules:
        raise ValueError('the config changes nothing over the epochs; nothing to draw')
    figure = new_figure(1.5 * PANEL_WIDTH, HEIGHT * len(schedules) + 0.2)
    panels = figure.subplots(len(schedules), 1, sharex=True, squeeze=False)[:, 0]
    for axes, schedule, color in zip(panels, schedules, COLORS):
        axes.plot(schedule.epochs, schedule.values, color=color.neutral,
                  drawstyle='steps-post' if schedule.held else 'default')
        axes.set_title(schedule.title)
        axes.set_ylim(bottom=0)
        axes.margins(x=0)
        axes.grid(axis='y', linewidth=0.6, alpha=0.5)
    panels[-1].set_xlabel('epoch')
    return figure
