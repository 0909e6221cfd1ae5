"""The cells of a contact sheet: a picture, or a caption as text, in a coloured frame."""

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from .style import FONT_SIZE, INK, decoration

SIDE = 0.88  # of a cell, in places of a row
#: What is removed for an anchor of a direction; '' is a model of images alone.
ANCHOR_KIND = {'': 'image', 'image': 'image', 'text': 'text'}
REMOVED_KIND = {'': 'image', 'image': 'text', 'text': 'image'}
CAPTION_SIZE = FONT_SIZE - 3
#: Characters of a line and lines, of a caption in a cell and of one under a picture.
IN_CELL, UNDER = (11, 5), (14, 2)


def draw_image(axes: Axes, image: np.ndarray, left: float, color: str, dashed: bool = False) -> None:
    """One image (C, H, W) in a coloured frame."""
    picture = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
    axes.imshow(picture, extent=(left, left + SIDE, 0., SIDE), cmap='gray', vmin=0, vmax=255, interpolation='nearest')
    _draw_frame(axes, left, color, dashed)


def draw_caption(axes: Axes, caption: str, left: float, color: str, dashed: bool = False) -> None:
    """One caption in a coloured frame, as much of it as fits."""
    axes.text(left + 0.05, SIDE - 0.05, '\n'.join(wrapped(caption, *IN_CELL)), fontsize=CAPTION_SIZE, va='top',
              linespacing=1.1, color=INK.neutral)
    _draw_frame(axes, left, color, dashed)


def wrapped(text: str, width: int, lines: int) -> list[str]:
    """Wrap a text into at most ``lines`` lines of at most ``width`` characters; an ellipsis says that more follows."""
    found = textwrap.wrap(' '.join(str(text).split()), width) or ['']
    if len(found) > lines:
        found = [*found[:lines - 1], f'{found[lines - 1][:width - 1]}…']
    return found


def _draw_frame(axes: Axes, left: float, color: str, dashed: bool) -> None:
    frame = Rectangle((left, 0.), SIDE, SIDE, fill=False, edgecolor=color, linewidth=2.,
                      linestyle=(0, (2.5, 1.2)) if dashed else '-')
    decoration(axes.add_patch(frame))
