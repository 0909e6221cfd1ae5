"""A figure as a file of its own, on white."""

import sys
from pathlib import Path

from matplotlib.collections import Collection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

from mmifnd.files import write_by

from .fonts import boxes_are_known, named, unwritten
from .style import TONES, figure_style

DPI = 150
COLORS = ((Text, 'color'), (Line2D, 'color'), (Line2D, 'markerfacecolor'), (Line2D, 'markeredgecolor'), (Patch, 'edgecolor'),
          (Patch, 'facecolor'), (Collection, 'edgecolor'))
LIGHT = {tone.neutral: tone.light for tone in TONES}


@figure_style()
def save_picture(figure: Figure, path: str | Path) -> None:
    """Write ``figure`` in the format that the name says, in the colours of a light page.

    A line on standard error names the characters that no installed font has, for which boxes are drawn.
    """
    with boxes_are_known():
        figure.canvas.draw()  # ticks and their labels exist after this
        for artist in figure.findobj():
            for kind, name in COLORS:
                if isinstance(artist, kind):
                    recolor(artist, name)
        kind = Path(path).suffix.removeprefix('.') or 'png'
        write_by(path, lambda file: figure.savefig(file, format=kind, dpi=DPI, facecolor='white'))
    boxes = unwritten(''.join(text.get_text() for text in figure.findobj(Text)))
    if boxes:
        print(f'{path}: boxes are drawn for {named(boxes)}, which no font has that matplotlib finds; install one, such as '
              'fonts-noto-cjk', file=sys.stderr)


def recolor(artist, name: str) -> None:
    """Replace the neutral tone that ``artist`` has as its ``name``, where it has one; the alpha stays."""
    color = getattr(artist, f'get_{name}')()
    if isinstance(artist, Collection):
        if len(color) != 1:
            return
        color = color[0]
    light = None if isinstance(color, str) and color == 'none' else LIGHT.get(to_hex(color))
    if light:
        getattr(artist, f'set_{name}')(light)
