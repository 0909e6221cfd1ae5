"""Results of evaluations: written by tools/test.py, read back, put side by side, tested."""

import hashlib
import json
import runpy
import sys
from pathlib import Path

import pytest
import torch

from mmifnd.apis import UserError
from mmifnd.cli.report import read_results
from mmifnd.configuration import build_runner, load_config
from mmifnd.evaluation import paired_t_test, summarise
from mmifnd.studies.results import (
    ScoredRun,
    config_hash,
    evaluation_results,
    file_hash,
    means_over_methods,
    paired_values,
    read_runs,
)
from mmifnd.studies.results_table import markdown_table, significance_table

CONFIG = 'configs/baselines/simclr_digits.py'


def run_tool(monkeypatch, name, *arguments):
    monkeypatch.setattr(sys, 'argv', [name, *map(str, arguments)])
    runpy.run_path(f'tools/{name}', run_name='__main__')


def written(tmp_path, name, seed, **measures):
    """A file as tools/test.py writes it."""
    checkpoint = tmp_path / name / f'seed_{seed}' / 'weights.pth'
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(b'weights')
    results = evaluation_results(f'configs/{name}.py', load_config(CONFIG), checkpoint, dict(meta=dict(seed=seed)), measures,
                                 {}, 'python')
    path = tmp_path / f'{name}_{seed}.json'
    path.write_text(json.dumps(results))
    return str(path)


def test_the_tool_writes_the_schema(tmp_path, monkeypatch, capsys, restored_torch):
    config = load_config(CONFIG, {'train_cfg.max_epochs': 1, 'param_scheduler': []})
    config.work_dir, config.log_level = str(tmp_path), 'ERROR'
    config.experiment_name = 'results_of_a_run'
    config.default_hooks.checkpoint.interval = 1
    config.randomness = dict(seed=7)
    build_runner(config).train()
    out = tmp_path / 'deep' / 'results.json'
    fast = {'test_cfg.measures.few_shot.num_draws': 2, 'test_cfg.measures.detection.max_anchors': 50}
    run_tool(monkeypatch, 'test.py', CONFIG, tmp_path / 'epoch_1.pth', '--work-dir', tmp_path / 'test', '--out', out,
             '--cfg-options', *(f'{key}={value}' for key, value in fast.items()))
    results = json.loads(out.read_text())
    assert set(results) >= {'kind', 'command', 'created', 'versions', 'config', 'config_hash', 'checkpoint',
                            'checkpoint_hash', 'seeds', 'measures'}
    assert results['seeds'] == [7] and results['config_hash'] == config_hash(load_config(CONFIG, fast))
    assert results['checkpoint_hash'] == hashlib.sha256((tmp_path / 'epoch_1.pth').read_bytes()).hexdigest()[:16]
    assert results['command'].startswith(f'python tools/test.py {CONFIG} ')
    assert torch.__version__.startswith(results['versions']['torch'].split('+')[0])
    nmi, knn = results['measures']['nmi'], results['measures']['knn']
    assert len(nmi['draws']) == 5 and nmi['spread'] == pytest.approx(summarise(nmi['draws']).standard_deviation)
    assert knn == dict(value=knn['value'], spread=None, draws=[knn['value']]) and 'nmi_std' not in results['measures']
    run, = read_runs(str(out))
    assert (run.method, run.seed) == (f'{tmp_path.name}, simclr_digits', 7) and run.spreads['nmi'] == nmi['spread']
    assert f'knn              {knn["value"]:8.3f}' in capsys.readouterr().out


def test_hashes_say_what_was_run_and_not_where():
    one, other = load_config(CONFIG), load_config(CONFIG)
    other.work_dir, other.launcher = 'elsewhere', 'pytorch'
    assert config_hash(one) == config_hash(other)
    assert config_hash(one) != config_hash(load_config(CONFIG, {'model.head.temperature': 0.1}))


def test_the_table_averages_over_seeds(tmp_path, monkeypatch, capsys):
    files = [written(tmp_path, 'a', 0, linear=90., knn=80.), written(tmp_path, 'a', 1, linear=92., knn=80.),
             written(tmp_path, 'b', 0, linear=70.)]
    run_tool(monkeypatch, 'compare_results.py', *files, '--out', tmp_path / 'table.md')
    expected = ['| method | runs | linear | knn |', '| --- | ---: | ---: | ---: |',
                '| a | 2 | 91.00 ± 1.41 | 80.00 ± 0.00 |', '| b | 1 | 70.00 | - |']
    assert capsys.readouterr().out.splitlines() == expected
    assert (tmp_path / 'table.md').read_text().splitlines() == expected
    assert markdown_table([ScoredRun('c', 0, dict(nmi=5.), dict(nmi=.25))], ['nmi']).endswith('| c | 1 | 5.00 ± 0.25 |')


def test_the_mean_of_several_configs_is_taken_seed_by_seed(tmp_path, monkeypatch, capsys):
    values = {'in100': (80., 82., 84.), 'in100-10pct': (70., 72.), 'in100-0.1pct': (30., 35.)}
    files = [written(tmp_path, name, seed, top1=value, **(dict(top5=99.) if seed else {}))
             for name, of_seeds in values.items() for seed, value in enumerate(of_seeds)]
    run_tool(monkeypatch, 'compare_results.py', *files, '--mean', '--measures', 'top1')
    assert capsys.readouterr().out.splitlines()[2:] == [
        '| in100 | 3 | 82.00 ± 2.00 |', '| in100-10pct | 2 | 71.00 ± 1.41 |', '| in100-0.1pct | 2 | 32.50 ± 3.54 |',
        '| mean | 2 | 61.50 ± 2.12 |']  # of 60 and 63
    runs = [run for file in files for run in read_runs(file)]
    assert [run.measures for run in means_over_methods(runs)] == [dict(top1=60.), dict(top1=63., top5=99.)]


def test_the_paired_test_over_seeds(tmp_path, monkeypatch, capsys):
    a, b = [71., 72., 74.], [70., 70., 71.]
    ours = [written(tmp_path, 'a', seed, linear=value) for seed, value in zip((2, 0, 1), a)]
    theirs = [written(tmp_path, 'b', seed, linear=value, knn=1.) for seed, value in zip((2, 0, 1, 9), (*b, 0.))]
    run_tool(monkeypatch, 'significance.py', *ours, '--against', *theirs)
    found = paired_t_test(a, b)
    assert capsys.readouterr().out.splitlines()[2:] == [
        f'| linear | 3 | +2.000 | 1.000 | {found["t"]:.2f} | {found["p_one_sided"]:.4g} |']
    assert paired_values([read_runs(path)[0] for path in ours], [read_runs(path)[0] for path in theirs], 'linear') == (
        [72., 74., 71.], [70., 71., 70.])


def test_two_methods_of_one_benchmark_are_two_rows(tmp_path):
    path = Path(written(tmp_path, 'linear', 0, top1=60.))
    for method, value in (('ifnd', 70.), ('moco', 60.)):
        results = json.loads(path.read_text()) | dict(checkpoint=f'work_dirs/{method}/epoch_200.pth')
        results['measures']['top1']['value'] = value
        (tmp_path / f'{method}.json').write_text(json.dumps(results))
    runs = [run for source in (tmp_path / 'ifnd.json', f'MoCo v2={tmp_path / "moco.json"}') for run in read_runs(str(source))]
    assert markdown_table(runs).splitlines()[2:] == ['| ifnd, linear | 1 | 70.00 |', '| MoCo v2 | 1 | 60.00 |']


def test_the_methods_of_a_study(tmp_path):
    path = tmp_path / 'results.json'
    path.write_text(json.dumps(dict(runs=[
        dict(method=method, seed=seed, measures=dict(knn=float(seed + bonus)))
        for method, bonus in (('a', 1), ('b', 0)) for seed in (0, 1)])))
    assert len(read_runs(str(path))) == 4
    one, other = read_runs(f'{path}:a'), read_runs(f'{path}:b')
    assert [run.measures['knn'] for run in one] == [1., 2.]
    assert '| knn | 2 | +1.000 | 0.000 | - | - |' in significance_table(one, other)
    assert {run.method for run in read_runs(f'ours={path}:a')} == {'ours'}
    with pytest.raises(UserError, match='results.json has no method c; it has a, b'):
        read_runs(f'{path}:c')


def test_bad_input_is_one_line(tmp_path):
    (tmp_path / 'other.json').write_text('{"a": 1}')
    (tmp_path / 'torn.json').write_text('{"a"')
    with pytest.raises(UserError, match='does not exist; give a results.json'):
        read_runs('nowhere.json')
    for name, words in (('other', r"is not what .* \(KeyError: 'measures'\); give a results.json of tools/study.py or"),
                        ('torn', 'is no JSON')):
        with pytest.raises(UserError, match=f'{name}.json {words}'):
            read_runs(str(tmp_path / f'{name}.json'))
    run = ScoredRun('a', 0, dict(knn=1.))
    with pytest.raises(UserError, match='no run has the measure nmi; there are knn'):
        markdown_table([run], ['nmi'])
    with pytest.raises(UserError, match='both have no measure nmi; they share knn'):
        significance_table([run], [run], ['nmi'])
    with pytest.raises(UserError, match='knn: a run of a of seed 0 is there twice; runs are matched by seed'):
        paired_values([run, run], [run], 'knn')
    with pytest.raises(UserError, match='knn: a run of a has no seed'):
        paired_values([ScoredRun('a', None, dict(knn=1.))], [run], 'knn')
    with pytest.raises(UserError, match='a mean over a, b needs runs of each that have a seed and a measure in common'):
        means_over_methods([run, ScoredRun('b', 1, dict(knn=1.))])
    with pytest.raises(UserError, match='no two runs have the same seed'):
        paired_values([run], [ScoredRun('b', 1, dict(knn=1.))], 'knn')


def test_an_evaluation_has_no_methods(tmp_path):
    path = written(tmp_path, 'a', 0, knn=80.)
    with pytest.raises(UserError, match='is the evaluation of one run and has no method simclr; give .*json alone, or STUDY'):
        read_runs(f'{path}:simclr')
    assert read_runs(f'ours={path}') == [ScoredRun('ours', 0, dict(knn=80.))]


def run_of(**changes):
    measures = dict(knn=1., nmi=None, lidar=float('nan'), svm=2)
    return dict(dict(method='a', seed=0, work_dir='a/seed_0', measures=measures), **changes)


def test_what_could_not_be_measured_is_left_out(tmp_path):
    (tmp_path / 'results.json').write_text(json.dumps(dict(runs=[run_of()])))
    assert read_runs(str(tmp_path / 'results.json')) == [ScoredRun('a', 0, dict(knn=1., svm=2))]


@pytest.mark.parametrize('changes, words', [
    (dict(method=5), 'a run has 5 for its method'), (dict(method=['a']), r"a run has \['a'\] for its method"),
    (dict(seed='x'), "a run of a has 'x' for its seed"), (dict(seed=-1), 'has -1 for its seed'),
    (dict(seed=True), 'has True for'),
    (dict(measures=5), 'has 5 for its measures'), (dict(measures=dict(knn='1')), "knn of a is '1'"),
    (dict(measures={'k\x1b[2J': [1]}), r'k\?\[2J of a is \[1\]'), (dict(measures=dict(knn=True)), 'knn of a is True'),
    (dict(measures=dict(knn=10**400)), 'knn of a is 1000000')])
def test_values_that_no_evaluation_writes_are_named(tmp_path, changes, words):
    path = tmp_path / 'results.json'
    path.write_text(json.dumps(dict(runs=[run_of(**changes)])))
    for read in (lambda: read_runs(str(path)), lambda: read_results(path)):
        with pytest.raises(UserError, match=words) as error:
            read()
        assert '\n' not in str(error.value) and 'results.json' in str(error.value) and '\x1b' not in str(error.value)


def test_a_negative_spread_is_refused_wherever_runs_are_taken(tmp_path):
    path = Path(written(tmp_path, 'a', 0, knn=80.))
    results = json.loads(path.read_text())
    results['measures']['knn']['spread'] = -3.
    path.write_text(json.dumps(results))
    with pytest.raises(UserError, match=rf'^knn of a has a spread of -3 in {path}, expected 0 or more; no evaluation writes'):
        read_runs(f'{path}')
    run = ScoredRun('a', 0, dict(knn=80.), dict(knn=-3.))
    for take in (means_over_methods, markdown_table):
        with pytest.raises(UserError, match='^knn of a has a spread of -3, expected 0 or more; give a standard deviation$'):
            take([run])


def test_a_run_that_cannot_be_matched_is_named_with_its_file(tmp_path):
    run, = read_runs(written(tmp_path, 'a', 0, knn=80.))
    words = rf'^knn: a run of {run.method} of seed 0 is there twice \(in {tmp_path}/a_0.json\); runs'
    with pytest.raises(UserError, match=words):
        paired_values([run, run], [run], 'knn')


def test_the_hash_of_a_file(tmp_path):
    (tmp_path / 'file').write_bytes(bytes(3 * 2**20 + 1))
    assert file_hash(tmp_path / 'file') == hashlib.sha256(bytes(3 * 2**20 + 1)).hexdigest()[:16]
