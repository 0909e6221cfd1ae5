"""Does a report show anything? Counts figures, axes with data and table rows in the file itself."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from mmifnd.errors import UserError
from mmifnd.files import read_regular
from mmifnd.shortage import ShortageError

AXES_ID = re.compile(r'(^|-)axes_\d+$')
MARK_ID = re.compile(r'(^|-)mark_\d+$')
DRAWN = ('path', 'use', 'image', 'rect', 'circle', 'line', 'polyline', 'polygon')
VOID = ('meta', 'link', 'img', 'br', 'hr', 'input', 'source', 'embed', 'base')
ACTIVE = ('script', 'link', 'iframe', 'object', 'embed', 'base')
EXTERNAL_CSS = re.compile(r'@import|url\(\s*[\'"]?(?!#|data:)[^)\s]', re.IGNORECASE)


@dataclass
class FoundFigure:
    """What stands in one figure element: what it claims, and the marks found in each of its axes."""

    name: str
    claimed_axes: str
    claimed_marks: str
    alternative: str = ''
    caption: str = ''
    marks: list[int] = field(default_factory=list)

    def problems(self) -> list[str]:
        """One line for each thing that is missing."""
        filled, drawn = sum(count > 0 for count in self.marks), sum(self.marks)
        lines = []
        if filled == 0:
            lines.append('shows no data')
        if self.claimed_axes != str(filled):
            lines.append(f'says {self.claimed_axes} axes, {filled} show data')
        if self.claimed_marks != str(drawn):
            lines.append(f'says {self.claimed_marks} marks, {drawn} are drawn')
        if not self.alternative.strip():
            lines.append('has no alternative text')
        if not self.caption.strip():
            lines.append('has no caption')
        return [f'{self.name}: {line}' for line in lines]


class ReportReader(HTMLParser):
    """Walks through a report and notes its figures, its tables (rows with text) and what it would load or run."""

    def __init__(self):
        super().__init__()
        self.figures: list[FoundFigure] = []
        self.table_rows: list[int] = []
        self.outside: list[str] = []
        self._open: list[tuple[str, str]] = []
        self._mark_is_drawn = False
        self._row_has_text = False

    def handle_startendtag(self, tag, attributes):
        """Note an element that is closed at once."""
        self._element(tag, dict(attributes))

    def handle_starttag(self, tag, attributes):
        """Note an element that begins."""
        attributes = dict(attributes)
        self._element(tag, attributes)
        if tag not in VOID:
            self._open.append((tag, self._role(tag, attributes)))

    def handle_endtag(self, tag):
        """Close the elements up to this one."""
        while self._open:
            opened, role = self._open.pop()
            if role == 'mark' and self._inside('axes') and self._mark_is_drawn:
                self.figures[-1].marks[-1] += 1
            if opened == 'tr' and self._inside('tbody') and self._row_has_text:
                self.table_rows[-1] += 1
            if opened == tag:
                return

    def handle_data(self, data):
        """Note that a cell or a figure has text."""
        if self._inside('td') and data.strip():
            self._row_has_text = True
        if self._inside('figcaption') and self._inside('figure'):
            self.figures[-1].caption += data
        if self._inside('style') and EXTERNAL_CSS.search(data):
            self.outside.append('a style sheet loads from elsewhere')

    def _inside(self, name: str) -> bool:
        """Whether an element that is a ``name``, by tag or by role, is open."""
        return any(name in element for element in self._open)

    def _role(self, tag: str, attributes: dict) -> str:
        """'figure', 'axes', 'mark' or ''; starts the count of what it holds."""
        identity = attributes.get('id') or ''
        if 'figure' in (attributes.get('class') or '').split():
            self.figures.append(FoundFigure(identity or f'figure {len(self.figures) + 1}',
                                            attributes.get('data-axes') or 'no', attributes.get('data-marks') or 'no'))
            return 'figure'
        if tag == 'table':
            self.table_rows.append(0)
        elif tag == 'tr':
            self._row_has_text = False
        elif tag == 'g' and AXES_ID.search(identity) and self._inside('figure'):
            self.figures[-1].marks.append(0)
            return 'axes'
        elif tag == 'g' and MARK_ID.search(identity):
            self._mark_is_drawn = False
            return 'mark'
        return ''

    def _element(self, tag: str, attributes: dict) -> None:
        """Note a drawn shape, an alternative text, and anything that reaches outside."""
        if tag == 'svg' and self._inside('figure'):
            self.figures[-1].alternative = attributes.get('aria-label') or ''
        if tag in DRAWN and self._inside('axes') and self._has_content(tag, attributes):
            if self._inside('mark'):
                self._mark_is_drawn = True
            elif tag == 'image':
                self.figures[-1].marks[-1] += 1
        if tag in ACTIVE or any(name.startswith('on') for name in attributes):
            self.outside.append(f'<{tag}> runs or loads something')
        for name in ('src', 'href', 'xlink:href'):
            target = (attributes.get(name) or '').strip()
            if target and not target.startswith(('#', 'data:')):
                self.outside.append(f'<{tag}> refers to {target}')
        if EXTERNAL_CSS.search(attributes.get('style') or ''):
            self.outside.append(f'<{tag}> has a style that loads from elsewhere')

    @staticmethod
    def _has_content(tag: str, attributes: dict) -> bool:
        """Whether a shape has points, and an image pixels."""
        if tag == 'path':
            return bool((attributes.get('d') or '').strip())
        if tag in ('use', 'image'):
            return bool(attributes.get('xlink:href') or attributes.get('href'))
        return True


def check_report(path: str | Path) -> list[str]:
    """Problems of a report, one line each; an empty list where it is sound.

    A sound report has at least one figure, data in every axes of every figure, as many as the figure claims, a caption
    and an alternative text; text in at least one row of every table; and nothing that is loaded or run.
    """
    try:
        text = read_regular(path).decode('utf-8', 'replace')
    except FileNotFoundError:
        return [f'{path}: no such file']
    except ShortageError:  # of the machine, and not of the report
        raise
    except UserError as error:  # such as a folder
        return [str(error)]
    reader = ReportReader()
    reader.feed(text)
    reader.close()
    problems = [] if reader.figures else ['no figure']
    for figure in reader.figures:
        problems += figure.problems()
    problems += [] if reader.table_rows else ['no table']
    problems += [f'table {number} has no rows' for number, rows in enumerate(reader.table_rows, 1) if not rows]
    return problems + list(dict.fromkeys(reader.outside))
