"""Names are data: no escape sequence, line break, markup or table sign of them reaches a terminal, a log or a page."""

import io
import logging

import pytest
from rich.console import Console

from mmifnd.configuration.errors import one_line_errors
from mmifnd.engine.progress import RunDisplay, progress_bar
from mmifnd.engine.runner import _make_printable
from mmifnd.errors import UserError
from mmifnd.studies.table import as_markdown, markdown_row, print_table
from mmifnd.text import in_markdown, printable, shown

HOSTILE = ['[/b]', '[bold red]x[#f00]', '\x1b]0;owned\x07\x1b[31mred', 'a\nINFO - all fine',
           'a|b `c` **d** <i>', '\u202eabc', '\udcff']


@pytest.mark.parametrize('name', HOSTILE)
def test_names_in_one_line(name):
    line = shown(name)
    assert line.isprintable() and '\n' not in line and len(line) == len(name)
    assert printable(name).replace('\n', '').isprintable()
    cell = in_markdown(name)
    assert '\n' not in cell and '|' not in cell.replace('\\|', '') and '<' not in cell.replace('\\<', '')


def results(label):
    return dict(title=label, command='mmifnd study', created='', dataset='', provisional=False,
                methods=dict(a=dict(label=label, temperature=0.1), b=dict(label='b', temperature=0.1)),
                measures=dict(knn=dict(label=label, unit='%')), runs=[dict(method='a', seed=0), dict(method='b', seed=0)],
                summary=dict(a=dict(knn=dict(mean=1., std=None)), b=dict(knn=dict(mean=1., std=None))),
                comparisons=[dict(a='a', b='b', measure='knn', mean_difference=0., p_one_sided=0.5, n=1)])


@pytest.mark.parametrize('name', HOSTILE)
def test_a_study_with_such_labels_has_its_table(name):
    file = io.StringIO()
    print_table(results(name), Console(file=file, width=200))
    text = file.getvalue()
    assert shown(name) in text and '\x1b' not in text
    rows = [line for line in as_markdown(results(name)).splitlines() if line.startswith('|')]
    assert len(rows) == 4 and {line.replace('\\|', '').count('|') for line in rows} == {4}


def test_a_row_of_markdown():
    assert markdown_row(['a|b', '1 ± 2']) == '| a\\|b | 1 ± 2 |'


@pytest.mark.parametrize('name', HOSTILE)
def test_errors_and_logs_hold_no_control_characters(name, capsys):
    with pytest.raises(SystemExit), one_line_errors():
        raise UserError(f'{name} is wrong')
    assert capsys.readouterr().err.rstrip('\n').isprintable()
    record = logging.LogRecord('x', logging.INFO, 'x', 1, '%s is wrong', (name,), None)
    assert _make_printable(record) and '\x1b' not in record.getMessage()


@pytest.mark.parametrize('name', HOSTILE)
def test_progress_takes_names_as_they_are(name, capsys):
    RunDisplay(3).write(name)
    assert '\x1b' not in capsys.readouterr().err
    with progress_bar(disable=True) as bar:
        task = bar.add_task(name, total=1)
        assert bar.columns[0].render(bar.tasks[task]).plain == shown(name)
