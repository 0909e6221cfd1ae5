"""What cannot be shown is not shown, and work goes on."""

import sys

import pytest
from rich.console import Console

from mmifnd.configuration.errors import one_line_errors
from mmifnd.console import LastingStream, lasting, tell_losses
from mmifnd.ranks import watch


def test_what_is_lost_is_told_once_to_each_who_asks_and_the_rest_is_dropped(lost_console):
    reason, told, later = lost_console('stderr'), [], []
    before = sys.stderr
    with lasting('stderr'):
        tell_losses(told.append)
        for _ in range(3):
            Console(stderr=True).print('[b]a line')
            print('another', file=sys.stderr, flush=True)
        assert not sys.stderr.isatty()
        tell_losses(later.append)
    assert told == later == [f'standard error could not be written ({reason}): lines are missing there, and the work goes on']
    assert sys.stderr is before
    if before is not None and not before.closed:
        before.flush()  # as the interpreter does at its end, whose status a failure would change


def test_the_loss_of_one_stream_is_told_on_the_other_where_there_is_no_log(lost_console, capsys):
    reason = lost_console('stdout')
    with lasting():
        print('a line', flush=True)
    assert capsys.readouterr().err == (
        f'warning: standard output could not be written ({reason}): lines are missing there, and the work goes on\n')


def test_a_sound_stream_is_left_as_it_is(capsys):
    before, told = sys.stderr, []
    with lasting():
        tell_losses(told.append)
        with lasting():
            print('seen', file=sys.stderr)
            assert isinstance(sys.stderr, LastingStream) and not isinstance(sys.stderr._stream, LastingStream)
    assert sys.stderr is before and told == [] and capsys.readouterr().err == 'seen\n'


def test_a_stream_that_was_closed_after_the_work_is_no_loss(tmp_path, capsys):
    """A handler of a logger keeps its stream, and flushes it when the process ends."""
    with open(tmp_path / 'output.txt', 'w') as file:
        stream = LastingStream(file, 'standard output')
        stream.write('a line')
    stream.flush()
    assert capsys.readouterr().err == '' and (tmp_path / 'output.txt').read_text() == 'a line'


@pytest.mark.parametrize('error, told', [(ValueError('the reason'), 'error: the reason'),
                                         (ZeroDivisionError('the reason'), 'ZeroDivisionError: the reason')])
def test_the_reason_of_an_end_is_told_where_standard_error_is_lost(lost_console, error, told):
    lost_console('stderr')
    lines = []
    with pytest.raises(SystemExit if isinstance(error, ValueError) else type(error)) as end, one_line_errors():
        tell_losses(lines.append)
        print('progress', file=sys.stderr, flush=True)
        raise error
    assert getattr(end.value, 'code', 2) == 2
    assert len(lines) == 2 and lines[1].splitlines()[-1] == told


def test_a_rank_ends_whatever_its_console_is_like(lost_console, monkeypatch):
    lost_console('stdout')
    ended = []
    monkeypatch.setattr(watch.os, '_exit', ended.append)
    if sys.stdout is not None and not sys.stdout.closed:
        sys.stdout.write('waits')
    watch._end_process(1)
    assert ended == [1]
