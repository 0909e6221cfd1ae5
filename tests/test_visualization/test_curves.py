import numpy as np
import pytest

from mmifnd.records.lines import read_records, written_line
from mmifnd.records.run_record import RunRecord
from mmifnd.visualization.cluster_sizes import cluster_size_figure, extreme_curves
from mmifnd.visualization.curves import (
    QUANTITIES,
    Group,
    average,
    curve_figure,
    describe,
    finish_axes,
    granularity_curves,
    method_curves,
    values_by_epoch,
)
from mmifnd.visualization.style import SERIES, new_figure
from mmifnd.visualization.svg import marks_of


@pytest.fixture
def groups(tmp_path, write_run):
    records = [RunRecord.load(write_run(tmp_path / f'{seed}', seed=seed)) for seed in range(3)]
    return [Group('a', records, SERIES[0]), Group('b', records[:1], SERIES[1])]


def test_values_are_in_the_figures_unit(run_dir):
    record = RunRecord.load(run_dir)
    assert values_by_epoch(record, QUANTITIES['mtpr'])[16] == pytest.approx(16.)
    assert values_by_epoch(record, QUANTITIES['accepted_share'])[16] == pytest.approx(40.)
    assert values_by_epoch(record, QUANTITIES['false_negative_share'])[32] == pytest.approx(8.)


def test_granularity_nearest_to_the_wanted_one(run_dir):
    path = run_dir / 'false_negatives/history.jsonl'
    entries = read_records(path)
    for entry in entries:
        entry['granularities'][1]['nmi'] = 90.
    path.write_text(''.join(map(written_line, entries)))
    record = RunRecord.load(run_dir)
    assert set(values_by_epoch(record, QUANTITIES['nmi'], 7).values()) == {90.}
    assert 90. not in values_by_epoch(record, QUANTITIES['nmi'], 3).values()


def test_loss_is_the_mean_over_the_steps_of_an_epoch(run_dir):
    values = values_by_epoch(RunRecord.load(run_dir), QUANTITIES['loss'])
    assert values[1] == pytest.approx((3. + 2.98) / 2)
    assert len(values) == 32


def test_mean_and_spread_only_where_every_seed_was():
    curve = average([{8: 1., 16: 2.}, {8: 3., 16: 6., 24: 9.}, {}], 'a', SERIES[0])
    np.testing.assert_array_equal(curve.epochs, [8, 16])
    np.testing.assert_allclose(curve.mean, [2., 4.])
    np.testing.assert_allclose(curve.spread, np.sqrt([2., 8.]))
    assert average([{8: 1.}, {16: 1.}], 'a', SERIES[0]) is None


def test_one_line_a_method_and_a_band_where_there_are_seeds(groups):
    curves = method_curves(groups, QUANTITIES['nmi'], 3)
    figure = curve_figure(curves, QUANTITIES['nmi'])
    axes, = figure.axes
    assert len(axes.lines) == 2 and len(axes.collections) == 1
    assert len(marks_of(axes)) == 3
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ['a', 'b']


def test_one_line_a_granularity(run_dir):
    curves = granularity_curves(RunRecord.load(run_dir), QUANTITIES['mtnr'])
    assert [curve.label for curve in curves] == ['k = 3', 'k = 6']
    assert len(granularity_curves(RunRecord.load(run_dir), QUANTITIES['loss'])) == 1


def test_quantity_that_nobody_recorded(tmp_path, write_run):
    record = RunRecord.load(write_run(tmp_path / 'run', clusters=False))
    curves = method_curves([Group('a', [record], SERIES[0])], QUANTITIES['nmi'])
    assert curves == []
    with pytest.raises(ValueError, match='no run recorded nmi'):
        curve_figure(curves, QUANTITIES['nmi'])


def test_description_gives_first_and_last_value(groups):
    text = describe(method_curves(groups[1:], QUANTITIES['mtpr'], 3), QUANTITIES['mtpr'])
    assert 'b from 8 at epoch 8 to 32 at epoch 32' in text


@pytest.mark.parametrize('labels, columns', [
    (['IFND', 'GloFND'], 2), (['IFND', 'False negative cancellation, top-k'], 2),
    (['IFND, linear acceptance', 'False negative cancellation, top-k'], 1)])
def test_legend_is_not_cut_off(labels, columns):
    curves = [average([{1: 1., 2: 2.}], label, SERIES[0]) for label in labels]
    figure = curve_figure(curves, QUANTITIES['nmi'])
    assert figure.legends[0]._ncols == columns
    figure.draw_without_rendering()
    assert figure.legends[0].get_window_extent().x1 <= figure.bbox.x1


def test_cluster_sizes(groups):
    largest, smallest = extreme_curves(groups, 6)
    np.testing.assert_allclose(largest[0].mean, 31.)
    np.testing.assert_allclose(smallest[0].mean, 6.)
    assert len(marks_of(cluster_size_figure(groups, 6).axes[0])) == 4
    with pytest.raises(ValueError, match='k = 5'):
        cluster_size_figure(groups, 5)


def test_a_single_epoch_stands_at_a_whole_number():
    axes = new_figure(3., 3.).add_subplot()
    axes.plot([7], [1.])
    finish_axes(axes)
    low, high = axes.get_xlim()
    assert [tick for tick in axes.get_xticks() if low <= tick <= high] == [6, 7, 8]
