"""A matplotlib figure as inline SVG that follows the page's colour scheme and says what it holds."""

import io
import re
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D

from .fonts import boxes_are_known
from .style import DECORATION, TONES, figure_style

RASTER_DPI = 220
#: The text of an element that has signs of what is replaced in attributes; a '>' in it or in an attribute is escaped.
_TEXT = re.compile(r'((?<=>)[^<]*["#][^<]*(?=<))')
NO_METADATA = dict.fromkeys(('Creator', 'Date', 'Format', 'Type'))


@dataclass(frozen=True)
class InlineSvg:
    """The markup of one figure, its number of axes and of drawn artists with data, and its width in CSS pixels."""

    markup: str
    axes: int
    marks: int
    width: int


def has_data(artist: Artist) -> bool:
    """Whether an artist shows at least one finite point, one path or one pixel."""
    if isinstance(artist, Line2D):
        return bool(np.isfinite(artist.get_xydata()).all(axis=1).any())
    if isinstance(artist, AxesImage):
        return artist.get_array().size > 0
    if isinstance(artist, Collection):
        points = artist.get_offsets() if artist.get_offset_transform() is artist.axes.transData else []
        return len(points) > 0 or any(len(path.vertices) for path in artist.get_paths())
    return len(artist.get_path().vertices) > 0  # type: ignore[attr-defined]  # a line or a patch


def marks_of(axes: Axes) -> list[Artist]:
    """The artists of ``axes`` that show data: lines, collections, patches and images, without decoration."""
    artists = [*axes.lines, *axes.collections, *axes.patches, *axes.images]
    return [artist for artist in artists if artist.get_label() != DECORATION and has_data(artist)]


def _svg_of(figure: Figure) -> str:
    """What ``figure.savefig`` writes with ``transparent=True``; it would draw the figure once more to lay it out."""
    canvas, buffer = FigureCanvasSVG(figure), io.StringIO()
    figure.set_dpi(RASTER_DPI)
    for patch in (figure.patch, *(axes.patch for axes in figure.axes)):
        patch.set(facecolor='none', edgecolor='none')
    canvas.print_svg(buffer, metadata=NO_METADATA)
    return buffer.getvalue()


def to_inline_svg(figure: Figure, prefix: str) -> InlineSvg:
    """Render ``figure`` as SVG for an HTML page.

    Data carry the id ``<prefix>mark_<n>`` (or are ``<image>`` elements), so that a script can count what is drawn;
    neutral tones become CSS variables; ids are made unique by ``prefix``.
    """
    marks = [artist for axes in figure.axes for artist in marks_of(axes)]
    for order, artist in enumerate(marks):
        artist.set_gid(f'mark_{order}')
    with figure_style(), boxes_are_known():
        markup = _svg_of(figure)
    markup = markup[markup.index('<svg'):]
    parts = _TEXT.split(markup)  # tags, and in between what a text of the figure says
    parts[::2] = (_of_page(tags, prefix) for tags in parts[::2])
    return InlineSvg(''.join(parts), len(figure.axes), len(marks), round(figure.get_figwidth() * 96))


def _of_page(tags: str, prefix: str) -> str:
    """Tags whose ids are unique on a page, and whose neutral tones are its variables."""
    tags = re.sub(r'\bid="', f'id="{prefix}', tags)
    tags = re.sub(r'(url\(|href=")#', rf'\g<1>#{prefix}', tags)
    for tone in TONES:
        tags = tags.replace(tone.neutral, f'var({tone.variable})')
    return tags
