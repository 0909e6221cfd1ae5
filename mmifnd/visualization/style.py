"""Colours, markers and sizes of every figure, in one place.

A figure is drawn in neutral tones, which can be read on white and on black. On its way into a page each of them
becomes a CSS variable (``Tone.variable``) with a darker value for light pages and a lighter one for dark pages.
"""

import colorsys
from dataclasses import dataclass
from textwrap import fill

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .fonts import families


@dataclass(frozen=True)
class Tone:
    """One colour: its CSS variable and what it is in a file of its own, on a light page and on a dark page."""

    variable: str
    neutral: str
    light: str
    dark: str


INK = Tone('--ink', '#777d85', '#1f2328', '#e8eaed')
FAINT = Tone('--faint', '#8b9199', '#636a73', '#9aa1ab')
GRID = Tone('--grid', '#8c949e', '#dfe3e8', '#343a42')
PAPER = Tone('--paper', '#fefefe', '#ffffff', '#14171b')
# Okabe and Ito's colours for every kind of colour vision; light and dark values keep a contrast of 3 to the page.
ORANGE = Tone('--orange', '#e69f00', '#b97c00', '#f0b030')
SKY = Tone('--sky', '#56b4e9', '#2c93cc', '#7cc8f2')
GREEN = Tone('--green', '#009e73', '#008a65', '#17b88b')
BLUE = Tone('--blue', '#0072b2', '#0063a0', '#3a93d6')
VERMILLION = Tone('--vermillion', '#d55e00', '#c85500', '#ee7a24')
PURPLE = Tone('--purple', '#cc79a7', '#b3558b', '#dc92bb')
YELLOW = Tone('--yellow', '#d9c91a', '#8d8200', '#f0e442')
TONES = (INK, FAINT, GRID, PAPER, ORANGE, SKY, GREEN, BLUE, VERMILLION, PURPLE, YELLOW)

SAME, OTHER = BLUE.neutral, VERMILLION.neutral
DECORATION = '_decoration'
UNACCEPTED = '#9aa0a880'
CLASS_COLORS = ('#56b4e9', '#e69f00', '#009e73', '#d55e00', '#0072b2', '#cc79a7', '#d9c91a', '#8a5bd6', '#9c6644',
                '#8bc34a')
GOLDEN_RATIO = 0.618034

FONT_SIZE = 9.
PANEL_WIDTH = 3.8
ROW_HEIGHT = 0.18
TITLE_CHARACTERS = 38
SETTINGS = {
    'font.size': FONT_SIZE, 'axes.titlesize': FONT_SIZE + 1, 'axes.titleweight': 'bold', 'axes.titlelocation': 'left',
    'axes.labelsize': FONT_SIZE, 'legend.fontsize': FONT_SIZE - 0.5, 'legend.frameon': False,
    'text.color': INK.neutral, 'axes.labelcolor': INK.neutral, 'axes.titlecolor': INK.neutral,
    'axes.edgecolor': FAINT.neutral, 'xtick.color': FAINT.neutral, 'ytick.color': FAINT.neutral,
    'xtick.labelcolor': INK.neutral, 'ytick.labelcolor': INK.neutral, 'grid.color': GRID.neutral,
    'axes.spines.top': False, 'axes.spines.right': False, 'axes.axisbelow': True, 'axes.facecolor': 'none',
    'figure.facecolor': 'none', 'savefig.facecolor': 'none', 'lines.linewidth': 1.8, 'lines.markersize': 5.,
    'image.composite_image': False, 'svg.fonttype': 'none', 'svg.hashsalt': 'mmifnd', 'text.parse_math': False,
}


@dataclass(frozen=True)
class SeriesStyle:
    """How one method or run is drawn in every figure of a report."""

    color: str
    marker: str


SERIES = (
    SeriesStyle(INK.neutral, 'o'), SeriesStyle(VERMILLION.neutral, 's'), SeriesStyle(BLUE.neutral, '^'),
    SeriesStyle(GREEN.neutral, 'D'), SeriesStyle(ORANGE.neutral, 'v'), SeriesStyle(PURPLE.neutral, 'P'),
    SeriesStyle(SKY.neutral, 'X'), SeriesStyle(YELLOW.neutral, '*'))
# Well-known methods look the same in every report; all others take what is left, in their order.
FIXED_SERIES = {
    'simclr': 0, 'mocov2': 0, 'ifnd': 1, 'ifnd_linear': 1, 'ifnd_step': 2, 'ifnd_constant': 3, 'glofnd': 4, 'supcon': 5}


def series_styles(names: list[str]) -> dict[str, SeriesStyle]:
    """A style for every name: the fixed one of a well-known method, else the next that is free."""
    positions = {}
    for name in names:
        position = FIXED_SERIES.get(name)
        if position is not None and position not in positions.values():
            positions[name] = position
    free = [position for position in range(len(SERIES)) if position not in positions.values()] or list(range(len(SERIES)))
    others = [name for name in names if name not in positions]
    positions.update({name: free[order % len(free)] for order, name in enumerate(others)})
    return {name: SERIES[positions[name]] for name in names}


def class_colors(count: int) -> np.ndarray:
    """RGBA colours (count, 4) of classes 0 .. count - 1; beyond ten they are spread over the hues."""
    if count <= len(CLASS_COLORS):
        return matplotlib.colors.to_rgba_array(CLASS_COLORS[:count])
    hues = [(order * GOLDEN_RATIO) % 1 for order in range(count)]
    return matplotlib.colors.to_rgba_array([colorsys.hls_to_rgb(hue, 0.5, 0.7) for hue in hues])


def figure_style():
    """Context manager, or decorator of a function that draws, under which figures look alike."""
    return matplotlib.rc_context({**SETTINGS, 'font.family': list(families())})


def new_figure(width: float, height: float, title: str = '') -> Figure:
    """An empty figure of the given size in inches, on an Agg canvas and outside pyplot's global state.

    The title begins at the figure's left edge: over axes with long tick labels it would be cut at the right.
    """
    figure = Figure(figsize=(width, height), layout='constrained')
    FigureCanvasAgg(figure)
    if title:
        figure.suptitle(fill(title, TITLE_CHARACTERS), x=0.01, ha='left', weight='bold', size=FONT_SIZE + 1)
    return figure


def panel(title: str, rows: float) -> Figure:
    """A figure as wide as a column of the page, with room for ``rows`` lines of text under or beside its axes."""
    height = 2.45 + ROW_HEIGHT * rows + ROW_HEIGHT * (len(fill(title, TITLE_CHARACTERS).splitlines()) - 1)
    return new_figure(PANEL_WIDTH, height, title)


def bare(axes: Axes) -> Axes:
    """Take ticks and frame off axes that show a picture or a map without units."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    return axes


def decoration(artist):
    """Mark an artist as no data, so that it does not count as something drawn."""
    artist.set_label(DECORATION)
    return artist
