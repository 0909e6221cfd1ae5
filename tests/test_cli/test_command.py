"""The command ``mmifnd``: what it offers, what it refuses in one line, and that tools/ offers the same."""

import argparse
import inspect
import io
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import mmifnd
from mmifnd import apis
from mmifnd.cli import COMMANDS, main, run_command
from mmifnd.cli.contact_sheet import SOURCES
from mmifnd.cli.export_backbone import ENCODERS, LAYOUTS
from mmifnd.configuration import UserError

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


def test_help_names_every_subcommand(capsys):
    assert main(['--help']) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line.startswith('  ')] == list(COMMANDS)
    assert main(['--version']) == 0
    assert capsys.readouterr().out == f'mmifnd {mmifnd.__version__}\n'


@pytest.mark.parametrize('arguments, words', [
    ([], 'error: mmifnd needs a subcommand: pretrain, inspect, '),
    (['trian'], 'error: mmifnd has no subcommand trian; did you mean train'),
    (['contact_sheet'], 'error: mmifnd has no subcommand contact_sheet; did you mean contact-sheet'),
    (['zzz'], 'error: mmifnd has no subcommand zzz; see mmifnd --help')])
def test_one_line_for_a_subcommand_that_is_missing_or_unknown(arguments, words, capsys):
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == '' and printed.err.startswith(words) and printed.err.count('\n') == 1


def test_the_module_is_the_command():
    done = subprocess.run([sys.executable, '-m', 'mmifnd', 'nothing'], capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.startswith('error: mmifnd has no subcommand nothing')


@pytest.mark.parametrize('name', COMMANDS)
def test_a_subcommand_has_a_help_with_an_example(name, capsys):
    with pytest.raises(SystemExit) as end:
        main([name, '--help'])
    printed = capsys.readouterr().out
    assert end.value.code == 0 and printed.startswith(f'usage: mmifnd {name} ') and f'    mmifnd {name}' in printed


def test_every_tool_is_a_subcommand():
    folders = (TOOLS, TOOLS / 'visualization', TOOLS / 'model_converters')
    files = [path for folder in folders for path in folder.glob('*.py') if path.name[0] != '_']
    assert sorted(str(path.relative_to(TOOLS).with_suffix('')) for path in files) == sorted(
        command.tool for command in COMMANDS.values() if command.tool)
    for name, command in COMMANDS.items():
        if command.tool:
            text = (TOOLS / f'{command.tool}.py').read_text()
            assert f"['run']('{name}')" in text and f'``mmifnd {name}``' in text


def test_choices_are_those_of_the_functions():
    from mmifnd import converters
    from mmifnd.records import detected
    assert tuple(converters.LAYOUTS) == LAYOUTS and tuple(converters.ENCODERS) == ENCODERS and detected.SOURCES == SOURCES


@pytest.mark.parametrize('name, renamed', [
    ('pretrain', dict(options='cfg_options')), ('evaluate', dict(options='cfg_options')),
    ('audit', dict(num_examples='examples'))])
def test_what_a_function_takes_the_subcommand_takes(name, renamed):
    parser = argparse.ArgumentParser()
    import_module(f'mmifnd.cli.{name}').add_arguments(parser)
    parameters = [parameter for parameter in inspect.signature(getattr(apis, name)).parameters.values()
                  if parameter.kind is not parameter.VAR_KEYWORD]  # which takes what does not exist, to say so
    options = {action.dest: action.default for action in parser._actions}
    missing = {renamed.get(parameter.name, parameter.name) for parameter in parameters} - set(options)
    assert missing <= {'labels', 'command'}  # how it was called is not asked for
    for parameter in parameters:
        if parameter.default not in (parameter.empty, None, ()) and parameter.name in options:
            assert options[parameter.name] == parameter.default


@pytest.mark.parametrize('name', ['train', 'views', 'schedules', 'study', 'select-temperature'])
def test_a_config_that_does_not_exist(name, capsys):
    with pytest.raises(SystemExit) as end:
        main([name, 'ifnd/ifnd_simclr_digit'])
    line, = capsys.readouterr().err.splitlines()
    assert end.value.code == 2
    kind = 'study' if name in ('study', 'select-temperature') else 'config'
    assert line.startswith(f'error: {kind} ifnd/ifnd_simclr_digit does not exist') and 'ifnd/ifnd_simclr_digits' in line


@pytest.fixture
def failing(monkeypatch):
    """A subcommand that raises the error it is given."""
    def run(args):
        raise module.error

    module = type(sys)('mmifnd.cli.failing')
    module.add_arguments, module.run = lambda parser: parser.add_argument('value'), run
    monkeypatch.setitem(sys.modules, 'mmifnd.cli.failing', module)
    monkeypatch.setitem(COMMANDS, 'failing', COMMANDS['train']._replace(module='failing'))
    return module


def test_bad_input_ends_in_one_line(failing, capsys):
    for failing.error in (UserError('wrong'), ValueError('wrong')):
        with pytest.raises(SystemExit) as end:
            main(['failing', 'x'])
        assert end.value.code == 2 and capsys.readouterr().err == 'error: wrong\n'


def test_a_fault_after_the_start_keeps_its_traceback(failing):
    failing.error, failing.has_begun = ValueError('ours'), lambda args: args.value == 'x'
    with pytest.raises(ValueError, match='ours'):
        run_command('failing', ['x'], 'mmifnd failing')


@pytest.mark.parametrize('is_in_files', [True, False])
def test_what_stands_in_files_need_not_be_printed(failing, lost_console, monkeypatch, is_in_files):
    monkeypatch.setitem(COMMANDS, 'failing', COMMANDS['failing']._replace(is_in_files=is_in_files))
    lost_console('stdout')
    monkeypatch.setattr(failing, 'run', lambda args: sys.stdout.write('a line\n') and None)
    if is_in_files:
        assert run_command('failing', ['x'], 'mmifnd failing') == 0
    else:
        with pytest.raises((SystemExit, AttributeError)):  # sys.stdout may be None
            run_command('failing', ['x'], 'mmifnd failing')


def test_a_subcommand_knows_how_it_was_called(failing, monkeypatch):
    calls = []
    monkeypatch.setattr(failing, 'run', lambda args: calls.append(args.command))
    assert run_command('failing', ['a b'], 'python tools/failing.py') == 0
    assert calls == ["python tools/failing.py 'a b'"]


@pytest.mark.parametrize('encoding', ['ascii', 'latin-1', 'utf-8'])
@pytest.mark.parametrize('is_in_files', [True, False])
def test_what_a_stream_cannot_show_is_escaped_and_nothing_else_is_lost(failing, monkeypatch, capsys, encoding, is_in_files):
    monkeypatch.setitem(COMMANDS, 'failing', COMMANDS['failing']._replace(is_in_files=is_in_files))
    monkeypatch.setattr(failing, 'run', lambda args: print('temperature \u03c4\nnext line'))
    shown = io.BytesIO()
    stream = io.TextIOWrapper(shown, encoding=encoding)
    monkeypatch.setattr(sys, 'stdout', stream)
    assert run_command('failing', ['x'], 'mmifnd failing') == 0
    sign = '\u03c4' if encoding == 'utf-8' else r'\u03c4'
    assert shown.getvalue().decode(encoding) == f'temperature {sign}\nnext line\n'
    assert stream.errors == 'strict' and capsys.readouterr().err == ''


@pytest.mark.parametrize('arguments', [['--help'], ['--version'], ['compare-results', '--help'], ['failing', 'x']])
def test_an_output_that_is_full_ends_in_one_line(failing, monkeypatch, capsys, arguments):
    monkeypatch.setitem(COMMANDS, 'failing', COMMANDS['failing']._replace(is_in_files=False))
    monkeypatch.setattr(failing, 'run', lambda args: print('a line'))
    with open('/dev/full', 'w') as full:
        monkeypatch.setattr(sys, 'stdout', full)
        with pytest.raises(SystemExit) as end:
            main(arguments)
        full.flush()  # nothing waits, at which the interpreter would fail
    assert end.value.code == 2
    assert capsys.readouterr().err == ('error: standard output could not be written (No space left on device); send it to a '
                                       'place with room, or to a file\n')


def test_bad_input_is_told_also_if_the_output_is_full(failing, monkeypatch, capsys):
    monkeypatch.setitem(COMMANDS, 'failing', COMMANDS['failing']._replace(is_in_files=False))

    def run(args):
        print('a line')
        raise UserError('wrong')

    monkeypatch.setattr(failing, 'run', run)
    with open('/dev/full', 'w') as full:
        monkeypatch.setattr(sys, 'stdout', full)
        with pytest.raises(SystemExit):
            main(['failing', 'x'])
        full.flush()
    assert capsys.readouterr().err == 'error: wrong\n'
