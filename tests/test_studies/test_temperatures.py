"""Temperatures: which are tried, which is chosen, and what the table shows."""

import math
from types import SimpleNamespace

import pytest

from mmifnd.errors import UserError
from mmifnd.studies import load_study, summary_of
from mmifnd.studies.measured import check_measured
from mmifnd.studies.temperatures import at_temperatures, best_temperatures, check_temperatures, temperature_table

STUDY = 'studies/ablations_digits'


@pytest.fixture(scope='module')
def study():
    return load_study(STUDY).only(['none'])


@pytest.fixture
def choice(study, monkeypatch):
    """The best temperature and the last lines of the table, if the runs at each temperature measured these values."""
    monkeypatch.setattr('mmifnd.studies.summary._describe', lambda method: dict(label=method.label))

    def choice(measure, values):
        grid = at_temperatures(study, list(values))
        runs = [dict(method=f'none@{temperature:g}', seed=seed, measures={measure: value})
                for temperature, of_seeds in values.items() for seed, value in enumerate(of_seeds)]
        arguments = summary_of(grid, runs, 'command'), study, list(values), measure
        return best_temperatures(*arguments)['none'], temperature_table(*arguments).split('|\n', 2)[2]

    return choice


def test_the_bold_temperature_is_the_chosen_one(choice):
    assert choice('knn', {0.1: [70., 71.], 0.2: [60., 61.]}) == (0.1, '| none (SimCLR) | **70.5** | 60.5 |\n')
    assert choice('threshold_mae', {0.1: [0.01], 0.2: [0.5]}) == (0.1, '| none (SimCLR) | **0.010** | 0.500 |\n')
    assert choice('threshold_mae', {0.1: [0.5], 0.2: [0.]}) == (0.2, '| none (SimCLR) | 0.50 | **0.00** |\n')


@pytest.mark.parametrize('value', [math.nan, math.inf, None])
def test_a_temperature_that_was_not_measured_is_not_chosen(choice, value):
    for values in ([value], [99., value]):
        best, table = choice('knn', {0.1: values, 0.2: [60., 61.], 0.5: [50., 51.]})
        assert best == 0.2
        assert table == '| none (SimCLR) | - | **60.5** | 50.5 |\n\n-: not measured by every run, and not chosen.\n'


def test_a_measure_of_no_run_chooses_nothing(choice):
    with pytest.raises(UserError, match=r'none \(SimCLR\) has no knn to choose a temperature by; choose another measure'):
        choice('knn', {0.1: [math.nan], 0.2: [None]})


@pytest.mark.parametrize('temperatures, words', [
    ([], 'must be one or more positive'), (0.1, 'must be'), ('0.1', 'must be'), ([0.1, 0.], 'must be'), ([-1.], 'must be'),
    ([math.inf], 'must be'), ([0.1, math.nan], 'must be'), ([True], 'must be'), (['0.1'], 'must be'),
    ([0.1, 0.2, 0.1], 'has 2 that are called 0.1'), ([0.1, 0.10000001], 'has 2 that are called 0.1; give numbers that differ')])
def test_temperatures_that_no_run_can_have_or_that_share_a_name(study, temperatures, words):
    for refuses in (check_temperatures, lambda temperatures: at_temperatures(study, temperatures)):
        with pytest.raises(UserError, match=words) as error:
            refuses(temperatures)
        assert '\n' not in str(error.value)


@pytest.mark.parametrize('options, measure, words', [
    ({'test_cfg.measures.knn': None}, 'knn', 'knn is not measured, test_cfg.measures has no KNNAccuracy; choose another'),
    ({'test_cfg.measures.few_shot': None}, 'shot_1', 'has no FewShotProbe'),
    ({'test_cfg.measures.few_shot.shots': (1, 2)}, 'shot_5_mean', r'the shots of FewShotProbe in .* are \(1, 2\)'),
    ({'test_cfg.measures.detection': None}, 'mtpr', 'has no DetectionRates'), ({}, 'step_precision_micro', 'detects nothing'),
    ({'default_hooks': dict(_delete_=True)}, 'step_recall_micro', 'has no DetectionHook')])
def test_a_measure_that_no_run_will_have_is_found_before_the_runs(study, options, measure, words):
    with pytest.raises(UserError, match=words):
        check_measured(study.with_options(options), measure)


def test_measures_that_runs_may_have(study):
    for measure in ('knn', 'shot_1', 'shot_5_mean', 'mtnr', 'threshold_mae', 'step_recall_micro', 'of_a_user'):
        check_measured(study, measure)
    check_measured(study.with_options({'test_cfg.measures': dict(_delete_=True, mine=dict(type='KNNAccuracy'))}), 'knn')
    check_measured(SimpleNamespace(methods=load_study('studies/digits').methods), 'step_recall_micro')
