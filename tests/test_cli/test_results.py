"""Results that are named on a command line: what no evaluation has measured is refused in one line."""

import json

import pytest

from mmifnd.cli import main


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
