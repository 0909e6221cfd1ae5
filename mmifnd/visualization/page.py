"""The HTML of a report: one self-contained page, without scripts and without anything to load."""

from dataclasses import dataclass, field
from html import escape

from matplotlib.figure import Figure

from .fonts import named, unwritten
from .style import TONES
from .svg import to_inline_svg

LIGHT = ' '.join(f'{tone.variable}: {tone.light};' for tone in TONES)
DARK = ' '.join(f'{tone.variable}: {tone.dark};' for tone in TONES)
STYLESHEET = f'''
:root {{ color-scheme: light dark; {LIGHT} }}
@media (prefers-color-scheme: dark) {{ :root {{ {DARK} }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 76rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; }}
h1 {{ font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; overflow-wrap: anywhere; }}
h2 {{ font-size: 1.2rem; margin: 2.5rem 0 .3rem; padding-top: .8rem; border-top: 1px solid var(--grid); }}
h3 {{ font-size: 1rem; margin: 1.4rem 0 .3rem; overflow-wrap: anywhere; }}
p {{ margin: .3rem 0 .8rem; max-width: 48rem; }}
.note, figcaption {{ color: var(--faint); font-size: .875rem; line-height: 1.4; }}
.alarms {{ margin: 0 0 1.2rem; padding: .5rem .5rem .5rem 2rem; max-width: 52rem; border-left: .3rem solid var(--vermillion);
  overflow-wrap: anywhere; }}
.grid {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); gap: 1.5rem 2rem; }}
.figure {{ margin: 0 0 1rem; min-width: 0; }}
.grid .figure {{ max-width: 32rem; }}
.scroll {{ overflow-x: auto; margin-bottom: 1rem; }}
.figure .scroll {{ margin-bottom: .4rem; }}
.figure svg {{ display: block; width: 100%; height: auto; max-width: var(--width); }}
.wide svg {{ min-width: calc(.8 * var(--width)); }}
.figure svg text {{ font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif !important; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .925rem; }}
th, td {{ padding: .35rem .7rem .35rem 0; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--grid); }}
th:first-child, td:first-child {{ text-align: left; position: sticky; left: 0; background: var(--paper); }}
td.text, th.text {{ text-align: left; }}
td.text:not(:first-child) {{ white-space: normal; min-width: 9rem; overflow-wrap: anywhere; }}
th {{ font-weight: 600; vertical-align: bottom; white-space: normal; max-width: 9rem; }}
td.best {{ font-weight: 700; }}
pre {{ overflow-x: auto; padding: .7rem .9rem; border: 1px solid var(--grid); border-radius: .4rem;
  font-size: .85rem; }}
.wide figcaption {{ max-width: 52rem; }}
details {{ margin: 0 0 .6rem; }}
summary {{ cursor: pointer; overflow-wrap: anywhere; }}
ol.captions {{ columns: 16rem; font-size: .875rem; overflow-wrap: anywhere; }}
details .note {{ overflow-wrap: anywhere; max-width: none; }}
'''
BOXES = ('Names on this page have characters for which the machine that wrote it has no font: {characters}. A browser without '
         'one shows boxes in their place; install a font that has them, such as fonts-noto-cjk.')


@dataclass(frozen=True)
class Cell:
    """A cell of a table: its text, and whether it is the best of its column."""

    text: str
    best: bool = False


def table(headers: list[str], rows: list[list[str | Cell]], caption: str, text_columns: int = 1) -> str:
    """A table that scrolls sideways on a narrow screen; the first ``text_columns`` are aligned left."""
    def cells(tag: str, row: list[str | Cell]) -> str:
        parts = []
        for column, cell in enumerate(row):
            cell = cell if isinstance(cell, Cell) else Cell(cell)
            names = ['text'] * (column < text_columns) + ['best'] * cell.best
            attribute = f' class="{" ".join(names)}"' if names else ''
            parts.append(f'<{tag}{attribute}>{escape(cell.text)}</{tag}>')
        return f'<tr>{"".join(parts)}</tr>'

    body = '\n'.join(cells('td', row) for row in rows)
    return (f'<p class="note">{escape(caption)}</p>\n<div class="scroll"><table>\n'
            f'<thead>{cells("th", headers)}</thead>\n<tbody>\n{body}\n</tbody></table></div>')


@dataclass
class Page:
    """Sections of a page in order; numbers the figures, so that ids in their SVG do not clash."""

    title: str
    subtitle: str
    parts: list[str] = field(default_factory=list)
    figures: int = 0

    def section(self, title: str, sentence: str) -> None:
        """Begin a section with one sentence on what it shows."""
        self.parts.append(f'<h2>{escape(title)}</h2>\n<p>{escape(sentence)}</p>')

    def subsection(self, title: str) -> None:
        """Begin a part of a section."""
        self.parts.append(f'<h3>{escape(title)}</h3>')

    def note(self, text: str) -> None:
        """A remark in small print."""
        self.parts.append(f'<p class="note">{escape(text)}</p>')

    def alarms(self, lines: list[str]) -> None:
        """Warnings, one line each; nothing if there are none."""
        if lines:
            items = '\n'.join(f'<li>{escape(line)}</li>' for line in lines)
            self.parts.append(f'<ul class="alarms">\n{items}\n</ul>')

    def add(self, markup: str) -> None:
        """Markup that is already escaped, such as that of ``table``."""
        self.parts.append(markup)

    def grid(self, figures: list[tuple[Figure, str, str]]) -> None:
        """Figures (with caption and alternative text) side by side if there is room."""
        self.parts.append(f'<div class="grid">{"".join(self.markup(*figure) for figure in figures)}</div>')

    def wide(self, figure: Figure, caption: str, alternative: str) -> None:
        """A figure over the full width, which scrolls sideways on a narrow screen."""
        self.parts.append(self.markup(figure, caption, alternative, wide=True))

    def markup(self, figure: Figure, caption: str, alternative: str, wide: bool = False) -> str:
        """The figure element; ``data-axes`` and ``data-marks`` say what ``check_report`` has to find in it."""
        self.figures += 1
        svg = to_inline_svg(figure, f'f{self.figures}-')
        label = escape(alternative, quote=True)
        drawing = svg.markup.replace('<svg', f'<svg role="img" aria-label="{label}"', 1)
        return (f'<figure class="figure{" wide" * wide}" id="figure-{self.figures}" data-axes="{svg.axes}" '
                f'data-marks="{svg.marks}" style="--width: {round(svg.width * 1.15)}px">\n'
                f'<div class="scroll">{drawing}</div>\n<figcaption>{escape(caption)}</figcaption></figure>\n')

    def html(self) -> str:
        """The whole page."""
        parts = '\n'.join(self.parts)
        boxes = unwritten(f'{self.title}{self.subtitle}{parts}')
        if boxes:
            parts = f'<p class="note">{escape(BOXES.format(characters=named(boxes)))}</p>\n{parts}'
        return (f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
                f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
                f'<title>{escape(self.title)}</title>\n<style>{STYLESHEET}</style></head>\n<body>\n'
                f'<h1>{escape(self.title)}</h1>\n<p class="note">{escape(self.subtitle)}</p>\n{parts}\n'
                '</body></html>\n')
