"""What a program prints and returns for an error, alone and as one of several ranks."""

import errno
import json
import os
import socket

import pytest

from mmifnd import ranks
from mmifnd.apis import UserError
from mmifnd.configuration import errors
from mmifnd.configuration.errors import INTERRUPTED, one_line, one_line_errors

HOST = socket.gethostname()


@pytest.fixture
def as_rank(monkeypatch):
    """Make this process a rank that has not met the others yet."""
    def become(number):
        monkeypatch.setattr(errors, '_COMMON', 0.)
        monkeypatch.setenv('RANK', str(number))
        monkeypatch.delenv('LOCAL_RANK', raising=False)
    monkeypatch.delenv('TORCHELASTIC_ERROR_FILE', raising=False)
    return become


class Watch:
    """Answers as the watch of a rank does, and notes what it was asked."""

    def __init__(self, answer):
        self.answer, self.reports, self.has_left = answer, [], False

    def report(self, error, text):
        self.reports.append(text)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def leave(self):
        self.has_left = True


@pytest.fixture
def watched(as_rank, monkeypatch):
    """Make this process rank 1, whose watch gives an answer."""
    def become(answer):
        as_rank(1)
        watch = Watch(answer)
        monkeypatch.setattr(ranks, '_current', [watch])
        return watch
    return become


def ended_by(error, **options):
    """Exit status of a program in which an error is raised."""
    with pytest.raises(SystemExit) as end, one_line_errors(**options):
        raise error
    return end.value.code


@pytest.mark.parametrize('number, start', [(0, ''), (3, f'rank 3 on host {HOST}: ')])
def test_a_rank_says_its_number_and_host(as_rank, capsys, number, start):
    as_rank(number)
    assert ended_by(UserError('k=5 exceeds 3')) == 2
    assert capsys.readouterr().err == f'error: {start}k=5 exceeds 3\n'


def test_a_line_that_names_a_rank_is_left_as_it_is(as_rank, capsys):
    as_rank(3)
    ended_by(UserError('rank 1 on host a: images differ'))
    assert capsys.readouterr().err == 'error: rank 1 on host a: images differ\n'


def test_an_error_of_all_ranks_is_printed_by_another_one(watched, capsys):
    watch = watched(None)
    assert ended_by(UserError('k=5 exceeds 3')) == 2
    assert capsys.readouterr().err == '' and watch.reports == ['k=5 exceeds 3'] and watch.has_left


def test_a_lost_connection_is_replaced_by_its_cause(watched, capsys):
    watch = watched('rank 0 on host a has ended without a word')
    lost = RuntimeError('[gloo/transport/tcp/pair.cc:525] Connection closed by peer [127.0.0.1]:1234')
    assert ended_by(lost) == ranks.ENDED_BY_ANOTHER
    assert capsys.readouterr().err == 'error: rank 0 on host a has ended without a word\n' and watch.has_left
    assert ended_by(lost, started=lambda: True) == ranks.ENDED_BY_ANOTHER


def test_a_rank_whose_store_has_gone_speaks_for_itself(watched, capsys):
    watched(RuntimeError('the store is gone'))
    ended_by(UserError('k=5 exceeds 3'))
    assert capsys.readouterr().err == f'error: rank 1 on host {HOST}: k=5 exceeds 3\n'


@pytest.mark.parametrize('error', [ValueError('ours'), ZeroDivisionError('ours')])
def test_a_fault_of_a_rank_is_announced_and_keeps_its_traceback(as_rank, capsys, error):
    as_rank(2)
    with pytest.raises(type(error), match='ours'), one_line_errors(started=lambda: True):
        raise error
    assert capsys.readouterr().err == f'error: rank 2 on host {HOST}: {type(error).__name__}: ours\n'


def test_a_fault_of_a_single_process_is_raised_as_it_is(monkeypatch, capsys):
    monkeypatch.delenv('RANK', raising=False)
    with pytest.raises(ZeroDivisionError), one_line_errors():
        raise ZeroDivisionError('ours')
    assert capsys.readouterr().err == ''


def test_torchrun_is_given_the_line_and_the_traceback_of_its_cause(as_rank, monkeypatch, tmp_path):
    as_rank(1)
    monkeypatch.setenv('TORCHELASTIC_ERROR_FILE', str(tmp_path / 'error.json'))
    with pytest.raises(ZeroDivisionError), one_line_errors():
        raise ZeroDivisionError('by zero')
    message = json.loads((tmp_path / 'error.json').read_text())['message']
    assert 'by zero' in json.dumps(message) and 'ZeroDivisionError' in json.dumps(message)


@pytest.mark.parametrize('number, lines', [(None, 1), (0, 1), (1, 0)])
def test_ctrl_c_is_reported_once(as_rank, monkeypatch, capsys, number, lines):
    monkeypatch.delenv('RANK', raising=False)
    if number is not None:
        as_rank(number)
    assert ended_by(KeyboardInterrupt()) == INTERRUPTED
    assert capsys.readouterr().err.count('go on with --resume') == lines


def test_a_full_disk_is_bad_input_at_any_time(monkeypatch, capsys):
    monkeypatch.delenv('RANK', raising=False)
    assert ended_by(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), '/a/log.txt'), started=lambda: True) == 2
    assert capsys.readouterr().err.startswith('error: /a/log.txt could not be written (No space left on device); free')
    assert one_line(OSError(errno.EDQUOT, 'over quota')).startswith('standard output, or a file of the run such as its log,')


@pytest.mark.parametrize('error, line', [
    (KeyError('a'), 'a'), (ValueError(), 'ValueError'),
    (RuntimeError('Caught OSError in DataLoader worker process 0.\nTraceback:\n  File\nOSError: a.png is cut off'),
     'a.png is cut off')])
def test_the_line_is_what_the_innermost_error_says(error, line):
    assert one_line(error) == line


def test_the_traceback_is_shown_to_those_who_ask(monkeypatch):
    monkeypatch.delenv('RANK', raising=False)
    monkeypatch.setenv('MMIFND_TRACEBACK', '1')
    with pytest.raises(ValueError, match='k=5'), one_line_errors():
        raise ValueError('k=5')
