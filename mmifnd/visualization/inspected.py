"""The contact sheet of the images that a run was trained on."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from .cells import SIDE, draw_image
from .style import FAINT, FONT_SIZE, bare, figure_style, new_figure

COLUMNS = 8
CELL = 1.15  # inches

READING = ('Images as they are read, transparency on a background, the first page of several. The first ones are spread evenly '
           'over the folder; those after them are worth a look: flat, equal to another one, dark, transparent.')


@figure_style()
def inspection_figure(pictures: np.ndarray, titles: Sequence[str]) -> Figure:
    """A grid of small pictures with the names of their files.

    Args:
        pictures (ndarray): uint8 (n, 3, side, side), n > 0.
        titles (Sequence[str]): one per picture, in one or two lines.
    """
    rows = -(-len(pictures) // COLUMNS)
    figure = new_figure(CELL * COLUMNS, 1.3 * CELL * rows)
    for place, axes in enumerate(figure.subplots(rows, COLUMNS, squeeze=False).flat):
        if place >= len(pictures):
            axes.remove()
            continue
        bare(axes).set(xlim=(-.05, 1.), ylim=(-.05, SIDE + .07))
        axes.set_aspect('equal')
        draw_image(axes, pictures[place], 0., FAINT.neutral)
        axes.set_title(titles[place], fontsize=FONT_SIZE - 2.5, fontweight='normal', parse_math=False)
    return figure


def describe(titles: Sequence[str]) -> str:
    """The figure in words."""
    return f'A contact sheet of {len(titles)} images with the names of their files.'
