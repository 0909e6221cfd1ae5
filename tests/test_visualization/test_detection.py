import json
import re
from dataclasses import replace

import numpy as np
import pytest

from mmifnd.records.lines import add_record
from mmifnd.records.run_record import RunRecord
from mmifnd.visualization import check_report, write_run_report, write_study_report
from mmifnd.visualization.curves import Group, curve_figure, values_by_epoch
from mmifnd.visualization.detection import (
    PREDICTED,
    detection_table,
    having_detection,
    score,
    score_cells,
    score_curves,
    share_curves,
    verdict,
)
from mmifnd.visualization.style import SERIES
from mmifnd.visualization.svg import marks_of

TITLE = 'How good the detection was'


@pytest.fixture
def measured(run_dir, write_detection):
    """A run and the file of its detection scores."""
    return run_dir, write_detection(run_dir)


@pytest.fixture
def groups(tmp_path, write_run, write_detection):
    """Method a with three seeds, b with one, and c, whose detection was not measured."""
    records = []
    for seed in range(4):
        work_dir = write_run(tmp_path / f'{seed}', seed=seed, with_features=False)
        if seed < 3:
            write_detection(work_dir, seed)
        records.append(RunRecord.load(work_dir))
    return [Group('a', records[:3], SERIES[0]), Group('b', records[:1], SERIES[1]), Group('c', records[3:], SERIES[2])]


def add_lines(path, *entries):
    with path.open('a') as file:
        file.write(''.join(json.dumps(entry) + '\n' for entry in entries))


def test_missing_file_is_no_detection(run_dir):
    assert RunRecord.load(run_dir).detection == []


def test_detection_alone_is_a_record(tmp_path, write_detection):
    (tmp_path / 'false_negatives').mkdir()
    write_detection(tmp_path)
    assert len(RunRecord.load(tmp_path).detection) == 32


@pytest.mark.parametrize('cut', [1, 10, 200])
def test_torn_last_line_is_left_out(measured, cut):
    run_dir, path = measured
    path.write_bytes(path.read_bytes().rstrip(b'\n')[:-cut])
    assert [entry['epoch'] for entry in RunRecord.load(run_dir).detection] == list(range(1, 32))


def test_damaged_line_in_the_middle_is_named(measured):
    run_dir, path = measured
    lines = path.read_text().splitlines()
    path.write_text('\n'.join([lines[0], lines[1][:20], *lines[2:]]))
    record = RunRecord.load(run_dir)
    assert len(record.detection) == 31 and 'detection.jsonl, line 2: not JSON; it is left out' in record.problems[0]


@pytest.mark.parametrize('torn', ['', '{', '{"epoch": 31, "precision_mi'])
def test_resumed_run_replaces_its_epoch_and_what_came_after(measured, torn):
    run_dir, path = measured
    with path.open('a') as file:
        file.write(torn)  # a line that a kill cut off, of a file that is appended to
    for epoch, recall in ((30, 1.5), (31, 2.5)):
        add_record(path, dict(epoch=epoch, recall_micro=recall))
    detection = RunRecord.load(run_dir).detection
    assert [entry['epoch'] for entry in detection] == list(range(1, 32))
    assert [entry['recall_micro'] for entry in detection[-3:]] == [58., 1.5, 2.5]


def test_precision_of_no_detection_and_nan_are_left_out(run_dir, write_detection):
    path = write_detection(run_dir, epochs=range(1, 3), share=0.)
    add_lines(path, dict(epoch=3, precision_micro=50., recall_micro=float('nan'), predicted_share=1.))
    record = RunRecord.load(run_dir)
    assert values_by_epoch(record, score('precision')) == {3: 50.}
    assert values_by_epoch(record, score('recall')) == {1: 2., 2: 4.}
    assert values_by_epoch(record, PREDICTED) == {1: 0., 2: 0., 3: 1.}


def test_methods_are_means_with_a_band_and_without_other_averages(groups):
    groups, idle = having_detection(groups)
    assert idle == [] and [group.label for group in groups] == ['a', 'b']
    lines, thin = score_curves(groups, 'recall')
    assert thin == [] and [curve.label for curve in lines] == ['a', 'b']
    np.testing.assert_allclose(lines[0].mean, 2. * np.arange(1, 33) + 1)
    np.testing.assert_allclose(lines[0].spread, 1.)
    axes, = curve_figure(lines, score('recall'), thin).axes
    assert len(axes.lines) == 2 and len(axes.collections) == 1 and len(marks_of(axes)) == 3
    assert axes.get_ylim()[0] == 0.


def test_one_method_shows_all_averages(groups):
    lines, thin = score_curves(groups[:1], 'f1')
    assert [curve.label for curve in lines + thin] == ['micro', 'macro', 'paper']
    np.testing.assert_allclose(thin[1].mean, lines[0].mean / 2)
    figure = curve_figure(lines, score('f1'), thin)
    assert [line.get_linestyle() for line in figure.axes[0].lines] == ['-', '--', '--']
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ['micro', 'macro', 'paper']


def test_true_share_is_one_line_where_the_methods_agree(groups):
    lines, truth = share_curves(groups[:2])
    assert len(lines) == 2 and len(truth) == 1
    np.testing.assert_allclose(truth[0].mean, (33. + 33.1 + 33.2 + 33.) / 4)
    for entry in groups[0].records[1].detection:
        entry['true_share'] = 50.
    assert [curve.label for curve in share_curves(groups[:2])[1]] == ['a: truly of one class', 'b: truly of one class']


def test_alpha_is_one_line_where_all_aim_at_it_alike(groups):
    for entry in groups[0].records[0].detection:
        entry['alpha'] = 10.
    assert [curve.label for curve in share_curves(groups[:2])[1]] == ['truly of one class', 'alpha']
    for entry in groups[0].records[1].detection:
        entry['alpha'] = 10.5
    labels = [curve.label for curve in share_curves([replace(groups[0], records=groups[0].records[:2]), groups[1]])[1]]
    assert labels == ['truly of one class', 'a: alpha', 'b: alpha'], 'of other alphas, a line each'


def test_nothing_measured_is_nothing_drawn(groups):
    assert having_detection(groups[2:]) == ([], [])
    lines, thin = score_curves(groups[2:], 'recall')
    with pytest.raises(ValueError, match='no run recorded recall_micro'):
        curve_figure(lines, score('recall'), thin)
    assert detection_table([]) == ''


def test_table_takes_the_last_epoch_that_all_seeds_reached(groups, write_detection):
    write_detection(groups[0].records[2].work_dir, seed=2, epochs=range(1, 21))
    records = [RunRecord.load(record.work_dir) for record in groups[0].records]
    assert score_cells(Group('a', records, SERIES[0]), 'micro') == [
        '20', '61.0 ± 1.0', '41.0 ± 1.0', '21.0 ± 1.0', '5.0 ± 0.0', '33.1 ± 0.1']
    assert score_cells(groups[1], 'paper')[:4] == ['32', '24.0', '32.0', '16.0']


def test_table_has_a_dash_for_the_precision_of_nothing(run_dir, write_detection):
    write_detection(run_dir, share=0.)
    cells = score_cells(Group('a', [RunRecord.load(run_dir)], SERIES[0]), 'paper')
    assert cells[1] == '–' and cells[4] == '0.0'


def section(text, title=TITLE):
    """The part of a report under one heading; '' where there is none."""
    return next((part for part in text.split('<h2>')[1:] if part.startswith(title)), '')


def test_study_report_shows_detection_of_the_methods_that_have_it(study, write_detection, undrawn):
    results, out_dir = study
    with undrawn():
        assert not section(write_study_report(results, out_dir).read_text())
    for seed in range(3):
        write_detection(out_dir / f'ifnd_linear/seed_{seed}', seed)
    path = write_study_report(results, out_dir)
    part = section(path.read_text())
    assert check_report(path) == []
    # one method: micro with band, macro and paper; shares: detected, without spread, and the true one
    assert re.findall(r'data-axes="1" data-marks="(\d+)"', part) == ['4', '4', '4', '2']
    assert part.count('<tr>') == 4 and 'Of IFND' in part
    for seed in range(3):
        write_detection(out_dir / f'simclr/seed_{seed}', seed, share=0.)
    with undrawn():
        part = section(write_study_report(results, out_dir).read_text())
    assert part.count('<tr>') == 4 and 'Nothing was detected, so that nothing is shown here, in: SimCLR.' in part
    for seed in range(3):
        write_detection(out_dir / f'simclr/seed_{seed}', seed, share=1.)
    path = write_study_report(results, out_dir)
    part = section(path.read_text())
    assert check_report(path) == []
    assert re.findall(r'data-axes="1" data-marks="(\d+)"', part) == ['4', '4', '4', '3']
    assert part.count('<tr>') == 7 and 'mean over the seeds' in part


def test_emptied_figure_of_the_detection_is_refused(measured, tmp_path):
    path = write_run_report([measured[0]], tmp_path / 'report.html')
    text = path.read_text()
    assert check_report(path) == []
    number = re.search(r'id="figure-(\d+)"', section(text)).group(1)
    path.write_text(re.sub(rf'(<g id="f{number}-mark_1">).*?</g>', r'\1</g>', text, count=1, flags=re.DOTALL))
    assert check_report(path) == [f'figure-{number}: says 3 marks, 2 are drawn']


@pytest.mark.parametrize('precision, chance, words', [
    (25., 25., 'no better than chance'), (20., 25., 'no better than chance'), (28., 25., 'no better than chance'),
    (32., 25., 'little better than chance'), (60., 25., 'clearly better than chance'),
    (90., 25., 'most of what was removed are false negatives'), (100., 100., 'no better than chance')])
def test_a_precision_is_judged_beside_chance(precision, chance, words):
    assert verdict(precision, chance) == words


def test_the_report_says_what_a_precision_is_worth(measured, tmp_path, undrawn):
    run_dir, path = measured
    add_record(path, dict(epoch=33, precision_micro=33., recall_micro=5., f1_micro=9., predicted_share=5., true_share=33.))
    with undrawn():
        text = write_run_report([run_dir], tmp_path / 'report.html').read_text()
    assert '33.0 % of the removed pairs are of one class, 33.0 % by chance: no better than chance.' in text
    assert 'Chance (%)' in text
