"""What a person sees while a run trains."""

import io
import re
import sys

import pytest
import torch
from mmengine.hooks import Hook

from mmifnd.engine.hooks.progress_hook import clock, clustering_ends
from mmifnd.engine.host_copy import HostCopy
from mmifnd.registry import HOOKS

LINE = re.compile(r'epoch (\d)/2, step (\d)/5, loss \d\.\d{3}, .*\d+ % waiting for images'
                  r'(, .* % of negatives removed)?(, \d+:\d\d left)?')


class Stream(io.StringIO):

    def __init__(self, is_terminal):
        super().__init__()
        self.is_terminal = is_terminal

    def isatty(self):
        return self.is_terminal


@pytest.fixture(params=[False, True], ids=['file', 'terminal'])
def train(request, monkeypatch, digits_runner, tmp_path):
    """Function (hook, options) -> standard error, standard output and log of two epochs with a clustering between them."""

    def run(hook=None, **options):
        with monkeypatch.context() as patched:
            for name, value in dict(TERM='xterm', COLUMNS='200').items():
                patched.setenv(name, value)
            error, output = Stream(request.param), Stream(request.param)
            patched.setattr(sys, 'stderr', error)
            patched.setattr(sys, 'stdout', output)
            runner = digits_runner(epochs=2, log_level='INFO', **options)
            if hook is not None:
                runner.register_hook(hook)
            runner.train()
        return error.getvalue(), output.getvalue(), next(tmp_path.glob('*/*.log')).read_text()

    run.is_terminal = request.param
    return run


def test_a_header_of_few_lines_then_how_far_it_is(train, tmp_path):
    shown, output, log = train(default_hooks__progress__seconds=1e-6)
    lines = [line.strip() for line in re.split(r'[\n\r]|\x1b\[[0-9;?]*[a-zA-Z]', shown) if line.strip()]
    first = next(number for number, line in enumerate(lines) if 'epoch 1/2' in line)
    assert first <= 15 and 'SimCLRAdapter' in shown and str(tmp_path) in shown.replace('\n', '')
    matches = [match for line in lines if (match := LINE.search(line))]
    assert matches[0][1] == '1' and matches[-1][1] == '2' and matches[-1][2] == '5'
    assert matches[-1][3] and matches[-1][4] == ', 0:00 left'
    if not train.is_terminal:
        assert len(matches) == 10 and '\x1b' not in shown
    assert 'Epoch(train)' not in output + shown, 'messages of the logger go to the log'
    assert 'Epoch(train)' in log and 'progress=dict(' in log


class Warns(Hook):

    def after_train_epoch(self, runner):
        runner.logger.warning('look <here> [/b]')


def test_warnings_are_shown_above_the_line_and_stand_in_the_log(train):
    shown, output, log = train(Warns())
    assert shown.count('look <here> [/b]') == log.count('look <here> [/b]') == 1 and output == ''


@pytest.mark.parametrize('console, speaks', [('nothing', False), ('log', True)])
def test_what_else_the_console_can_show(train, console, speaks):
    shown, output, log = train(default_hooks__progress__console=console)
    assert 'epoch 1/2' not in shown and 'Epoch(train)' in log
    assert ('Epoch(train)' in output) is speaks


def test_the_terminal_is_left_as_it_was_where_training_fails(digits_runner, monkeypatch):
    runner = digits_runner(epochs=1)
    monkeypatch.setattr(type(runner.model), 'loss', lambda *args, **kwargs: 1 / 0)
    with monkeypatch.context() as patched:
        patched.setenv('TERM', 'xterm')
        patched.setattr(sys, 'stderr', Stream(True))
        with pytest.raises(ZeroDivisionError):
            runner.train()
        shown = sys.stderr.getvalue()
    assert shown.count('\x1b[?25l') == shown.count('\x1b[?25h') == 1, 'the cursor is hidden, and back'


def test_ends_are_told_apart_by_what_follows(digits_runner):
    runner = digits_runner(epochs=6, default_hooks__false_negative__interval=2)
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    kind = clustering_ends(runner)
    assert [bool(kind(completed)) for completed in range(1, 7)] == [False, True, False, True, False, False]


@pytest.mark.parametrize('seconds, text', [(0, '0:00'), (59.6, '1:00'), (3599, '59:59'), (3723, '1:02:03'),
                                           (90000, '25:00:00')])
def test_clock(seconds, text):
    assert clock(seconds) == text


def test_a_copy_on_the_cpu_is_there_at_once_and_does_not_follow():
    value = torch.tensor(2., requires_grad=True)
    copy = HostCopy(dict(loss=value))
    with torch.no_grad():
        value.add_(1)
    assert copy.is_there and copy.read() == dict(loss=2.)


@pytest.mark.parametrize('options, words', [
    (dict(seconds=0), 'seconds=0 of ProgressHook is not positive'),
    (dict(console='loud'), "console='loud' of ProgressHook is unknown; choose one of line, log, nothing")])
def test_bad_options(options, words):
    with pytest.raises(ValueError, match=words):
        HOOKS.build(dict(type='ProgressHook', **options))
