"""Records that are whole and lie: what they say is compared with what a run can have, and left out with one line."""

import json

import numpy as np
import pytest

from mmifnd.records.lines import add_record, read_records, written_line
from mmifnd.records.run_record import RunRecord, without_damaged
from mmifnd.records.snapshot import read_snapshot, write_snapshot
from mmifnd.records.steps import Removed, write_steps

IMAGES, CLUSTERS = 12, 3


@pytest.fixture
def small_run(tmp_path):
    """A run with two snapshots and two files of steps."""
    numbers, folder = np.random.default_rng(0), tmp_path / 'false_negatives'
    for epoch in (1, 2):
        assignments = numbers.integers(-1, CLUSTERS, (2, IMAGES))  # -1: not seen in the epoch
        write_snapshot(folder, epoch, .5, np.where(assignments == 1, -1, assignments), assignments,
                       numbers.random((2, IMAGES), np.float32), [numbers.random((CLUSTERS, 4), np.float32)] * 2,
                       numbers.random((IMAGES, 4), np.float32))
        write_steps(folder, epoch, IMAGES, [Removed(anchor, np.array([2, 3]), np.array([.9, .8]), np.nan, .1)
                                            for anchor in (1, 5)])
    return tmp_path


def read_all(work_dir):
    """Epochs of the snapshots and of the steps that can be read, and the lines about the others."""
    record = RunRecord.load(work_dir)
    found = without_damaged(dict(run=record), lambda: (
        [record.snapshot(epoch).epoch for epoch in record.epochs],
        [int(record.steps(epoch)['epoch']) for epoch in list(record.step_paths)]))
    return *found, record.problems


def test_what_a_run_writes_is_read(small_run):
    assert read_all(small_run) == ([1, 2], [1, 2], [])


@pytest.mark.parametrize('name, array, words', [
    ('epoch', np.array([2, 3]), 'of shape (2,), expected whole numbers of shape ()'),
    ('epoch', np.array('x'), 'expected whole numbers'),
    ('epoch', np.array(7), 'epoch 7, expected 2 as its name says'),
    ('rate', np.array('x'), 'expected real numbers'),
    ('rate', np.array(np.nan), 'from nan to nan, expected values from 0 to 1'),
    ('labels', np.full((2, IMAGES), np.nan), 'float64'),
    ('labels', np.full((2, IMAGES), -2), 'labels of granularity 0 from -2 to -2, expected values from -1 to 2'),
    ('labels', np.full((2, IMAGES), CLUSTERS), 'from 3 to 3, expected values from -1 to 2'),
    ('labels', np.zeros((0, IMAGES), int), 'of shape (0, 12)'),
    ('assignments', np.full((2, IMAGES), 10**9), 'from 1000000000 to 1000000000, expected values from -1 to 2'),
    ('confidence', np.full((2, IMAGES), 'a'), '<U1'),
    ('centroids_0', np.array(3.), 'of shape ()'),
    ('centroids_1', np.full((CLUSTERS, 4), 'a'), 'expected real numbers of shape (K1, 4)'),
    ('centroids_1', np.zeros((CLUSTERS, 5)), 'of shape (3, 5), expected real numbers of shape (K1, 4)'),
    ('features', np.full((IMAGES, 4), 'a'), 'expected real numbers of shape (12, D)'),
    ('features', np.zeros(IMAGES), 'of shape (12,), expected'),
    ('features', np.full((IMAGES, 4), np.nan, np.float16), 'from nan to nan, expected finite values'),
    ('features', np.full((IMAGES, 4), np.inf, np.float16), 'from inf to inf, expected finite values'),
    ('features', np.zeros((IMAGES, 0)), 'of shape (12, 0)'),
    ('thresholds', np.full(IMAGES, 'a'), 'expected real numbers of shape (12,)'),
])
def test_a_snapshot_that_lies_is_left_out_with_one_line(small_run, replace_arrays, name, array, words):
    replace_arrays(small_run / 'false_negatives/epoch_0002.npz', **{name: array})
    snapshots, steps, (line,) = read_all(small_run)
    assert (snapshots, steps) == ([1], [1, 2])
    assert 'epoch_0002.npz: ' in line and name in line and words in line and '\n' not in line


@pytest.mark.parametrize('name, array, words', [
    ('num_images', np.full(3, IMAGES), 'of shape (3,), expected whole numbers of shape ()'),
    ('num_images', np.array('12'), 'expected whole numbers'),
    ('num_images', np.array(10**12), 'expected values from 1 to 2147483647'),
    ('epoch', np.array(1), 'epoch 1, expected 2'),
    ('anchors', np.array([1, 1]), 'the anchor 1 stands 2 times'),
    ('anchors', np.array([1, IMAGES]), 'from 1 to 12, expected values from 0 to 11'),
    ('images', np.array([2, 3, -1, 3]), 'from -1 to 3, expected values from 0 to 11'),
    ('counts', np.array([5, -1]), 'from -1 to 5, expected values from 0 to 4'),
    ('counts', np.array([2., 2.]), 'float64'),
    ('counts', np.array([2, 1]), 'counts of 3 images in all, but 4 are named'),
    ('counts', np.array(['2', '2']), '<U1'),
    ('shares', np.array(['a', 'b']), 'expected real numbers'),
    ('shares', np.array([np.nan, 0.]), 'expected values from 0 to 1'),
    ('thresholds', np.array(['a', 'b']), 'expected real numbers'),
    ('similarities', np.full(4, 1j), 'complex128'),
    ('direction', np.array(['image', 'text']), 'expected text of shape ()'),
])
def test_steps_that_lie_are_left_out_with_one_line(small_run, replace_arrays, name, array, words):
    replace_arrays(small_run / 'false_negatives/removed_0002.npz', **{name: array})
    snapshots, steps, (line,) = read_all(small_run)
    assert (snapshots, steps) == ([1, 2], [1])
    assert 'removed_0002.npz: ' in line and name.rstrip('s') in line and words in line and '\n' not in line


def test_a_copy_under_another_name_is_read(small_run):
    path = small_run / 'false_negatives/epoch_0002.npz'
    assert read_snapshot(path.rename(small_run / 'copy.npz')).epoch == 2


LEVEL = dict(num_clusters=3, nmi=50.)


@pytest.mark.parametrize('name, entry, words', [
    ('history', dict(rate='x', granularities=[]), "rate is 'x', expected a share from 0 to 1"),
    ('history', dict(rate=float('nan'), granularities=[]), 'rate is nan'),
    ('history', dict(granularities=5), 'granularities is 5, expected a list of objects of numbers'),
    ('history', dict(granularities=[dict(nmi=5.)]), 'each with a whole num_clusters'),
    ('history', dict(granularities=[dict(LEVEL, nmi='x')]), "'nmi': 'x'"),
    ('history', dict(granularities=[dict(LEVEL, sizes=[1])]), 'granularities is'),
    ('health', dict(alarms=['\ud800 bad']), r"alarms is ['\ud800 bad'], expected a list of texts"),
    ('health', dict(alarms='abc'), "alarms is 'abc'"),
    ('health', dict(alarms=[5, [1]]), 'alarms is [5, [1]]'),
    ('detection', dict(precision='50'), "precision is '50', expected a number, or null"),
    ('detection', dict(precision=10**400), 'precision is 1000'),
    ('detection', dict(precision=1e308), 'precision is 1e+308'),
    ('detection', dict(direction=['image']), "direction is ['image'], expected a text"),
    ('online', dict(knn=True), 'knn is True'),
    ('online', dict(epoch=-3), 'epoch is -3, expected a whole number from 0 on'),
])
def test_a_line_that_lies_is_left_out_by_its_number(small_run, name, entry, words):
    path = small_run / f'false_negatives/{name}.jsonl'
    path.write_text(written_line(dict(epoch=1, granularities=[LEVEL])) + written_line(dict(dict(epoch=2), **entry)))
    record = RunRecord.load(small_run)
    line, = record.problems
    assert f'{name}.jsonl, line 2: ' in line and words in line and '\n' not in line
    assert [found['epoch'] for found in getattr(record, name)] == [1]


def test_what_could_not_be_measured_is_no_lie(tmp_path):
    entry = dict(epoch=0, alarms=[], precision_macro=float('nan'), false_negative_share=None, granularities=[], rate=0)
    add_record(tmp_path / 'health.jsonl', entry)
    assert list(map(repr, read_records(tmp_path / 'health.jsonl'))) == [repr(entry)]


@pytest.mark.parametrize('entry', [
    dict(step='a'), dict(step=[1]), dict(epoch='1'), dict(loss='x'), dict(prototype_term=[]), dict(loss=10**400)])
def test_a_line_of_the_curve_that_lies_is_left_out(small_run, entry):
    sound = dict(step=1, epoch=1, loss=float('nan'), mode='train')
    path = small_run / 'scalars.jsonl'
    path.write_text(json.dumps(sound) + '\n' + json.dumps({**sound, 'step': 2, **entry}) + '\n')
    record = RunRecord.load(small_run)
    assert [found['step'] for found in record.scalars] == [1] and 'scalars.jsonl, line 2: ' in record.problems[0]
