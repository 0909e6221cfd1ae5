"""A study end to end, small: runs, paired control, table, results and report."""

import json

import pytest
from rich.console import Console

from mmifnd.apis import UserError
from mmifnd.apis.study import load_study, print_table, run_all, summary_of, write_results
from mmifnd.apis.study.one_run import removal_rates
from mmifnd.apis.study.report import write_report
from mmifnd.visualization import check_report

STUDY = 'configs/studies/digits.py'


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp('study')
    study = load_study(STUDY).only(['simclr', 'random'])
    records = run_all(study, out, seeds=[0], epochs=4, workers=2)
    results = summary_of(study, records, 'pytest')
    write_results(results, out / 'results.json')
    return study, out, records, results


def test_a_method_brings_the_one_whose_rate_it_copies():
    assert set(load_study(STUDY).only(['random']).methods) == {'random', 'ifnd_linear'}


def test_an_unknown_method_is_refused():
    with pytest.raises(UserError, match='--methods simclrr: the study has no such method; it has simclr'):
        load_study(STUDY).only(['simclrr'])


def test_every_run_has_every_measure(finished):
    study, _, records, _ = finished
    assert {(r['method'], r['seed']) for r in records} == {('simclr', 0), ('ifnd_linear', 0), ('random', 0)}
    for record in records:
        assert set(study.measures) <= set(record['measures'])


def test_the_random_control_removes_at_the_rate_of_ifnd(finished):
    _, out, records, _ = finished
    rates = removal_rates(out / 'ifnd_linear' / 'seed_0')
    assert len(rates) == 3 and rates[0] == 0 and rates[-1] > 0
    found = next(r for r in records if r['method'] == 'random')['measures']
    assert found['mtpr'] == pytest.approx(100 * rates[-1], abs=1)
    assert found['mtnr'] == pytest.approx(100 * (1 - rates[-1]), abs=1)


def test_results_are_json_with_every_seed(finished):
    _, out, records, results = finished
    assert json.loads((out / 'results.json').read_text()) == json.loads(json.dumps(results))
    assert results['runs'] == records


def test_the_table_shows_every_method(finished):
    console = Console(record=True, width=200, file=open('/dev/null', 'w'))
    print_table(finished[3], console)
    text = console.export_text()
    for method in finished[0].methods.values():
        assert method.label in text


def test_the_report_holds_its_figures_and_fails_when_emptied(finished):
    study, out, _, results = finished
    path = write_report(study, results, out)
    assert check_report(path) == []
    path.write_text(path.read_text().split('<svg')[0])
    assert check_report(path)
