"""What a config would show and change: views as its run draws them, schedules as its run follows them."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from image_folders import write_images
from mmengine.config import Config

from mmifnd.apis import shipped_config
from mmifnd.apis.schedules import acceptance, gamma, learning_rate, schedules_of
from mmifnd.apis.views import augmented_views
from mmifnd.configuration import load_config
from mmifnd.datasets import Digits, IndexedDataset
from mmifnd.registry import MODELS

TOOLS = Path(__file__).resolve().parents[2] / 'tools' / 'visualization'
HEADLINE = shipped_config('ifnd/ifnd_r50_8xb32_200e_in1k.py')
DIGITS = shipped_config('ifnd/ifnd_simclr_digits.py')


@pytest.fixture
def imagenet(tmp_path):
    """Options that put the headline config on a folder in ImageNet's layout."""
    for split in ('train', 'val'):
        write_images(tmp_path / 'in1k' / split, count=4, size=64)
    return {f'{loader}_dataloader.dataset.data_root': str(tmp_path / 'in1k') for loader in ('train', 'test')}


# --- views ----------------------------------------------------------------------------------------------------------------


def test_views_of_digits_are_those_of_the_run():
    config = load_config(DIGITS, {'randomness.seed': 3})
    rows = augmented_views(config, count=4, epoch=7)
    dataset = IndexedDataset(Digits('trainval'), seed=3)
    dataset.set_epoch(7)
    positions = np.linspace(0, len(dataset) - 1, 4).round().astype(int)
    np.testing.assert_array_equal([row[0] for row in rows], dataset.dataset.images[positions].numpy())

    preprocessor = MODELS.build(config.model.data_preprocessor)
    preprocessor.seed_draws(3)
    batch = dataset.__getitems__(range(len(dataset)))  # another batch, the same views
    views = preprocessor(batch, training=True)['inputs']
    for number, view in enumerate(views):
        expected = (view[positions] * preprocessor.std + preprocessor.mean).mul(255).round().clamp(0, 255)
        np.testing.assert_array_equal([row[1 + number] for row in rows], expected.byte().numpy())
    assert any((row[1] != row[2]).any() for row in rows)
    assert any((one[1] != other[1]).any() for one, other in zip(rows, augmented_views(config, count=4, epoch=8)))


def test_views_of_files_are_in_rgb(imagenet):
    rows = augmented_views(load_config(HEADLINE, imagenet), count=4)
    assert [[picture.shape for picture in row] for row in rows] == [[(3, 224, 224)] * 3] * 4
    red, _, blue = (rows[0][0][channel].mean() for channel in range(3))
    assert blue > red + 100  # class 0: blue, without red


def test_the_tool_draws_them(imagenet, tmp_path, monkeypatch, capsys):
    for config, options in ((DIGITS, {}), (HEADLINE, imagenet)):
        out = tmp_path / f'{config.stem}.png'
        arguments = ['browse_views.py', str(config), '--out', str(out), '--images', '3']
        arguments += ['--cfg-options', *(f'{key}={value}' for key, value in options.items())] if options else []
        monkeypatch.setattr(sys, 'argv', arguments)
        runpy.run_path(str(TOOLS / 'browse_views.py'), run_name='__main__')
        assert capsys.readouterr().out == f'{out}\n' and out.read_bytes().startswith(b'\x89PNG')


# --- schedules ------------------------------------------------------------------------------------------------------------


def test_schedules_of_the_headline_config():
    rate, accepted = schedules_of(load_config(HEADLINE))
    at = dict(zip(rate.epochs.tolist(), rate.values.tolist()))
    assert {epoch: at[epoch] for epoch in (0., 119.9, 120., 159.9, 160., 199.9)} == pytest.approx(
        {0.: .03, 119.9: .03, 120.: .003, 159.9: .003, 160.: .0003, 199.9: .0003})
    at = dict(zip(accepted.epochs.tolist(), accepted.values.tolist()))
    assert [at[epoch] for epoch in (0, 1, 100, 199)] == pytest.approx([0., .5, 50., 99.5]) and accepted.held


def test_a_warm_up_that_is_counted_in_steps():
    rate = learning_rate(load_config(shipped_config('glofnd/sogclr_glofnd_r50_1xb128-coslr_200e_in100.py')))
    at = dict(zip(rate.epochs.round(3).tolist(), rate.values.tolist()))
    assert at[0.] == pytest.approx(8.5e-5, rel=1e-2) and at[5.] == pytest.approx(.4243, rel=.06)
    assert at[10.] == pytest.approx(.8485, rel=1e-3) and rate.values[-1] < 1e-4


@pytest.mark.parametrize('options, expected', [
    (dict(interval=2), {0: 0., 2: 20., 4: 40., 8: 80., 10: 80.}),
    (dict(interval=2, begin=5), {0: 0., 6: 60., 8: 80., 10: 80.}),
    (dict(interval=5, initial=True, acceptance=dict(type='ConfidenceAcceptance', scheme='constant')),
     {0: 100., 5: 100., 10: 100.})])
def test_acceptance_holds_from_clustering_to_clustering(options, expected):
    hook = {'acceptance': dict(type='ConfidenceAcceptance'), **options}
    found = acceptance(Config(dict(train_cfg=dict(max_epochs=10), default_hooks=dict(false_negative=hook))))
    at = dict(zip(found.epochs.tolist(), found.values.tolist()))
    assert {epoch: at.get(epoch) for epoch in expected} == pytest.approx(expected)


def test_gamma_is_that_of_sogclr_s_head():
    base = load_config(shipped_config('glofnd/sogclr_digits.py'))
    assert gamma(load_config(DIGITS)) is None
    assert set(gamma(base).values.tolist()) == {base.model.head.get('gamma', 0.9)}
    cosine = {'model.head.gamma_schedule': 'cosine', 'model.head.gamma': 0.2}
    falling = load_config(shipped_config('glofnd/sogclr_digits.py'), cosine)
    values = gamma(falling).values
    assert values[0] == 1. and (np.diff(values) <= 0).all() and values[-1] < 0.3


def test_the_tool_draws_the_schedules(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['schedules.py', str(HEADLINE), '--out', str(tmp_path / 'schedules.png')])
    runpy.run_path(str(TOOLS / 'schedules.py'), run_name='__main__')
    assert capsys.readouterr().out == f'{tmp_path}/schedules.png\n'
    assert (tmp_path / 'schedules.png').read_bytes().startswith(b'\x89PNG')
