"""The training curve of a folder in which a run was started more than once."""

import json

import pytest

from mmifnd.records.curve import read_curve

FIRST, SECOND, THIRD = '20260101_100000', '20260101_110000', '20260101_120000'


@pytest.fixture
def start(tmp_path):
    """Function (folder, steps, resumed): add one start of a run to ``tmp_path``."""

    def add(name, steps, resumed=False, names_log=True):
        path = tmp_path / name / 'vis_data/scalars.json'
        path.parent.mkdir(parents=True)
        lines = [dict(step=1, nmi=3.)] + [dict(step=step, epoch=1 + step // 10, loss=float(name[9:11])) for step in steps]
        path.write_text(''.join(json.dumps(line) + '\n' for line in lines))
        if resumed is not None:
            begun = dict(log=name) if names_log else dict(started=f'2026-01-01 {name[9:11]}:00:01')
            with open(tmp_path / 'starts.jsonl', 'a') as file:
                file.write(json.dumps(dict(resumed=resumed, **begun)) + '\n')
    return add


def curve(folder):
    return [(entry['step'], entry['loss']) for entry in read_curve(folder)]


@pytest.mark.parametrize('names_log', [True, False])
def test_a_training_that_began_anew_leaves_nothing_of_the_one_before(start, tmp_path, names_log):
    start(FIRST, (1, 2, 10, 20, 30), names_log=names_log)
    start(SECOND, (5, 10), names_log=names_log)
    assert curve(tmp_path) == [(5, 11.), (10, 11.)]
    start(THIRD, (15, 20), resumed=True, names_log=names_log)
    assert curve(tmp_path) == [(5, 11.), (10, 11.), (15, 12.), (20, 12.)]


def test_a_resumed_start_replaces_what_it_repeats_and_all_beyond(start, tmp_path):
    start(FIRST, (5, 10, 15, 20, 25))
    start(SECOND, (15, 20), resumed=True)
    assert curve(tmp_path) == [(5, 10.), (10, 10.), (15, 11.), (20, 11.)]


def test_an_evaluation_in_the_same_folder_leaves_the_curve(start, tmp_path):
    start(FIRST, (5, 10))
    start(SECOND, ())
    assert curve(tmp_path) == [(5, 10.), (10, 10.)]


def test_logs_without_a_list_of_starts_are_all_read(start, tmp_path):
    start(FIRST, (5, 10), resumed=None)
    start(SECOND, (5,), resumed=None)
    assert curve(tmp_path) == [(5, 10.), (10, 10.), (5, 11.)]


@pytest.mark.parametrize('resumed, expected', [
    (True, [(5, 11.), (10, 11.), (15, 10.), (20, 10.)]), (False, [(15, 10.), (20, 10.)])])
def test_starts_have_the_order_in_which_they_were_noted(start, tmp_path, resumed, expected):
    """Local time goes back in autumn, and is another one on another host."""
    start(SECOND, (5, 10))
    start(FIRST, (15, 20), resumed=resumed)
    assert curve(tmp_path) == expected


def test_two_starts_of_one_second_share_a_log(start, tmp_path):
    start(FIRST, (1, 2, 3, 1, 2))
    with open(tmp_path / 'starts.jsonl', 'a') as file:
        file.write(json.dumps(dict(resumed=False, log=FIRST)) + '\n')
    assert curve(tmp_path) == [(1, 10.), (2, 10.)]
