"""A study end to end, small: runs, paired control, table, results and report."""

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from mmifnd.apis import UserError
from mmifnd.cli import main
from mmifnd.configuration import load_config
from mmifnd.records.names import DETECTION, HISTORY, folder_of
from mmifnd.studies import as_markdown, load_study, print_table, run_all, summary_of, write_results
from mmifnd.studies.identity import fingerprint, read_finished, write_finished
from mmifnd.studies.one_run import DONE, finished_before, last_detection, removal_rates, train_and_test

STUDY = 'configs/studies/digits.py'
#: Draws of the few images per class, each of which is a regression; 200 if the study says nothing.
DRAWS = 'test_cfg.measures.few_shot.num_draws'


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp('study')
    study = load_study(STUDY).only(['simclr', 'random']).with_options({DRAWS: 10})
    records = run_all(study, out, seeds=[0], epochs=4, workers=2)
    results = summary_of(study, records, 'pytest')
    write_results(results, out / 'results.json')
    return study, out, records, results


def test_a_method_brings_the_one_whose_rate_it_copies():
    assert set(load_study(STUDY).only(['random']).methods) == {'random', 'ifnd_linear'}


def test_an_unknown_method_is_refused():
    with pytest.raises(UserError, match='--methods simclrr: the study has no such method; it has simclr'):
        load_study(STUDY).only(['simclrr'])


CELLS = '''
title, dataset, measures, comparisons, figure_run = 'T', 'D', {}, [], 'a_small'
options = {'x': 1, 'y': 1}
cells = dict(small=dict(label='few', options={'y': 2, 'z': 2}), large=dict(label='many', options={'z': 3}))
methods = dict(
    a=dict(label='A', config='configs/baselines/simclr_digits.py', temperatures=dict(small=0.5, large=0.2)),
    b=dict(label='B', config='configs/baselines/simclr_random_digits.py', options={'x': 0}, rate_from='a',
           temperatures=dict(%s=0.1)))
'''


def test_methods_are_run_in_the_cells_that_they_name(tmp_path):
    path = tmp_path / 'cells.py'
    path.write_text(CELLS % 'large')
    methods = load_study(path).methods
    assert list(methods) == ['a_small', 'a_large', 'b_large']
    assert methods['a_small'].options == {'x': 1, 'y': 2, 'z': 2, 'model.head.temperature': 0.5}
    assert methods['b_large'].options == {'x': 0, 'y': 1, 'z': 3, 'model.head.temperature': 0.1}
    assert (methods['b_large'].label, methods['b_large'].rate_from) == ('B, many', 'a_large')


def test_an_unknown_cell_is_refused(tmp_path):
    path = tmp_path / 'cells.py'
    path.write_text(CELLS % 'larg')
    with pytest.raises(UserError, match='the cell larg'):
        load_study(path)


def test_overrides_of_the_command_line_go_before_those_of_a_method():
    study = load_study(STUDY).only(['simclr'])
    method = replace(study.methods['simclr'], options={'a': 1, 'b': 2})
    changed = replace(study, methods={'simclr': method}).with_options({'b': 3, 'c': 4})
    assert changed.methods['simclr'].options == {'a': 1, 'b': 3, 'c': 4}


def test_every_run_has_every_measure(finished):
    study, _, records, _ = finished
    assert {(r['method'], r['seed']) for r in records} == {('simclr', 0), ('ifnd_linear', 0), ('random', 0)}
    for record in records:
        assert set(study.measures) <= set(record['measures'])


def test_the_random_control_removes_at_the_rate_of_ifnd(finished):
    _, out, records, _ = finished
    rates = removal_rates(out / 'ifnd_linear' / 'seed_0', 4)
    assert len(rates) == 3 and rates[0] == 0 and rates[-1] > 0
    found = next(r for r in records if r['method'] == 'random')['measures']
    assert found['mtpr'] == pytest.approx(100 * rates[-1], abs=1)
    assert found['mtnr'] == pytest.approx(100 * (1 - rates[-1]), abs=1)


def test_no_number_of_a_record_is_the_length_of_a_list(tmp_path):
    history = folder_of(tmp_path) / HISTORY
    history.parent.mkdir()
    history.write_text('{"epoch": 1, "false_negative_share": 0.1}\n{"epoch": 1000000000000, "false_negative_share": 0.2}\n')
    assert removal_rates(tmp_path, 4) == [0.1, 0.2, 0.2, 0.2]


def test_bad_test_images_are_found_before_the_training(tmp_path, monkeypatch):
    study = load_study('configs/studies/digits.py').with_options({'test_dataloader.dataset.split': 'tests'})
    run = next(study.runs([0]))
    (tmp_path / run.folder).mkdir(parents=True)
    monkeypatch.setattr('mmifnd.studies.one_run.training_run', lambda config: pytest.fail('it trains'))
    with pytest.raises(ValueError, match="'tests'"):
        train_and_test(run, tmp_path, None, lambda done, total: None)


def test_an_interrupted_study_goes_on(finished, capsys):
    study, out, records, _ = finished
    (out / 'random' / 'seed_0' / DONE).unlink()
    again = run_all(study, out, seeds=[0], epochs=4, workers=2)
    assert '2 runs kept that were finished before' in capsys.readouterr().err
    ran = [now['work_dir'] for now, then in zip(again, records) if now['seconds'] != then['seconds']]
    assert ran == ['random/seed_0']
    assert [record['measures'] for record in again] == [record['measures'] for record in records]


def test_a_run_is_kept_only_for_the_same_config_seed_and_code(finished, monkeypatch):
    study, out, _, _ = finished
    run, = study.only(['simclr']).runs([0])
    other = replace(run, method=replace(run.method, options={'model.head.temperature': 0.1}))
    assert finished_before(run, out, epochs=4)['seed'] == 0
    assert finished_before(run, out, epochs=3) is None and finished_before(other, out, epochs=4) is None
    other_seed = fingerprint(load_config(run.method.config), seed=1)
    assert other_seed != fingerprint(load_config(run.method.config), seed=0)
    monkeypatch.setattr('mmifnd.studies.identity._SOURCES', 'edited')
    assert finished_before(run, out, epochs=4) is None


def test_a_run_that_cannot_begin_is_named(tmp_path):
    study = load_study(STUDY).only(['simclr']).with_options({'model.head.temprature': 1.})
    with pytest.raises(UserError, match='the run simclr/seed_0 failed: --cfg-options model.head.temprature'):
        run_all(study, tmp_path, seeds=[0])
    assert 'UserError' in (tmp_path / 'simclr' / 'seed_0' / 'log.txt').read_text()


RECORD = dict(method='a', seed=0, work_dir='a/seed_0', seconds=1.5, measures=dict(knn=97.1, nmi=None), fingerprint='x')


def test_a_torn_record_is_no_finished_run(tmp_path):
    path = tmp_path / DONE
    assert read_finished(path, 'x', 'a', 0) is None
    for text in ('5', 'null', '["fingerprint"]', '[' * 100_000, '{"fingerprint": "x", "fingerprint": "x"}',
                 '{"fingerprint": "x", "meas'):
        path.write_text(text)
        assert read_finished(path, 'x', 'a', 0) is None
    write_finished(RECORD, path)
    assert read_finished(path, 'x', 'a', 0) == RECORD
    assert [read_finished(path, *run) for run in (('y', 'a', 0), ('x', 'b', 0), ('x', 'a', 1))] == [None] * 3
    path.write_text(path.read_text().replace('97.1', '79.1'))
    assert read_finished(path, 'x', 'a', 0) is None


@pytest.mark.parametrize('check', [{}, dict(crc32=None), dict(crc32=5)])
def test_a_record_without_its_checksum_is_no_finished_run(tmp_path, check):
    (tmp_path / DONE).write_text(json.dumps({**RECORD, **check}))
    assert read_finished(tmp_path / DONE, 'x', 'a', 0) is None


@pytest.mark.parametrize('changes', [
    dict(measures=None), dict(measures=dict(knn='97.1')), dict(measures=dict(knn=True)), dict(measures=dict(knn=[1.])),
    dict(measures=[97.1]), dict(seed=[0]), dict(seed=False), dict(seed=1), dict(method='b'), dict(method=None),
    dict(seconds='1'), dict(seconds=None), dict(work_dir=5)])
def test_a_record_that_no_run_writes_is_no_finished_run(tmp_path, changes):
    write_finished({**RECORD, **changes}, tmp_path / DONE)
    assert read_finished(tmp_path / DONE, 'x', 'a', 0) is None


def test_a_detector_of_the_user_belongs_to_the_code(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / 'detector_of_the_user.py'
    config = load_config('configs/baselines/simclr_digits.py')
    config.custom_imports = dict(imports=[module.stem])
    module.write_text('a = 1')
    before = fingerprint(config, 0)
    assert fingerprint(config, 0) == before
    module.write_text('a = 2')
    assert fingerprint(config, 0) != before


def test_results_are_json_with_every_seed(finished):
    _, out, records, results = finished
    assert json.loads((out / 'results.json').read_text()) == json.loads(json.dumps(results))
    assert results['runs'] == records


def test_differences_are_of_runs_with_the_same_seed():
    study = load_study(STUDY).only(['simclr', 'ifnd_linear'])
    study = replace(study, measures=dict(knn=study.measures['knn']), comparisons=[('ifnd_linear', 'simclr', 'knn')])
    values = dict(simclr={2: 70., 0: 10., 1: 40.}, ifnd_linear={0: 11., 3: 99., 2: 73.})  # in the order of their ends
    records = [dict(method=method, seed=seed, measures=dict(knn=value))
               for method, runs in values.items() for seed, value in runs.items()]
    records.append(dict(method='ifnd_linear', seed=1, measures={}))  # a measure can be left out of a run
    found, = summary_of(study, records, 'pytest')['comparisons']
    assert (found['n'], found['mean_difference']) == (2, 2.) and found['standard_deviation'] == pytest.approx(2**0.5)


def test_the_table_shows_every_method(finished):
    console = Console(record=True, width=200, file=io.StringIO())
    print_table(finished[3], console)
    text = console.export_text()
    for method in finished[0].methods.values():
        assert method.label in text


def test_a_page_gets_the_table_the_command_and_the_differences():
    measures = dict(a=dict(label='A', unit='%'), b=dict(label='B', unit='cosine'), c=dict(label='C', unit='%', in_table=False))
    results = dict(
        title='T', command='python x.py', measures=measures, runs=[dict(seed=0), dict(seed=1)],
        methods=dict(m=dict(label='M', temperature=0.5), n=dict(label='N', temperature=1.)),
        summary=dict(m=dict(a=dict(mean=12.34, std=1.26), b=dict(mean=0.12345, std=None)), n={}),
        comparisons=[dict(a='m', b='n', measure='a', mean_difference=1., p_one_sided=0.04, n=2)])
    assert as_markdown(results).splitlines() == [
        '`python x.py`', '', '2 seeds, mean ± standard deviation, in %, B in units of cosine.', '',
        '| method | temperature | A | B |', '| --- | --- | --- | --- |', '| M | 0.5 | 12.3 ± 1.3 | 0.123 |',
        '| N | 1 | - | - |', '', '- M - N, A: +1.00 % over 2 paired seeds, one-sided p = 0.04']


def test_the_command_keeps_the_runs_and_writes_a_report_that_fails_when_emptied(finished, capsys, quick_maps):
    _, out, _, results = finished
    assert main(['study', STUDY, '--methods', 'simclr', 'random', '--seeds', '1', '--epochs', '4',
                 '--cfg-options', f'{DRAWS}=10', '--out', str(out)]) == 0
    printed = capsys.readouterr()
    assert '3 runs kept that were finished before' in printed.err and str(out / 'results.json') in printed.out.replace('\n', '')
    assert json.loads((out / 'results.json').read_text())['summary'].keys() == results['summary'].keys()
    assert 'SimCLR' in (out / 'table.md').read_text()
    assert main(['report', '--check', str(out / 'report.html')]) == 0
    text = (out / 'report.html').read_text()
    (out / 'emptied.html').write_text(text.split('<svg')[0])
    assert main(['report', '--check', str(out / 'emptied.html')]) == 1


def test_epochs_of_a_report_are_those_of_runs(finished, capsys):
    with pytest.raises(SystemExit):
        main(['report', str(finished[1]), '--epochs', '1'])
    assert '--epochs is for runs; give the work_dir of one run of the study' in capsys.readouterr().err


@pytest.mark.parametrize('share, measured', [(0., {'step_recall_micro'}), (0.1, {'step_precision_micro', 'step_recall_micro'})])
def test_where_nothing_was_detected_there_is_no_precision(tmp_path, share, measured):
    record = dict(epoch=2, precision_micro=0., recall_micro=0., predicted_share=share)
    folder_of(tmp_path).mkdir()
    (folder_of(tmp_path) / DETECTION).write_text(json.dumps({**record, 'epoch': 1}) + '\n' + json.dumps(record) + '\n')
    assert last_detection(tmp_path).keys() == measured | {'step_predicted_share'}
