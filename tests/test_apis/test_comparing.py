"""Methods compared on a folder: which runs choose, which are reported, and on which images."""

import pytest
from image_folders import write_images

from mmifnd.apis import UserError, compare, comparing
from mmifnd.configuration import load_config
from mmifnd.studies.plan import TEMPERATURE

SETTINGS = dict(framework='simclr', epochs=1, batch_size=8, image_size=16, num_workers=0, options={
    'model.backbone.base_channels': 4, 'model.neck.in_channels': 32, 'model.neck.hidden_channels': 16})
#: kNN accuracy that a fake run has, by method and temperature.
FAKE = {('none', 0.1): 50., ('none', 0.5): 60., ('ifnd', 0.1): 70., ('ifnd', 0.5): 40.}


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return write_images(tmp_path_factory.mktemp('images'), 40)


@pytest.fixture
def runs(monkeypatch):
    """Everything that would be trained: (folder, method, options, seed)."""
    asked = []

    def run_all(study, out, seeds, epochs=None, workers=2):
        records = []
        for run in study.runs(seeds):
            asked.append((out, run.method, run.seed))
            value = FAKE[run.method.name.split('@')[0], run.method.options[TEMPERATURE]] + run.seed % 10
            records.append(dict(method=run.method.name, seed=run.seed, work_dir=run.folder, seconds=1.,
                                measures=dict(knn=value)))
        return records

    monkeypatch.setattr(comparing, 'run_all', run_all)
    monkeypatch.setattr(comparing, 'write_report', lambda study, results, out: out / 'report.html')
    return asked


def test_each_method_runs_at_the_temperature_that_the_validation_images_chose(folder, runs, tmp_path):
    found = compare(folder, tmp_path, ['none', 'ifnd'], (0.1, 0.5), seeds=2, choosing_seeds=2, **SETTINGS)
    choosing = [run for run in runs if run[0] != tmp_path]
    reported = [run for run in runs if run[0] == tmp_path]
    assert len(choosing) == 2 * 2 * 2 and len(reported) == 2 * 2
    assert {method.name: method.options[TEMPERATURE] for _, method, _ in reported} == dict(none=0.5, ifnd=0.1)
    assert not {seed for *_, seed in choosing} & {seed for *_, seed in reported}
    paths = {split: set() for split in ('train', 'val', 'trainval', 'test')}
    for _, method, _ in runs:
        config = load_config(method.config, method.options)
        paths[config.train_dataloader.dataset.split].add('train')
        paths[config.test_dataloader.dataset.split].add('test')
    assert paths == dict(train={'train'}, val={'test'}, trainval={'train'}, test={'test'})
    comparison, = found.results['comparisons']
    assert comparison['mean_difference'] == pytest.approx(70. - 60.) and comparison['n'] == 2
    assert '| IFND | 0.1 |' in found.table.read_text() and 'kNN' in found.table.read_text()
    assert '**70.5**' in (tmp_path / 'temperatures.md').read_text()


def test_one_temperature_is_taken_as_it_is(folder, runs, tmp_path):
    compare(folder, tmp_path, ['none', 'ifnd'], [0.5], seeds=1, **SETTINGS)
    assert len(runs) == 2 and {method.options[TEMPERATURE] for _, method, _ in runs} == {0.5}


@pytest.mark.parametrize('options, words', [
    (dict(methods=['none']), 'must be at least two different ones'),
    (dict(methods='none'), 'must be at least two different ones'),
    (dict(methods=['ifnd', 'ifnd']), 'must be at least two different ones'),
    (dict(methods=['none', 'magic']), "method='magic' is unknown"),
    (dict(temperatures=()), 'must be one or more positive numbers'),
    (dict(temperatures=(0.1, 0.)), 'must be one or more positive numbers'),
    (dict(temperatures=[float('inf')]), 'must be one or more positive numbers'),
    (dict(temperatures=(0.1, 0.1000000001)), 'has 2 that are called 0.1'),
    (dict(measure='step_precision_micro'), 'SimCLR alone: step_precision_micro is not measured, .*NoDetector detects nothing'),
    (dict(options={**SETTINGS['options'], 'test_cfg.measures.knn': None}), 'knn is not measured, test_cfg.measures has no KNN'),
    (dict(seeds=0), 'seeds=0 is below 1'),
    (dict(measure='beauty'), "measure='beauty' is unknown; choose one of knn"),
    (dict(epoch=3), 'compare has no argument epoch; did you mean epochs'),
    (dict(holdout=0.), 'on images that are held out')])
def test_one_line_before_anything_is_trained(folder, runs, tmp_path, options, words):
    with pytest.raises(UserError, match=words) as error:
        compare(folder, tmp_path / 'out', **{'methods': ['none', 'ifnd'], **SETTINGS, **options})
    assert '\n' not in str(error.value) and runs == []


@pytest.mark.parametrize('key, value', [
    ('test_cfg.measures', None), ('test_cfg.measures', 5), ('test_cfg', None), ('train_cfg', None), ('default_hooks', None),
    ('default_hooks.checkpoint', None), ('test_dataloader', None), ('test_dataloader.dataset', None), ('model', None),
    ('train_dataloader', 5), ('optim_wrapper', None)])
def test_options_that_take_a_part_away(folder, runs, tmp_path, key, value):
    with pytest.raises(UserError, match=rf'^{key}={value} must be a dict; leave it out of the options') as error:
        compare(folder, tmp_path / 'out', ['none', 'ifnd'], **{**SETTINGS, 'options': {key: value}})
    assert '\n' not in str(error.value) and runs == []


def test_images_without_classes_are_not_compared(folder, runs, tmp_path):
    with pytest.raises(UserError, match='methods are compared by labels'):
        compare(folder / 'class_0', tmp_path / 'out', ['none', 'ifnd'], **SETTINGS)


@pytest.mark.slow
def test_a_real_comparison(folder, tmp_path):
    found = compare(folder, tmp_path, ['none', 'ifnd'], (0.2, 0.5), seeds=2, workers=2, **{**SETTINGS, 'epochs': 3})
    assert found.report.is_file() and len(found.results['runs']) == 4
    assert {'knn', 'linear', 'shot_1', 'nmi'} <= set(found.results['summary']['ifnd'])
