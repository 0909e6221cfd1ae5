"""What reports take from evaluations of a run."""

import json

import pytest

from mmifnd.records.evaluations import read_evaluations, results_path


@pytest.fixture
def write(tmp_path):
    """Function (path below the run, checkpoint's hash, measures) that writes results."""

    def written(name, checkpoint, **measures):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(dict(kind='evaluation', checkpoint_hash=checkpoint, measures={
            measure: dict(value=value) for measure, value in measures.items()})))

    return written


def test_of_two_checkpoints_the_one_judged_last_counts(tmp_path, write):
    write('evaluation/results_00000000000000000001.json', 'old', knn=1., nmi=2.)
    write('evaluation/results_00000000000000000002.json', 'new', nmi=5.)
    write('evaluation/results_00000000000000000010.json', 'new', knn=3.)
    assert read_evaluations(tmp_path) == dict(knn=3., nmi=5.)


def test_what_lies_beside_the_run_counts_before_it(tmp_path, write):
    write('evaluation/results_00000000000000000001.json', 'old', knn=1., linear=7.)
    write('mine.json', 'another', knn=2.)
    assert read_evaluations(tmp_path) == dict(knn=2., linear=7.)


def test_what_was_not_measured_and_what_is_no_evaluation_has_no_value(tmp_path, write):
    write('a.json', 'a', knn=None, mtpr=float('nan'), nmi=4.)
    (tmp_path / 'b.json').write_text('{"kind": "study"}')
    (tmp_path / 'c.json').write_text('{')
    (tmp_path / 'd.json').write_text('[]')
    (tmp_path / 'e.json').symlink_to('nowhere')
    (tmp_path / 'f.json').mkdir()
    assert read_evaluations(tmp_path) == dict(nmi=4.)


@pytest.mark.parametrize('value', ['0.9', '1_0', True, float('inf'), -float('inf'), 10**400, 1e100, [1], {}])
def test_what_is_no_number_is_named_and_none_of_its_file_is_taken(tmp_path, write, caplog, value):
    write('a.json', 'a', knn=1., nmi=value)
    assert read_evaluations(tmp_path) == {}
    line, = (record.getMessage() for record in caplog.records)
    assert str(tmp_path / 'a.json') in line and "'nmi'" in line and 'no number' in line


@pytest.mark.parametrize('count', [0, -1, 0.5, 2.5, float('nan')])
def test_there_is_at_least_one_group(tmp_path, write, count):
    write('a.json', 'a', fine_groups=count, fine_top1=80.)
    write('b.json', 'b', fine_groups=3, coarse_top1=-1.)
    assert read_evaluations(tmp_path) == dict(fine_groups=3., coarse_top1=-1.)


def test_names_sort_by_time(tmp_path):
    first, second = results_path(tmp_path), results_path(tmp_path)
    assert first.name < second.name and first != second
