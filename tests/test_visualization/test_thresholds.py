import re

import numpy as np
import pytest

from mmifnd.records.arrays import RecordError
from mmifnd.records.lines import read_records, written_line
from mmifnd.records.run_record import RunRecord
from mmifnd.visualization import check_report, write_run_report, write_study_report
from mmifnd.visualization.report import choose_thresholds
from mmifnd.visualization.svg import marks_of
from mmifnd.visualization.thresholds import (
    error_sentence,
    histogram_figure,
    learned_and_exact,
    scatter_figure,
    threshold_epoch,
    unsettled,
)

NUM_IMAGES = 60
CURVES, ARRAYS = 'How exact the learned thresholds are', 'The learned thresholds'


@pytest.fixture
def snapshot_with(run_dir, replace_arrays):
    """Function (**arrays) -> the snapshot of epoch 24, with these arrays added."""
    def make(**arrays):
        replace_arrays(run_dir / 'false_negatives/epoch_0024.npz', **arrays)
        return RunRecord.load(run_dir).snapshot(24)

    return make


def write_errors(work_dir):
    path = work_dir / 'false_negatives/history.jsonl'
    lines = [written_line(dict(entry, threshold_mae=1 / entry['epoch'], threshold_rmse=2 / entry['epoch']))
             for entry in read_records(path)]
    path.write_text(''.join(lines))


def section(text, title):
    return next((part for part in text.split('<h2>')[1:] if part.startswith(title)), '')


def test_snapshot_without_thresholds(run_dir):
    record = RunRecord.load(run_dir)
    assert record.snapshot(24).thresholds is None and threshold_epoch(record) is None
    with pytest.raises(ValueError, match='epoch 24 keeps no thresholds'):
        histogram_figure(record.snapshot(24))
    with pytest.raises(ValueError, match='epoch 24 keeps no exact thresholds'):
        scatter_figure(record.snapshot(24))


def test_last_snapshot_with_finite_thresholds_is_taken(run_dir, replace_arrays, learned):
    for epoch in (8, 24):
        replace_arrays(run_dir / f'false_negatives/epoch_{epoch:04d}.npz', **learned)
    assert threshold_epoch(RunRecord.load(run_dir)) == 24
    replace_arrays(run_dir / 'false_negatives/epoch_0024.npz', thresholds=np.full(NUM_IMAGES, np.nan, np.float32))
    assert threshold_epoch(RunRecord.load(run_dir)) == 8


@pytest.mark.parametrize('change, message', [
    (dict(thresholds=np.zeros(5)), f'thresholds float64 of shape .5,., expected real numbers of shape .{NUM_IMAGES},.'),
    (dict(thresholds=None), 'thresholds missing, though'),
    (dict(threshold_anchors=None), 'threshold_anchors missing, though'),
    (dict(exact_thresholds=np.zeros(7)), r'threshold_anchors int64 of shape \(30,\), expected whole numbers of shape \(7,\)'),
    (dict(threshold_anchors=np.zeros(30)), 'threshold_anchors float64 .* expected whole numbers'),
    (dict(threshold_anchors=np.arange(30) * 2 + 2), 'threshold_anchors from 2 to 60, expected values from 0 to 59'),
    (dict(threshold_anchors=np.arange(30) - 1), 'from -1 to 28'),
])
def test_thresholds_that_do_not_fit(snapshot_with, learned, change, message):
    with pytest.raises(RecordError, match=message) as caught:
        snapshot_with(**{**learned, **change})
    assert 'epoch_0024.npz' in str(caught.value)


def test_learned_and_exact_belong_to_the_same_image(snapshot_with, learned):
    mine, exact = learned_and_exact(snapshot_with(**learned))
    assert len(mine) == 29  # one of the 30 anchors was never seen
    np.testing.assert_allclose(mine - exact, 0.1, atol=1e-6)
    sentence = error_sentence(snapshot_with(**learned))
    assert '29 images' in sentence and 'error is 0.1;' in sentence and '100% of the thresholds are too high' in sentence


def test_histogram_holds_every_finite_threshold(snapshot_with, learned):
    snapshot = snapshot_with(**learned)
    axes, = histogram_figure(snapshot).axes
    assert len(marks_of(axes)) == 2
    values, edges, _ = axes.patches[0].get_data()
    assert values.sum() == pytest.approx(100.) and axes.patches[1].get_data().values.sum() == pytest.approx(100.)
    expected, _ = np.histogram(learned['thresholds'], edges)
    np.testing.assert_allclose(values[1:-1], 100 * expected[1:-1] / 59)


@pytest.mark.parametrize('value', [0., 0.3, 1.])
def test_histogram_of_thresholds_that_are_all_alike(snapshot_with, value):
    snapshot = snapshot_with(thresholds=np.full(NUM_IMAGES, value, np.float32))
    axes, = histogram_figure(snapshot).axes
    values, edges, _ = axes.patches[0].get_data()
    assert values.max() == values.sum() == pytest.approx(100.)
    assert edges[0] < value < edges[-1]


def test_scatter_has_exact_across_learned_up_and_a_diagonal_that_is_no_data(snapshot_with, learned):
    snapshot = snapshot_with(**learned)
    axes, = scatter_figure(snapshot).axes
    assert axes.get_xlim() == axes.get_ylim()
    diagonal, = axes.lines
    np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())
    assert marks_of(axes) == list(axes.collections)
    np.testing.assert_allclose(axes.collections[0].get_offsets(), np.stack(learned_and_exact(snapshot)[::-1], axis=1))


def test_run_report_shows_what_there_is(run_dir, replace_arrays, learned, tmp_path, undrawn):
    path = tmp_path / 'report.html'
    with undrawn():
        text = write_run_report([run_dir], path).read_text()
    assert not section(text, CURVES) and not section(text, ARRAYS)
    write_errors(run_dir)
    replace_arrays(run_dir / 'false_negatives/epoch_0032.npz', thresholds=learned['thresholds'])
    text = write_run_report([run_dir], path).read_text()
    assert check_report(path) == []
    assert re.findall(r'data-marks="(\d+)"', section(text, CURVES)) == ['1', '1']
    assert 'from 0.125 at epoch 8 to 0.0312 at epoch 32' in section(text, CURVES)
    assert re.findall(r'data-marks="(\d+)"', section(text, ARRAYS)) == ['1']
    replace_arrays(run_dir / 'false_negatives/epoch_0032.npz', **learned)
    text = write_run_report([run_dir], path).read_text()
    assert check_report(path) == []
    assert re.findall(r'data-marks="(\d+)"', section(text, ARRAYS)) == ['2', '1']
    path.write_text(re.sub(r'<image [^>]*/>', '', text))
    assert [line for line in check_report(path) if line.endswith('shows no data')]


def test_study_shows_thresholds_of_the_close_run_or_of_the_first_that_has_them(study, replace_arrays, learned, undrawn):
    results, out_dir = study
    replace_arrays(out_dir / 'ifnd_linear/seed_2/false_negatives/epoch_0032.npz', **learned)
    path = write_study_report(results, out_dir)
    assert check_report(path) == []
    assert 'Run ifnd_linear/seed_2' in section(path.read_text(), ARRAYS)
    replace_arrays(out_dir / 'ifnd_linear/seed_0/false_negatives/epoch_0032.npz', **learned)
    with undrawn():
        assert 'Run ifnd_linear/seed_0' in section(write_study_report(results, out_dir).read_text(), ARRAYS)
    assert choose_thresholds({}, None) is None


@pytest.mark.parametrize('shift, warns', [(0., False), (.015, False), (.05, True)])
def test_thresholds_that_still_move_are_warned_of(run_dir, replace_arrays, learned, tmp_path, shift, warns, undrawn):
    replace_arrays(run_dir / 'false_negatives/epoch_0024.npz', **learned)
    assert unsettled(RunRecord.load(run_dir)) == '', 'one snapshot tells nothing'
    moved = dict(learned, thresholds=learned['thresholds'] + np.float32(shift))
    replace_arrays(run_dir / 'false_negatives/epoch_0032.npz', **moved)
    warning = unsettled(RunRecord.load(run_dir))
    assert bool(warning) is warns and (not warns or 'between epochs 24 and 32 they moved by 0.050 on average' in warning)
    with undrawn():
        text = write_run_report([run_dir], tmp_path / 'report.html').read_text()
    assert ('have not settled' in text) is warns
