"""Differences of two methods compared between data sets."""

import math

import pytest
from scipy import stats

from mmifnd.configuration.errors import UserError
from mmifnd.studies import load_study
from mmifnd.studies.gaps import compare_gaps, gap_sentences, log_odds
from mmifnd.studies.summary import summary_of
from mmifnd.studies.table import as_markdown

VALUES = dict(few=({0: 60., 1: 62., 2: 61.}, {0: 50., 1: 51., 2: 52.}),
              many=({0: 33., 1: 34., 2: 35.}, {0: 30., 1: 32., 3: 1.}))


def test_gaps_and_tests_equal_a_loop():
    found = compare_gaps(VALUES)
    few, many = [10., 11., 9.], [3., 2.]
    assert found['gaps']['few']['mean'] == pytest.approx(sum(few) / 3) and found['gaps']['few']['n'] == 3
    assert found['gaps']['many']['mean'] == pytest.approx(sum(many) / 2) and found['gaps']['many']['n'] == 2
    (test,) = found['tests']
    expected = stats.ttest_rel(many, few[:2], alternative='greater')
    assert test['points']['p_larger'] == pytest.approx(expected.pvalue)
    assert test['points']['p_smaller'] == pytest.approx(1 - expected.pvalue)
    odds = [[math.log(a / (100 - a)) - math.log(b / (100 - b)) for a, b in pairs]
            for pairs in (((60, 50), (62, 51), (61, 52)), ((33, 30), (34, 32)))]
    assert found['gaps']['few']['log_odds_mean'] == pytest.approx(sum(odds[0]) / 3)
    assert test['log_odds']['mean_difference'] == pytest.approx(
        (odds[1][0] - odds[0][0] + odds[1][1] - odds[0][1]) / 2)


def test_log_odds_stay_finite():
    assert log_odds(100.) == pytest.approx(math.log(99.99 / 0.01)) and log_odds(0.) == pytest.approx(-log_odds(100.))


def test_a_data_set_without_common_seeds_has_no_gap():
    found = compare_gaps(dict(VALUES, none=({0: 1.}, {1: 1.})))
    assert set(found['gaps']) == {'few', 'many'} and len(found['tests']) == 1
    assert 'many against few' in gap_sentences(found, dict(few='few', many='many'))[-1]


STUDY = '''
title, dataset, figure_run = 'A', 'digits', 'a_few'
cells = dict(few=dict(label='few', options={}), many=dict(label='many', options={'train_cfg.max_epochs': 4}))
methods = {name: dict(label=name, config='configs/baselines/simclr_digits.py', temperatures=dict(few=0.2, many=0.2))
           for name in 'ab'}
measures = dict(knn=dict(label='kNN', unit='%', higher_is_better=True))
comparisons = []
gaps = [GAP]
'''


def written(tmp_path, gap):
    path = tmp_path / 'study.py'
    path.write_text(STUDY.replace('GAP', gap))
    return path


def test_a_study_with_cells_says_whether_a_gap_differs(tmp_path):
    study = load_study(written(tmp_path, "('a', 'b', 'knn')"))
    records = [dict(method=f'{name}_{cell}', seed=seed, measures=dict(knn=value))
               for cell, pair in VALUES.items() for name, by_seed in zip('ab', pair) for seed, value in by_seed.items()]
    results = summary_of(study, records, 'command')
    assert results['gaps'][0]['gaps']['few']['mean'] == 10.
    assert 'a - b, kNN, many against few: -8.00 points' in as_markdown(results)
    assert study.only(['a_few', 'b_few']).gaps and not study.only(['a_few']).gaps


@pytest.mark.parametrize('gap, message', [
    ("('a', 'b')", 'must be two methods and a measure'), ("('a', 'c', 'knn')", 'names c, which does not exist'),
    ("('a', 'b', 'linear')", 'names linear, which does not exist')])
def test_gaps_of_what_there_is_not_are_refused(tmp_path, gap, message):
    with pytest.raises(UserError, match=message):
        load_study(written(tmp_path, gap))
