"""What the subcommands do: each prints and writes what its function returns, and refuses in one line."""

import argparse
import json
from inspect import signature
from types import SimpleNamespace

import pytest
import torch
from image_folders import write_images
from mmengine.config import ConfigDict

from mmifnd import apis, studies, visualization
from mmifnd.cli import main, train
from mmifnd.cli.train import set_mixed_precision
from mmifnd.errors import UserError

EPOCHS = 'train_cfg.max_epochs=3'


def refusal(capsys, *arguments):
    """The one line of a call that is refused."""
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    assert end.value.code == 2
    printed = capsys.readouterr()
    assert printed.err.startswith('error: ') and printed.err.count('\n') == 1, printed.err
    return printed.err


@pytest.fixture
def passed_on(monkeypatch):
    """Replace a function of a module by one that takes the same arguments, and notes them."""
    def replace(module, name, result):
        calls = []
        parameters = signature(getattr(module, name))

        def function(*args, **kwargs):
            calls.append(parameters.bind(*args, **kwargs).arguments)
            return result

        monkeypatch.setattr(module, name, function)
        return calls

    return replace


def test_inspect_prints_the_table_and_writes_the_record(tmp_path, capsys):
    folder = write_images(tmp_path / 'images', count=6)
    assert main(['inspect', str(folder), '--out', str(tmp_path / 'look')]) == 0
    printed = capsys.readouterr().out
    assert '6' in printed and 'class_0' in printed and str(tmp_path / 'look' / 'inspection.json') in printed.replace('\n', '')
    assert json.loads((tmp_path / 'look' / 'inspection.json').read_text())


def test_evaluate_prints_a_line_per_measure(passed_on, capsys):
    calls = passed_on(apis, 'evaluate', dict(knn=51.25, linear=7.))
    assert main(['evaluate', 'run/epoch_3.pth', '--measures', 'knn', 'linear', '--cfg-options', 'log_level=ERROR']) == 0
    assert capsys.readouterr().out == 'knn                51.250\nlinear              7.000\n'
    assert calls == [dict(checkpoint='run/epoch_3.pth', config=None, measures=['knn', 'linear'], out=None,
                          options=dict(log_level='ERROR'),
                          command='mmifnd evaluate run/epoch_3.pth --measures knn linear --cfg-options log_level=ERROR')]


def test_pretrain_hands_on_what_it_was_given(passed_on, capsys):
    calls = passed_on(apis, 'pretrain', SimpleNamespace(config='out/config.py', checkpoint='out/epoch_2.pth'))
    assert main(['pretrain', 'images', 'out', '--method', 'glofnd', '--epochs', '2', '--holdout', '0.1', '--resume']) == 0
    assert capsys.readouterr().out == 'out/config.py\nout/epoch_2.pth\n'
    call, = calls
    assert (call['data'], call['out'], call['method'], call['epochs'], call['holdout'], call['resume'], call['overwrite']) == (
        'images', 'out', 'glofnd', 2, 0.1, True, False)


def test_compare_hands_on_what_it_was_given(passed_on, monkeypatch, capsys):
    calls = passed_on(apis, 'compare', SimpleNamespace(results={}, table='out/table.md', report='out/report.html'))
    passed_on(studies, 'print_table', None)
    assert main(['compare', 'images', 'out', '--methods', 'none', 'ifnd', '--temperatures', '0.2', '--seeds', '5']) == 0
    assert capsys.readouterr().out == 'table: out/table.md\nthe picture: out/report.html\n'
    call, = calls
    assert (call['methods'], call['temperatures'], call['seeds'], call['measure']) == (['none', 'ifnd'], [0.2], 5, 'knn')
    assert call['settings']['epochs'] == 100 and call['settings']['holdout'] == 0.2


@pytest.mark.parametrize('arguments, words', [
    (['--measure', 'nothing'], '--measure nothing: the study has no such measure; it has '),
    (['--seeds', '-1'], '--seeds -1 is negative; seeds count from 0'),
    (['--workers', '0'], 'workers'),
    (['--temperatures', '0.1', 'nan'], 'temperatures=[0.1, nan] must be one or more positive numbers'),
    (['--measure', 'knn', '--cfg-options', 'test_cfg.measures.knn=None'], 'knn is not measured, test_cfg.measures has no KNN'),
    (['--methods', 'ifdn'], 'ifdn')])
def test_temperatures_are_not_chosen_of_what_does_not_exist(arguments, words, capsys, tmp_path):
    assert words in refusal(capsys, 'select-temperature', 'studies/digits', '--out', str(tmp_path), *arguments)


def test_temperatures_are_chosen_on_the_grid(passed_on, tmp_path, capsys, monkeypatch):
    measured = dict(shot_1=70., knn=90.)

    def run_all(study, out, seeds, epochs=None, workers=2):
        return [dict(method=run.method.name, seed=run.seed, work_dir=run.folder, config_hash='0', checkpoint_hash='0',
                     measures=dict.fromkeys(study.measures, measured['shot_1'])) for run in study.runs(seeds)]

    monkeypatch.setattr(studies, 'run_all', run_all)
    assert main(['select-temperature', 'studies/digits', '--methods', 'simclr', '--temperatures', '0.2', '0.5', '--seeds',
                 '100', '101', '--out', str(tmp_path)]) == 0
    assert (tmp_path / 'temperatures.md').read_text() in capsys.readouterr().out
    assert len(json.loads((tmp_path / 'results.json').read_text())['runs']) == 4
    measured['shot_1'] = None
    assert 'SimCLR has no shot_1 to choose a temperature by; choose another measure' in refusal(
        capsys, 'select-temperature', 'studies/digits', '--methods', 'simclr', '--out', str(tmp_path))


@pytest.mark.parametrize('arguments, words', [
    ([], 'give either WORK_DIR... or --check FILE'),
    (['run', '--check', 'report.html'], 'give either WORK_DIR... or --check FILE')])
def test_a_report_is_written_or_checked(arguments, words, capsys):
    assert words in refusal(capsys, 'report', *arguments)


@pytest.mark.parametrize('text, words', [
    ('{', 'results.json is no JSON'), ('{"runs": [1]}', 'has no runs with method and work_dir')])
def test_a_report_of_damaged_results_is_refused(text, words, tmp_path, capsys):
    (tmp_path / 'results.json').write_text(text)
    assert words in refusal(capsys, 'report', str(tmp_path))


def test_train_by_name_then_its_report_and_refusals_of_its_flags(tmp_path, capsys, restored_torch, passed_on, monkeypatch,
                                                                   quick_maps):
    config = ['train', 'baselines/simclr_digits', '--work-dir', str(tmp_path)]
    assert main([*config, '--no-validate', '--cfg-options', EPOCHS, 'log_level=ERROR']) == 0
    assert (tmp_path / 'epoch_3.pth').is_file()
    capsys.readouterr()
    run = next(tmp_path.rglob('vis_data')).parent
    reports = passed_on(visualization, 'write_run_report', tmp_path / 'report.html')
    monkeypatch.setattr(visualization, 'check_report', lambda path: ['figure-1: shows no data'])
    (tmp_path / 'results.json').write_text('{"kind": "evaluation"}')  # of a single run, not of a study
    assert run.is_dir() and main(['report', str(tmp_path)]) == 1 and capsys.readouterr().out == 'figure-1: shows no data\n'
    assert len(reports[0]['images']) == len(reports[0]['labels']) == 1297 and reports[0]['names'] is None
    (tmp_path / 'config.py').unlink(missing_ok=True)
    for path in tmp_path.glob('*.py'):
        path.unlink()
    main(['report', str(tmp_path)])
    assert 'images' not in reports[1] and 'no pictures, and nothing is judged by classes: ' in capsys.readouterr().err
    assert 'goes with --resume' in refusal(capsys, *config, '--fresh-image-state')
    assert 'has no auto_scale_lr.base_batch_size to scale from' in refusal(
        capsys, 'train', 'baselines/simclr_digits', '--auto-scale-lr', '--cfg-options', 'auto_scale_lr=None')


def test_mixed_precision_is_refused_where_the_machine_has_none(capsys, monkeypatch):
    config = ConfigDict(optim_wrapper=dict(type='OptimWrapper'))
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    for flag in ('--amp', '--bf16'):
        assert f'{flag} needs a GPU and none was found' in refusal(capsys, 'train', 'baselines/simclr_digits', flag)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'get_device_name', lambda: 'Tesla T4')
    monkeypatch.setattr(torch.cuda, 'get_device_capability', lambda: (7, 5))
    with pytest.raises(UserError, match='--bf16: Tesla T4 has no bfloat16 in hardware; use --amp'):
        set_mixed_precision(config, in_bfloat16=True)
    set_mixed_precision(config, in_bfloat16=False)
    assert config.optim_wrapper == dict(type='AmpOptimWrapper', loss_scale='dynamic')
    monkeypatch.setattr(torch.cuda, 'get_device_capability', lambda: (9, 0))
    config.optim_wrapper = dict(type='OptimWrapper')
    set_mixed_precision(config, in_bfloat16=True)
    assert config.optim_wrapper == dict(type='Bfloat16OptimWrapper')


def test_flags_of_train_change_the_config():
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    config = train.merged(parser.parse_args(['ifnd/ifnd_simclr_digits', '--resume', 'epoch_2.pth', '--fresh-image-state']))
    assert config.resume is True and config.load_from == 'epoch_2.pth'
    assert config.default_hooks.plain_checkpoint.on_changed_data == 'restart_image_state'
