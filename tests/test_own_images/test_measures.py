"""What is measured of a folder of one's own: no image judges itself, and no number takes the place of another."""

import json
import runpy
import shutil
import sys
from pathlib import Path

import pytest
from noise_folder import CHANCE, TINY, folder_config, three_errors, write_noise

from mmifnd.apis import UserError, compare, evaluate
from mmifnd.configuration import load_config
from mmifnd.studies import Method, Run
from mmifnd.studies.one_run import train_and_test

ROOT = Path(__file__).resolve().parents[2]
JUDGED = ('knn', 'linear', 'shot_1', 'shot_5')
HEARD = {'log_level': 'WARNING'}


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return write_noise(tmp_path_factory.mktemp('noise'))


@pytest.fixture
def lines(monkeypatch):
    """What the runner says."""
    from mmengine.logging import MMLogger
    said = []
    monkeypatch.setattr(MMLogger, 'callHandlers', lambda logger, record: said.append(record.getMessage()))
    return said


def is_chance(value, count):
    return abs(value - CHANCE) <= three_errors(count)


def test_noise_is_judged_at_chance_with_images_held_out(folder, tmp_path, restored_torch):
    config, checkpoint = folder_config(folder, tmp_path)
    found = evaluate(checkpoint, config, options=HEARD)
    assert all(is_chance(found[name], 32) for name in JUDGED), found


def test_noise_is_judged_at_chance_where_nothing_was_held_out(folder, tmp_path, lines, restored_torch):
    config, checkpoint = folder_config(folder, tmp_path, holdout=0.)
    found = evaluate(checkpoint, config, options=HEARD)
    assert is_chance(found['knn'], 160) and not set(found) & {'linear', 'shot_1', 'shot_5'}
    first = min(str(path.relative_to(folder)) for path in folder.rglob('*.png'))
    assert [line for line in lines if 'training images, too' in line or 'left out' in line] == [
        f'160 of the 160 test images are training images, too, such as {first}: in kNN they do not vote on themselves, and '
        'probes are not asked about them',
        'few_shot, linear are left out: 160 of the 160 test images are training images, so that it would be asked about what '
        'it has learned from; hold images out (holdout=0.2), or name other test images']


BOTH = pytest.mark.parametrize('holdout, known, count', [
    pytest.param(0.2, JUDGED, 32, marks=pytest.mark.slow), (0., ('knn',), 160)])


@BOTH
def test_the_tool_says_the_same(holdout, known, count, folder, tmp_path, monkeypatch, restored_torch):
    config, checkpoint = folder_config(folder, tmp_path, holdout)
    monkeypatch.setattr(sys, 'argv', [
        'test.py', str(config), str(checkpoint), '--work-dir', str(tmp_path / 'test'), '--out', str(tmp_path / 'found.json')])
    runpy.run_path(str(ROOT / 'tools' / 'test.py'), run_name='__main__')
    measures = json.loads((tmp_path / 'found.json').read_text())['measures']
    assert {name for name in JUDGED if name in measures} == set(known)
    assert all(is_chance(measures[name]['value'], count) for name in known), measures


@BOTH
def test_a_study_says_the_same(holdout, known, count, folder, tmp_path, restored_torch):
    config, _ = folder_config(folder, tmp_path, holdout)
    run = Run(Method('plain', 'Plain', str(config)), 0)
    (tmp_path / run.folder).mkdir(parents=True)
    measures = train_and_test(run, tmp_path, 1, lambda done, total: None)['measures']
    assert {name for name in JUDGED if name in measures} == set(known)
    assert all(is_chance(measures[name], count) for name in known), measures


@pytest.mark.slow
def test_a_comparison_says_the_same(folder, tmp_path):
    """Runs in processes of their own; without images that are held out there is nothing to compare by."""
    settings = dict(framework='simclr', epochs=1, batch_size=40, image_size=12, num_workers=0, options=TINY)
    results = compare(folder, tmp_path, ['none', 'ifnd'], [0.1, 0.5], seeds=2, workers=1, **settings).results
    assert len(results['runs']) == 4
    for run in results['runs']:
        assert all(is_chance(run['measures'][name], 32) for name in JUDGED), run['measures']
    with pytest.raises(UserError, match='methods are compared by labels, on images that are held out'):
        compare(folder, tmp_path / 'none', ['none', 'ifnd'], [0.5], seeds=1, holdout=0., **settings)


def test_copies_of_training_images_are_not_asked_about(folder, tmp_path, lines, restored_torch):
    """By content: the test folder holds ten copies under other names beside twenty images of its own."""
    test = write_noise(tmp_path / 'test', count=20, seed=1)
    for number, path in enumerate(sorted((folder / 'a').iterdir())[:10]):
        shutil.copy(path, test / 'a' / f'copy_{number}.png')
    config, checkpoint = folder_config(folder, tmp_path / 'run', **{
        'train_dataloader.dataset.split': 'all', 'test_dataloader.dataset.split': 'all',
        'test_dataloader.dataset.data_root': str(test)})
    found = evaluate(checkpoint, config, measures=['knn', 'linear'], options=HEARD)
    assert is_chance(found['linear'], 20) and found['linear'] * 20 / 100 == pytest.approx(round(found['linear'] * 20 / 100))
    assert found['knn'] < 60  # the ten copies alone would make a third
    assert any(line.startswith('10 of the 30 test images are training images, too, such as a/copy_0.png') for line in lines)


def test_measures_of_one_type_do_not_overwrite_each_other(folder, tmp_path, restored_torch):
    config, checkpoint = folder_config(folder, tmp_path)
    loaded = load_config(config)
    loaded.test_cfg.measures = dict(
        near=dict(type='KNNAccuracy', k=1), wide=dict(type='KNNAccuracy', k=100), weak=dict(type='LinearProbe', l2=10.),
        strong=dict(type='LinearProbe', l2=1e-4), z=dict(type='ClusteringNMI', num_runs=2),
        f=dict(type='ClusteringNMI', num_runs=2, feature='f'), few=dict(type='FewShotProbe', shots=(1,), num_draws=3),
        fewer=dict(type='FewShotProbe', shots=(1,), num_draws=2), detection=dict(type='DetectionRates'))
    loaded.dump(str(tmp_path / 'several.py'))
    found = evaluate(checkpoint, tmp_path / 'several.py', options={'log_level': 'ERROR'})
    shots = {f'{few}_shot_1{kind}' for few in ('few', 'fewer') for kind in ('', '_std', '_mean', '_mean_std')}
    assert set(found) == {'near', 'wide', 'weak', 'strong', 'z', 'z_std', 'f', 'f_std', 'mtpr', 'mtnr', *shots}
    alone = evaluate(checkpoint, tmp_path / 'several.py', measures=['near', 'weak', 'z'], options={'log_level': 'ERROR'})
    assert alone == {old: found[name] for old, name in dict(knn='near', linear='weak', nmi='z', nmi_std='z_std').items()}
