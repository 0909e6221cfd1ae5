"""What runs of a study did not measure ends nothing: it is left out, and a line says so."""

import json
import math

import pytest

from mmifnd import studies
from mmifnd.cli import main
from mmifnd.studies import load_study, report, summary_of
from mmifnd.studies.gaps import compare_gaps, gap_sentences

STUDY = '''
title, dataset, figure_run = 'T', 'digits', 'a'
methods = {name: dict(label=name.upper(), config='configs/baselines/simclr_digits.py') for name in 'ab'}
measures = dict(knn=dict(label='kNN', unit='%'), nmi=dict(label='NMI', unit='%'))
comparisons = [('a', 'b', 'knn'), ('b', 'a', 'nmi')]
'''
CELLS = '''
title, dataset, figure_run, comparisons = 'T', 'digits', 'a_few', []
cells = dict(few=dict(label='few', options={}), many=dict(label='many', options={}))
methods = {name: dict(label=name.upper(), config='configs/baselines/simclr_digits.py', temperatures=dict(few=0.2, many=0.2))
           for name in 'ab'}
measures = dict(knn=dict(label='kNN', unit='%'))
gaps = [('a', 'b', 'knn')]
'''


@pytest.fixture
def outcome(tmp_path, monkeypatch, capsys):
    """What `mmifnd study` leaves if its runs measured these values, by method and seed."""
    (tmp_path / 'study.py').write_text(STUDY)

    def outcome(values):
        monkeypatch.setattr(studies, 'run_all', lambda *_: [
            dict(method=method, seed=seed, work_dir=f'{method}/seed_{seed}', seconds=1., measures=measures)
            for (method, seed), measures in values.items()])
        monkeypatch.setattr(report, 'write_report', lambda study, results, out: out / 'report.html')
        assert main(['study', str(tmp_path / 'study.py'), '--out', str(tmp_path / 'out')]) == 0
        results = json.loads((tmp_path / 'out' / 'results.json').read_text())
        printed, table = capsys.readouterr().out, (tmp_path / 'out' / 'table.md').read_text()
        assert all(line in printed and f'- {line}' in table for line in results['left_out'])
        return results

    return outcome


def test_a_comparison_that_nothing_measured(outcome):
    results = outcome({(method, seed): dict(nmi=50. + seed) for method in 'ab' for seed in (0, 1)})
    assert [comparison['measure'] for comparison in results['comparisons']] == ['nmi']
    assert results['summary']['a'] == dict(nmi=dict(mean=50.5, std=pytest.approx(0.5**0.5), n=2))
    assert results['left_out'] == [
        'A - B, kNN: not compared, no seed was measured of both; configure knn for both, or leave out the comparison']


@pytest.mark.parametrize('value', [math.nan, None, math.inf])
def test_a_value_that_is_no_finite_number(outcome, value):
    values = {(method, seed): dict(knn=70. + seed + (method == 'a'), nmi=5.) for method in 'ab' for seed in range(3)}
    values['a', 1]['knn'] = value
    results = outcome(values)
    of_knn, of_nmi = results['comparisons']
    assert (of_knn['n'], of_knn['mean_difference'], of_nmi['n']) == (2, 1., 3)
    assert results['summary']['a']['knn']['mean'] == 72. and results['summary']['a']['knn']['n'] == 2
    assert results['left_out'] == [f'A, kNN: {value} in seed 1, which counts as not measured',
                                   'A - B, kNN: seed 1 left out, not measured of A in seed 1']


def test_what_was_measured_of_all_leaves_nothing_to_say(outcome):
    assert outcome({(method, 0): dict(knn=1., nmi=5.) for method in 'ab'})['left_out'] == []


def test_a_gap_that_nothing_measured(tmp_path):
    (tmp_path / 'study.py').write_text(CELLS)
    study = load_study(tmp_path / 'study.py')
    records = [dict(method=f'{name}_{cell}', seed=0, measures=dict(knn=math.nan if (name, cell) == ('a', 'many') else 5.))
               for name in 'ab' for cell in study.cells]
    results = summary_of(study, records, 'command')
    assert set(results['gaps'][0]['gaps']) == {'few'}
    assert [line.split(',')[0] for line in results['left_out']] == ['A', 'A']
    assert results['left_out'][1].startswith('A, many - B, many, kNN: not compared')


def test_gaps_without_a_seed_in_common():
    found = compare_gaps(dict(few=({0: 60.}, {0: 50.}), many=({1: 60.}, {1: 50.})))
    assert gap_sentences(found, dict(few='few', many='many'))[-1] == 'many against few: no seed in common'
