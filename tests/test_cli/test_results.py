"""Results that are named on a command line, and places for new ones: what cannot be used is refused in one line."""

import json
import os
import re
import tempfile
from pathlib import Path

import pytest

from mmifnd.cli import main
from mmifnd.files import write_whole
from mmifnd.places import check_file
from mmifnd.records.arrays import RecordError, read_arrays


@pytest.fixture
def write(tmp_path):
    """Function (value, spread): write an evaluation with one measure, and return its path."""

    def write_evaluation(value, spread=None):
        path = tmp_path / f'results_{len(list(tmp_path.iterdir()))}.json'
        path.write_text(json.dumps(dict(kind='evaluation', measures=dict(knn=dict(value=value, spread=spread)), seeds=[0],
                                        checkpoint='work_dirs/a/epoch_1.pth', config='a.py')))
        return str(path)

    return write_evaluation


@pytest.fixture
def refusal(capsys):
    """Function (*arguments): the one line with which a command refuses them."""

    def refuse(*arguments):
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        line, = capsys.readouterr().err.splitlines()
        assert end.value.code == 2
        return line

    return refuse


@pytest.mark.parametrize('command', ['compare-results', 'group-accuracy'])
@pytest.mark.parametrize('value, spread, words', [
    (5., -3., 'has a spread of -3 in '), (5., 1e308, 'knn of a is 1e+308 in '), (1e308, None, 'knn of a is 1e+308 in '),
    (float('inf'), None, 'knn of a is inf in ')])
def test_a_number_that_was_not_measured_is_named_with_its_file(write, refusal, command, value, spread, words):
    path = write(value, spread)
    assert words + path in refusal(command, path)


@pytest.fixture
def secret(tmp_path, monkeypatch):
    """A file that cannot be read, whoever runs the test."""
    path, opened = tmp_path / 'secret.json', os.open
    path.write_text('{}')

    def refuse(place, *arguments, **options):
        if place == str(path) or place == path:
            raise PermissionError(13, 'Permission denied', str(path))
        return opened(place, *arguments, **options)

    monkeypatch.setattr(os, 'open', refuse)
    return str(path)


@pytest.mark.parametrize('arguments', [
    ['compare-results'], ['group-accuracy'], ['significance', '--against', 'b.json'], ['inspect'],
    ['test', 'baselines/simclr_digits'], ['evaluate', '--config', 'baselines/simclr_digits'], ['import', '--', 'out.pth']])
def test_a_file_that_cannot_be_read_is_named_with_what_to_do(secret, refusal, arguments):
    arguments = [arguments[0], secret, *arguments[1:]] if arguments[-1] in ('b.json', 'out.pth') else [*arguments, secret]
    assert f'{secret} cannot be read (Permission denied); give a file that this user may read' in refusal(*arguments)
    long = 'x' * 5000
    assert re.fullmatch(r'error: x{99}\.{3}x{98} (has a name that is too long for a file; give a shorter one|'
                        r'cannot be used \(File name too long\); give a shorter name)',
                        refusal(*(long if argument == secret else argument for argument in arguments)))


def test_a_report_that_cannot_be_read_is_a_problem(secret, capsys):
    assert main(['report', '--check', secret]) == 1
    assert capsys.readouterr().out == f'{secret} cannot be read (Permission denied); give a file that this user may read\n'


def test_arrays_that_cannot_be_read_are_not_damaged(secret):
    with pytest.raises(RecordError, match='cannot be read .Permission denied') as error:
        read_arrays(secret)
    assert str(error.value.path) == secret


def test_what_is_large_can_be_averaged(write, capsys, recwarn):
    assert main(['compare-results', write(9e99, 0.), write(-9e99)]) == 0
    assert '± 1272792' in capsys.readouterr().out and not recwarn.list


@pytest.mark.parametrize('source', ['=', 'IFND=', ':', 'IFND=:'])
def test_a_source_without_a_file_is_shown(refusal, source):
    assert refusal('compare-results', source) == f'error: {source!r} names no file; give FILE or LABEL=FILE'


@pytest.mark.parametrize('flags', [[], ['--mean']])
def test_a_study_without_runs_has_nothing_to_compare(tmp_path, refusal, flags):
    path = tmp_path / 'results.json'
    path.write_text('{"runs": []}')
    assert refusal('compare-results', str(path), *flags).startswith(f'error: there is no run in {path}; give results of')


@pytest.fixture
def forbidden(tmp_path, monkeypatch):
    """A folder into which nothing can be written, whoever runs the test."""
    folder, allowed = tmp_path / 'forbidden', os.access
    folder.mkdir()
    monkeypatch.setattr(os, 'access', lambda path, mode: Path(path) != folder and allowed(path, mode))
    return folder


@pytest.mark.parametrize('arguments', [
    ['train', 'baselines/simclr_digits', '--work-dir'], ['study', 'studies/digits', '--out'],
    ['evaluate', 'epoch_1.pth', '--config', 'baselines/simclr_digits', '--out'], ['audit', 'nothing.pth', '--out']])
def test_a_folder_without_permission_is_refused_before_work(forbidden, tmp_path, refusal, arguments):
    out = forbidden / 'run'
    line = refusal(*arguments, str(out))
    assert line == f'error: {out} cannot be written: there is no permission to write into {forbidden}; give another folder'
    (tmp_path / 'file').write_text('')
    line = refusal(*arguments, str(tmp_path / 'file'))
    assert line == f'error: {tmp_path}/file cannot be made: {tmp_path}/file is a file; give a folder'


@pytest.mark.parametrize('arguments', [
    ['test', 'baselines/simclr_digits', 'epoch_1.pth', '--out'], ['compare-results', 'a.json', '--out'],
    ['group-accuracy', 'a.json', '--out'], ['views', 'nothing.py', '--out'], ['schedules', 'nothing.py', '--out'],
    ['group-examples', 'nothing.py', '--out'], ['contact-sheet', 'nothing', '--out'], ['report', 'nothing', '--out'],
    ['import', 'nothing.pth'], ['export', 'nothing.pth', '--to', 'mmpretrain']])
def test_a_file_that_cannot_be_written_is_refused_before_work(forbidden, tmp_path, refusal, arguments):
    line = refusal(*arguments, str(forbidden / 'a.pth'))
    assert line.startswith(f'error: {forbidden} cannot be written: there is no permission to write into {forbidden}; give')
    (tmp_path / 'a.pth').mkdir()
    assert 'is a folder, and a file is to be written there' in refusal(*arguments, str(tmp_path / 'a.pth'))


def test_features_that_cannot_be_written_are_refused_before_work(forbidden, refusal):
    line = refusal('extract-features', 'nothing.pth', str(forbidden / 'a.npy'), '--of', 'nothing.py')
    assert line.startswith(f'error: {forbidden} cannot be written: there is no permission to write into {forbidden}; give')


def test_a_folder_that_the_system_does_not_make_is_refused_before_work(tmp_path, refusal):
    place = tmp_path / ('x' * 300)
    line = refusal('test', 'baselines/simclr_digits', 'epoch_1.pth', '--out', str(place / 'a.json'))
    most = os.pathconf(tmp_path, 'PC_NAME_MAX')
    assert line == (f'error: {place} cannot be written: a name in it has 300 bytes, more than the {most} that are possible '
                    'there; give a shorter one')
    most -= 17  # which are added while a file is written
    longest, longer = tmp_path / ('x' * most), tmp_path / ('x' * (most + 1))
    check_file(longest)
    write_whole(longest, '')
    words = f'a name in it has {most + 1} bytes, more than the {most} that are possible there'
    assert words in refusal('compare-results', 'a.json', '--out', str(longer))


def test_results_need_a_folder_beside_the_checkpoint_or_another_one(forbidden, refusal):
    (forbidden / 'epoch_1.pth').write_text('')
    assert refusal('evaluate', str(forbidden / 'epoch_1.pth')).startswith(
        f'error: the folder of results (--out) cannot be written: there is no permission to write into {forbidden}; give')


def test_a_file_without_permission_has_a_remedy(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, 'Permission denied')

    monkeypatch.setattr(tempfile, 'mkstemp', refuse)
    with pytest.raises(OSError, match=r'a.md cannot be written \(Permission denied\); choose another place'):
        write_whole(tmp_path / 'a.md', '')
