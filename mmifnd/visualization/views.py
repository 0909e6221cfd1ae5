"""A contact sheet of images and the views that training makes of them."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .style import FONT_SIZE, bare, figure_style, new_figure

CELL = 0.95  # inches


@figure_style()
def views_figure(rows: list[list[np.ndarray]]) -> Figure:
    """One row per image: itself, as the test sees it, then its views; each in its own size.

    Args:
        rows (list[list[ndarray]]): at least one row, all of one length; uint8 (C, H, W), C = 1 or 3.

    Raises:
        ValueError: if there is nothing to draw, or rows differ in length.
    """
    widths = {len(row) for row in rows}
    if len(widths) != 1 or widths == {0}:
        raise ValueError(f'rows of {sorted(widths)} pictures; expected at least one row, all of one length')
    columns = widths.pop()
    figure = new_figure(CELL * columns, CELL * len(rows) + 0.25)
    grid = figure.subplots(len(rows), columns, squeeze=False)
    largest = max(picture.shape[-1] for row in rows for picture in row[1:] or row)
    for axes_of_row, row in zip(grid, rows):
        for axes, picture in zip(axes_of_row, row):
            draw_picture(axes, picture, largest)
    for number, axes in enumerate(grid[0]):
        axes.set_title('image' if number == 0 else f'view {number}', fontsize=FONT_SIZE - 1, fontweight='normal', loc='center')
    return figure


def draw_picture(axes: Axes, picture: np.ndarray, largest: int) -> None:
    """One picture, in proportion to the ``largest`` view, so that small crops look small; the image itself fills its place."""
    bare(axes)
    axes.imshow(picture[0] if len(picture) == 1 else picture.transpose(1, 2, 0), cmap='gray', vmin=0, vmax=255,
                interpolation='nearest')
    height, width = picture.shape[-2:]
    margin = max(0., (largest - max(height, width)) / 2)
    axes.set(xlim=(-0.5 - margin, width - 0.5 + margin), ylim=(height - 0.5 + margin, -0.5 - margin))
