"""First lines of docstrings are sentences or noun phrases; ruff checks their form."""

import ast
import re
from pathlib import Path

import pytest

import mmifnd

ROOT = Path(mmifnd.__file__).parent
#: First words that leave the reader to guess a noun or a verb.
HANGING = re.compile(r'(Of|That of|Those|These|The same of|As|At|By|For|From|In|On|To|With|Where there|It|bool|int|float)\b')


def first_lines(source):
    """Line number and first line of each docstring of a file."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, kinds) and ast.get_docstring(node):
            yield getattr(node, 'lineno', 1), ast.get_docstring(node).splitlines()[0]


@pytest.mark.parametrize('path', sorted(ROOT.rglob('*.py')), ids=lambda path: str(path.relative_to(ROOT)))
def test_says_what_it_is(path):
    assert [f'{line}: {text}' for line, text in first_lines(path.read_text()) if HANGING.match(text)] == []


def test_hanging_lines_would_be_noticed():
    source = '"""Of all."""\nclass A:\n    """Offers b."""\n    def b(self):\n        """Those of a.\n\n        More."""\n'
    assert [line for line, text in first_lines(source) if HANGING.match(text)] == [1, 4]
