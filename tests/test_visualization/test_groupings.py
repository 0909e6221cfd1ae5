"""Coarser and finer classes: bars of what probes reach, and images of a few groups."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from mmifnd.cli import main
from mmifnd.visualization import check_report, write_run_report
from mmifnd.visualization.group_bars import describe, grouping_figure, groupings_of
from mmifnd.visualization.group_examples import choose_groups, group_examples_figure, group_title, spread_over_classes
from mmifnd.visualization.style import INK
from mmifnd.visualization.svg import marks_of, to_inline_svg

TOOLS = Path(__file__).parents[2] / 'tools'
CLASSES = ('cat', 'dog', 'car')
GROUPS = dict(kind=dict(cat='animal', dog='animal', car='thing'), each=dict(cat='cat', dog='dog', car='car'))


def measures(shift=0.):
    """Of two groupings, the finer one first; and of a probe that is none."""
    return dict(fine_top1=60. + shift, fine_balanced=55. + shift, fine_majority=30., fine_groups=10.,
                coarse_top1=90. + shift, coarse_balanced=50. + shift, coarse_majority=88., coarse_groups=2., transfer_top1=7.)


@pytest.fixture
def two_runs():
    return groupings_of(dict(simclr=[measures()], ifnd=[measures(1.), measures(3.)]))


def write_evaluation(path, found):
    entries = {name: dict(value=value, spread=None, draws=[value]) for name, value in found.items()}
    path.write_text(json.dumps(dict(kind='evaluation', measures=entries, checkpoint='work_dirs/a/epoch_1.pth', config='a.py',
                                    seeds=[0])))


def test_groupings_are_found_by_their_measures_those_of_few_groups_first(two_runs):
    coarse, fine = two_runs
    assert (coarse.name, coarse.num_groups, coarse.majority) == ('coarse', 2, 88.)
    assert coarse.top1['simclr'].tolist() == [90.] and coarse.balanced['ifnd'].tolist() == [51., 53.]
    assert fine.baseline('top1') == 30. and fine.baseline('balanced') == 10.
    assert groupings_of(dict(a=[dict(transfer_top1=7., knn=3.)])) == []
    assert [g.name for g in groupings_of(dict(a=[measures()], b=[dict(coarse_groups=2.)]))] == ['coarse', 'fine']


def test_runs_that_were_judged_on_other_images_are_not_compared():
    words = '^coarse has 2 groups and a majority of 88.00 % in a and 2 groups and a majority of 89.00 % in b; compare those'
    with pytest.raises(ValueError, match=words):
        groupings_of(dict(a=[measures()], b=[dict(measures(), coarse_majority=89.)]))


@pytest.mark.parametrize('key', ['top1', 'balanced', 'majority'])
@pytest.mark.parametrize('value', [-1., 101., 9e99])
def test_an_accuracy_is_a_per_cent(key, value):
    with pytest.raises(ValueError, match=r'^coarse has an accuracy of \S+ % in b, expected 0 to 100; measure it again$'):
        groupings_of(dict(a=[measures()], b=[dict(measures(), **{f'coarse_{key}': value})]))
    groupings_of(dict(a=[dict(measures(), **{f'coarse_{key}': float('nan')})]))


def test_a_bar_a_run_with_its_spread_and_the_baseline_across(two_runs):
    figure = grouping_figure(two_runs)
    for axes, expected in zip(figure.axes, ([90., 60., 92., 62.], [50., 55., 52., 57.])):
        assert [patch.get_height() for patch in axes.patches] == expected
        assert [label.get_text() for label in axes.get_xticklabels()] == ['coarse\n2 groups', 'fine\n10 groups']
    baselines = [[line.get_ydata()[0] for line in axes.lines if line.get_color() == INK.neutral and len(line.get_xdata()) == 2
                  and line.get_linestyle() == '--'] for axes in figure.axes]
    assert baselines == [[88., 30.], [50., 10.]]
    bars = np.array([patch.get_segments()[0][:, 1] for patch in figure.axes[0].collections])
    np.testing.assert_allclose(bars, [[92 - 2**.5, 92 + 2**.5]])
    assert len(figure.legends[0].get_texts()) == 3
    assert to_inline_svg(figure, 'x-').marks == sum(len(marks_of(axes)) for axes in figure.axes) > 10
    assert 'Top-1 accuracy (%): coarse (2 groups): simclr 90.0, ifnd 92.0; fine' in describe(two_runs, 'top1')
    with pytest.raises(ValueError, match='nothing to draw'):
        grouping_figure([])


def test_the_report_shows_what_evaluations_left_beside_the_run(run_dir, tmp_path, write_run, undrawn):
    write_evaluation(run_dir / 'depths.json', measures())
    (run_dir / 'other.json').write_text('{"kind": "evaluation"}')
    (run_dir / 'broken.json').write_text('{')
    path = write_run_report([run_dir, write_run(tmp_path / 'other')], tmp_path / 'report.html')
    section = path.read_text().split('Coarser and finer classes')[1].split('<h2>')[0]
    assert check_report(path) == [] and section.count('<figure') == 2 and '<td>88.0</td>' in section
    with undrawn():
        assert 'Coarser and finer' not in write_run_report([tmp_path / 'other'], path).read_text()


def test_the_tool_draws_results_and_names_what_is_missing(tmp_path, monkeypatch, capsys):
    write_evaluation(tmp_path / 'a.json', measures())
    write_evaluation(tmp_path / 'b.json', dict(knn=3.))
    tool = str(TOOLS / 'visualization/group_accuracy.py')
    out = tmp_path / 'bars.svg'
    monkeypatch.setattr(sys, 'argv', ['group_accuracy.py', f'IFND={tmp_path / "a.json"}', '--out', str(out)])
    runpy.run_path(tool, run_name='__main__')
    assert 'bars.svg: One set of features' in capsys.readouterr().out and '<svg' in out.read_text()
    monkeypatch.setattr(sys, 'argv', ['group_accuracy.py', str(tmp_path / 'b.json')])
    with pytest.raises(SystemExit):
        runpy.run_path(tool, run_name='__main__')
    assert 'no run has NAME_top1' in capsys.readouterr().err


@pytest.mark.parametrize('name, value, words', [
    ('coarse_top1', 101., 'coarse has an accuracy of 101 % in {other}, expected 0 to 100; measure it again'),
    ('coarse_groups', 3., 'coarse has 2 groups and a majority of 88.00 % in {one} and 3 groups and a majority of 88.00 % in '
                          '{other}; compare those that were judged on the same images')])
@pytest.mark.parametrize('label', ['IFND=', ''])
def test_what_cannot_be_drawn_is_named_with_its_file(tmp_path, capsys, label, name, value, words):
    one, other = tmp_path / 'one.json', tmp_path / 'other.json'
    write_evaluation(one, measures())
    write_evaluation(other, dict(measures(), **{name: value}))
    with pytest.raises(SystemExit):
        main(['group-accuracy', f'{label}{one}', f'{label}{other}', '--out', str(tmp_path / 'bars.svg')])
    assert capsys.readouterr().err == f'error: {words.format(one=one, other=other)}\n'


@pytest.mark.parametrize('name, value', [
    ('coarse_groups', float('inf')), ('coarse_groups', float('nan')), ('coarse_groups', 0), ('coarse_groups', -3),
    ('coarse_groups', 2.5), ('coarse_top1', float('inf')), ('coarse_top1', 1e308)])
def test_results_that_lie_are_named_and_not_drawn(tmp_path, capsys, name, value):
    path, out = tmp_path / 'a.json', tmp_path / 'bars.svg'
    write_evaluation(path, dict(measures(), **{name: value}))
    with pytest.raises(SystemExit) as end:
        main(['group-accuracy', str(path), '--out', str(out)])
    line, = capsys.readouterr().err.splitlines()
    assert end.value.code == 2 and line.startswith(f'error: {name} of ') and str(path) in line and 'run it again' in line
    assert not out.exists()


# --- images of groups ---------------------------------------------------------------------------------------------------


@pytest.fixture
def pets():
    """Twenty images of each of the three classes."""
    return np.repeat(np.arange(3), 20)


def shown(axes, images):
    """Numbers of the images of an axes."""
    return [next(number for number, image in enumerate(images) if np.array_equal(image.transpose(1, 2, 0), drawn.get_array()))
            for drawn in axes.images]


def test_a_row_a_grouping_with_images_of_its_groups(images, pets):
    figure = group_examples_figure(images, pets, CLASSES, GROUPS, dict(thing='something'), num_groups=3, num_images=4)
    titles = [axes.get_title(loc='left') for axes in figure.axes]
    assert titles == ['kind: 2 groups\nanimal (2 classes)', '\nsomething (1 class)', '', 'each: 3 groups\ncar (1 class)',
                      '\ncat (1 class)', '\ndog (1 class)']
    classes = [pets[shown(axes, images)].tolist() for axes in figure.axes]
    assert sorted(classes[0]) == [0, 0, 1, 1], 'of both classes of the group'
    assert classes[1:] == [[2] * 4, [], [2] * 4, [0] * 4, [1] * 4]


def test_images_of_as_many_classes_as_possible(pets):
    generator = np.random.default_rng(0)
    for members in (np.arange(60), np.arange(15, 45)):
        chosen = spread_over_classes(members, pets, 7, generator)
        counts = np.bincount(pets[chosen], minlength=3)
        assert len(set(chosen.tolist())) == counts.sum() == 7 and np.isin(chosen, members).all() and counts.min() >= 2
    assert len(spread_over_classes(np.arange(3), pets, 7, generator)) == 3


def test_the_largest_group_comes_first_and_others_by_chance():
    members = {name: np.zeros(size) for name, size in dict(a=9, b=5, c=3, d=1).items()}
    drawn = {tuple(choose_groups(members, 3, np.random.default_rng(seed))) for seed in range(20)}
    assert drawn == {('a', 'b', 'c'), ('a', 'b', 'd'), ('a', 'c', 'd')}
    assert choose_groups(members, 9, np.random.default_rng(0)) == list('abcd')


def test_a_long_name_is_cut_and_its_size_kept():
    assert group_title('x' * 80, 3, 4) == f'{"x" * 17}… (3 classes)'


def test_a_class_without_a_group_is_named(images, pets):
    with pytest.raises(ValueError, match='kind has no group for 1 of 3 classes, such as dog; give one per class'):
        group_examples_figure(images, pets, CLASSES, dict(kind=dict(cat='animal', car='thing')))
