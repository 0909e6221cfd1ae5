"""A bar where a person is watching, and silence elsewhere."""

import io
import sys

import pytest

from mmifnd.engine.progress import reported


class Terminal(io.StringIO):

    def isatty(self):
        return True


@pytest.mark.parametrize('stream, speaks', [(Terminal, True), (io.StringIO, False)])
def test_a_bar_where_a_person_is_watching(monkeypatch, stream, speaks):
    monkeypatch.setattr(sys, 'stderr', stream())
    with reported('k-means', 3) as report:
        report(2)
    said = sys.stderr.getvalue()
    assert ('k-means' in said and '2/3' in said) if speaks else said == ''
