import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mmifnd.records.arrays import RecordError
from mmifnd.records.inspection import InspectionRecord, write_inspection
from mmifnd.records.run_record import RunRecord
from mmifnd.visualization import bars, check_report, write_run_report, write_study_report
from mmifnd.visualization.page import Page
from mmifnd.visualization.report import add_results, choose_run
from mmifnd.visualization.style import TONES, series_styles
from mmifnd.visualization.svg import marks_of, to_inline_svg

TOOL = Path(__file__).parents[2] / 'tools/report.py'


@pytest.fixture(scope='module')
def sound_report(tmp_path_factory, images, labels, make_study):
    results, out_dir = make_study(tmp_path_factory.mktemp('study'))
    return write_study_report(results, out_dir, images, labels).read_text()


@pytest.fixture
def report(sound_report, tmp_path):
    """A copy, which a test may damage."""
    path = tmp_path / 'report.html'
    path.write_text(sound_report)
    return path


def figures_of(path):
    """(data-axes, data-marks) of every figure."""
    found = re.findall(r'<figure [^>]*data-axes="(\d+)" data-marks="(\d+)".*?</figure>', path.read_text(), re.DOTALL)
    return [(int(axes), int(marks)) for axes, marks in found]


def test_study_report_is_sound_and_complete(report):
    assert check_report(report) == []
    # one measure, six quantities, two numbers of clusters; a map of 2 x 3; masked shares; removed negatives of 3 clusters
    figures = figures_of(report)
    assert [axes for axes, _ in figures] == [1] * 9 + [6, 1, 3]
    assert all(marks >= axes for axes, marks in figures)
    text = report.read_text()
    for expected in ('71.0 ± 1.0', '+1.0 points', '&lt; 0.001', 'tools/study.py', 'configs/a.py', '2.9'):
        assert expected in text, expected


def test_report_refers_to_nothing_outside(report):
    text = re.sub(r'xmlns(:\w+)?="[^"]*"', '', report.read_text())
    assert 'http' not in text and '<script' not in text and '@import' not in text and '<link' not in text


def test_names_are_escaped_and_not_read_as_mathematics(report):
    text = report.read_text()
    assert 'A &lt;script&gt;study&lt;/script&gt;' in text
    assert 'IFND &lt;b&gt;linear&lt;/b&gt; &amp; $x_1$' in text
    assert '<b>' not in text and '"0 1"' not in text


def test_ids_are_unique_and_references_hold(report):
    text = report.read_text()
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', text)) <= set(ids)


def test_report_follows_the_colour_scheme(report):
    text = report.read_text()
    assert '@media (prefers-color-scheme: dark)' in text
    drawn = re.sub(r'<style>.*?</style>', '', text, count=1, flags=re.DOTALL)
    assert 'var(--ink)' in drawn
    assert not [tone for tone in TONES if tone.neutral in drawn], 'a neutral tone has not become a variable'


def test_runs_without_record_are_named(study, images, labels, undrawn):
    results, out_dir = study
    for path in (out_dir / 'simclr/seed_1').rglob('*.jsonl'):
        path.unlink()
    with undrawn():
        text = write_study_report(results, out_dir).read_text()
    assert 'not in the curves: simclr/seed_1.' in text


@pytest.mark.parametrize('comparisons', [[], [dict(a='a', b='b', measure='knn', mean_difference=1., p_one_sided=None, n=1)]])
def test_what_was_left_out_is_said_once(comparisons):
    page, lines = Page('', ''), ['A, kNN: nan in seed 1, which counts as not measured', 'A - B, <NMI>: not compared\x1b']
    results = dict(methods=dict(a=dict(label='A'), b=dict(label='B')), measures=dict(knn=dict(label='kNN')), runs=[],
                   summary=dict(a={}, b={}), comparisons=comparisons)
    for left_out in ([], lines):
        add_results(page, {**results, 'left_out': left_out}, {})
    note, = (part for part in page.parts if 'Left out' in part)
    assert note == ('<p class="note">Left out: A, kNN: nan in seed 1, which counts as not measured; A - B, &lt;NMI&gt;: not '
                    'compared?.</p>')


def test_embedding_run_is_taken_or_refused(study, labels, undrawn):
    results, out_dir = study
    with undrawn():
        text = write_study_report(results, out_dir, labels=labels, embedding_run='ifnd_linear/seed_2').read_text()
    assert 'Run ifnd_linear/seed_2' in text and 'kept no features' in text
    with pytest.raises(RecordError, match="'nobody' has no record"):
        write_study_report(results, out_dir, embedding_run='nobody')
    with pytest.raises(RecordError, match='results lack summary'):
        write_study_report({key: results[key] for key in results if key != 'summary'}, out_dir)


def test_runs_side_by_side(tmp_path, write_run):
    runs = [write_run(tmp_path / name / 'run', with_features=False) for name in 'ab']
    path = write_run_report(runs, tmp_path / 'out/report.html')
    assert check_report(path) == []
    assert 'a/run' in path.read_text() and 'b/run' in path.read_text() and str(tmp_path) not in path.read_text()
    with pytest.raises(RecordError, match='different work_dirs'):
        write_run_report([runs[0], runs[0]], path)


def empty_figures(text):
    return re.sub(r'<svg.*?</svg>', '', text, flags=re.DOTALL)


def empty_axes(text):
    return re.sub(r'(<g id="f2-mark_0">).*?</g>', r'\1</g>', text, count=1, flags=re.DOTALL)


@pytest.mark.parametrize('damage, problem', [
    (empty_figures, 'figure-1: shows no data'),
    (empty_axes, 'figure-2: says'),
    (lambda text: re.sub(r'<image [^>]*/>', '', text), 'figure-10: says 6 axes'),
    (lambda text: re.sub(r'<figure.*?</figure>', '', text, flags=re.DOTALL), 'no figure'),
    (lambda text: re.sub(r'<tbody>.*?</tbody>', '<tbody></tbody>', text, flags=re.DOTALL), 'table 1 has no rows'),
    (lambda text: re.sub(r'(<td[^>]*>)[^<]*', r'\1', text), 'table 1 has no rows'),
    (lambda text: re.sub(r'<table>.*?</table>', '', text, flags=re.DOTALL), 'no table'),
    (lambda text: re.sub(r'aria-label="[^"]*"', 'aria-label=""', text), 'figure-1: has no alternative text'),
    (lambda text: re.sub(r'<figcaption>[^<]*', '<figcaption>', text), 'figure-1: has no caption'),
    (lambda text: text.replace('</body>', '<img src="https://example.org/x.png"></body>'), '<img> refers to https'),
    (lambda text: text.replace('</body>', '<script>1</script></body>'), '<script> runs'),
    (lambda text: text.replace('<style>', '<style>@import "x.css";', 1), 'a style sheet loads'),
])
def test_a_report_emptied_or_tampered_with_is_refused(report, damage, problem):
    report.write_text(damage(report.read_text()))
    assert [line for line in check_report(report) if line.startswith(problem)]


def test_missing_report_is_a_problem(tmp_path):
    assert check_report(tmp_path / 'none.html') == [f'{tmp_path / "none.html"}: no such file']
    os.mkfifo(tmp_path / 'fifo.html')
    assert check_report(tmp_path) == [f'{tmp_path} is a folder, no regular file; give a file']
    assert check_report(tmp_path / 'fifo.html') == [f'{tmp_path / "fifo.html"} is a FIFO, no regular file; give a file']


def test_every_seed_is_a_dot(study):
    results, _ = study
    figure = bars.measure_figure(results, 'one_shot', series_styles(list(results['methods'])))
    axes, = figure.axes
    dots = [line.get_xdata() for line in axes.lines if line.get_markersize() < 4]
    np.testing.assert_array_equal(dots, [[70, 71, 72], [71, 72, 73]])
    assert len(marks_of(axes)) == 6
    assert to_inline_svg(figure, 'x-').marks == 6


def test_known_methods_look_the_same_in_every_report():
    first, second = series_styles(['other', 'simclr']), series_styles(['ifnd_linear', 'simclr', 'new'])
    assert first['simclr'] == second['simclr']
    assert len(set(first.values())) == 2 and len(set(second.values())) == 3


@pytest.mark.slow
def test_tool_writes_and_checks(study, images, labels, tmp_path):
    results, out_dir = study
    (out_dir / 'results.json').write_text(json.dumps(results))
    np.savez(tmp_path / 'data.npz', images=images, labels=labels)

    def run(*arguments):
        command = [sys.executable, '-W', 'ignore', TOOL, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)

    written = run(out_dir, '--data', tmp_path / 'data.npz', '--out', 'study.html')
    assert written.returncode == 0, written.stderr
    (tmp_path / 'study.html').write_text(empty_figures((tmp_path / 'study.html').read_text()))
    refused = run('--check', 'study.html')
    assert refused.returncode == 1 and 'figure-1: shows no data' in refused.stdout.splitlines()
    missing = run(tmp_path / 'nowhere')
    assert missing.returncode == 2 and missing.stderr.count('\n') == 1 and 'holds no record' in missing.stderr


def test_a_run_that_accepted_something_is_shown_before_one_that_did_not(tmp_path, write_run):
    idle = RunRecord.load(write_run(tmp_path / 'idle', epochs=(0,)))
    active = RunRecord.load(write_run(tmp_path / 'active', with_features=False))
    complete = RunRecord.load(write_run(tmp_path / 'complete'))
    assert choose_run(dict(idle=idle, active=active), None) == 'active'
    assert choose_run(dict(idle=idle, active=active, complete=complete), None) == 'complete'
    assert choose_run({}, None) is None


def test_runs_on_the_same_images_show_them_once(tmp_path, write_run, undrawn):
    folders = [write_run(tmp_path / name) for name in ('a', 'b', 'c')]
    for folder, count in zip(folders, (7, 7, 8), strict=True):
        write_inspection(folder, InspectionRecord([('images', str(count))], {}, np.zeros((0, 3, 8, 8), np.uint8), []))
    with undrawn():
        text = write_run_report(folders, tmp_path / 'report.html').read_text()
    assert text.count('The images</h2>') == 2 and 'Runs a, b: what a look' in text and 'Run c: what a look' in text
