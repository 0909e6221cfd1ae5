import json

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook

from mmifnd.engine.features import feature_pass
from mmifnd.engine.hooks import HealthHook, health_hook
from mmifnd.evaluation import even_anchors, lidar, participation_ratio, rankme, spread, uniformity

BASELINE = 'configs/baselines/simclr_digits.py'


def records(tmp_path):
    return [json.loads(line) for line in (tmp_path / 'false_negatives' / 'health.jsonl').read_text().splitlines()]


class Look(Hook):
    """Calls at the beginning of each epoch."""

    def __init__(self, callback):
        self.callback = callback

    def before_train_epoch(self, runner):
        self.callback()


@pytest.fixture
def passes(monkeypatch):
    """How many images each pass of the run encoded."""
    counts = []

    def counted(extract):
        def extract_and_count(framework, images, *arguments, **options):
            counts.append(len(images.dataset))
            return extract(framework, images, *arguments, **options)
        return extract_and_count

    for name in ('extract_features', 'extract_share'):
        monkeypatch.setattr(f'mmifnd.engine.features.sources.{name}', counted(getattr(feature_pass, name)))
    return counts


def test_epochs_are_measured_without_a_pass_of_their_own(digits_runner, tmp_path, passes):
    digits_runner().train()
    assert [record['epoch'] for record in records(tmp_path)] == [1, 2, 3]
    assert passes == [1297, 1297]  # those of two clusterings
    for record in records(tmp_path):
        assert 1 <= record['embedding_rankme'] <= 32 and record['embedding_dimensions'] == 32
        assert 1 <= record['backbone_rankme'] <= 8 and record['backbone_dimensions'] == 8
        assert record['backbone_participation_ratio'] <= 8 and record['backbone_uniformity'] <= 0
        assert 0 < record['alignment'] < 4 and 0 < record['spread'] < 1.5


def test_steps_log_alignment_and_spread_and_clusterings_their_change(digits_runner, tmp_path):
    runner = digits_runner()
    runner.train()
    logged = runner.message_hub.get_scalar('train/alignment').data[0]
    assert len(logged) == 15 and np.isfinite(logged).all()
    assert records(tmp_path)[0]['alignment'] == pytest.approx(logged[:5].mean(), rel=1e-5)
    first, second = ((tmp_path / 'false_negatives' / 'history.jsonl').read_text().splitlines())
    assert 'changed_share' not in json.loads(first)['granularities'][0]
    assert 0 < json.loads(second)['granularities'][0]['changed_share'] < 1


class KeepFirstViews(Hook):
    """What the encoder of the clustered features has made of each step's first views."""

    def __init__(self):
        self.kept, self.maps, self.embeddings = [], [], []

    def before_train(self, runner):
        model = runner.model
        backbone, neck = (getattr(model, f'key_{name}', getattr(model, name)) for name in ('backbone', 'neck'))
        backbone.register_forward_hook(lambda module, inputs, maps: self.maps.append(maps[-1]))
        neck.register_forward_hook(lambda module, inputs, rows: self.embeddings.append(rows[0]))

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.maps.clear()
        self.embeddings.clear()

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        rows = self.embeddings[0], self.maps[0].mean(dim=(2, 3))
        self.kept.append([part.detach()[:256] for part in rows])


@pytest.mark.parametrize('path', ['configs/baselines/moco_digits.py', 'configs/ifnd/ifnd_swav_digits.py', pytest.param(
    'configs/baselines/simclr_digits.py', marks=pytest.mark.slow)])
def test_the_first_views_of_the_last_steps_are_measured(digits_runner, tmp_path, path, monkeypatch):
    measured, health_of = [], health_hook.health_of
    monkeypatch.setattr(health_hook, 'health_of', lambda rows: measured.append(rows) or health_of(rows))
    runner = digits_runner(path, epochs=3, default_hooks__health__max_images=300, default_hooks__health__interval=2)
    views = KeepFirstViews()
    runner.register_hook(views)
    runner.train()
    assert [record['epoch'] for record in records(tmp_path)] == [2, 3] and len(measured) == 4
    embedding, backbone = (torch.cat(rows)[even_anchors(512, 300)] for rows in zip(*views.kept[8:10]))  # of the second epoch
    torch.testing.assert_close(measured[0], torch.nn.functional.normalize(embedding, dim=1))
    torch.testing.assert_close(measured[1], backbone)
    expected = dict(rankme=rankme(measured[0]), participation_ratio=participation_ratio(measured[0]),
                    uniformity=uniformity(measured[0]), spread=spread(measured[0]))
    for name, value in expected.items():
        assert records(tmp_path)[0][f'embedding_{name}'] == pytest.approx(value)


def test_lidar_of_augmented_views(digits_runner, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(health_hook, 'lidar', lambda rows, index: seen.append((rows, index)) or lidar(rows, index))
    runner = digits_runner(epochs=1, default_hooks__health__lidar_views=6, default_hooks__health__lidar_images=50)
    runner.train()
    (rows, index), = seen
    assert rows.shape == (300, 32) and (index.bincount() == 6).all()
    assert len(rows.unique(dim=0)) == 300  # six different views of each
    assert 1 < records(tmp_path)[0]['embedding_lidar'] <= 32


def test_the_alarm_reaches_the_log_and_the_record(digits_runner, tmp_path, monkeypatch):
    ranks = iter([20., 10., 10., 10.])
    monkeypatch.setattr(health_hook, 'health_of', lambda rows: dict(rankme=next(ranks)))
    runner = digits_runner(epochs=2)
    warnings = []
    monkeypatch.setattr(runner.logger, 'warning', lambda text, *rest: warnings.append(text))
    runner.train()
    ranked = [text for text in warnings if 'effective rank' in text]
    assert len(ranked) == 1 and ranked[0].startswith('Epoch 2: the effective rank of the embedding fell 50 % in one epoch')
    assert [len(record['alarms']) for record in records(tmp_path)] == [0, 1]


@pytest.mark.slow
def test_a_resumed_run_compares_with_the_record_before(digits_runner, tmp_path):
    digits_runner(epochs=2, default_hooks__checkpoint__interval=1).train()
    runner = digits_runner(epochs=3, resume=True)
    hook = next(hook for hook in runner.hooks if isinstance(hook, HealthHook))
    seen = []
    runner.register_hook(Look(lambda: seen.append(hook._before)))
    runner.train()
    record = {name: value for name, value in records(tmp_path)[1].items() if name != 'crc32'}  # of the line
    assert seen[0] == record and [record['epoch'] for record in records(tmp_path)] == [1, 2, 3]


@pytest.mark.parametrize('options, message', [
    (dict(interval=0), 'interval=0, batch_size=256 and max_images=4096 of HealthHook must be positive'),
    (dict(max_images=1), 'max_images=1 of HealthHook must be positive, and there must be two images'),
    (dict(lidar_views=3), 'lidar_views=3 of lidar_images=1000 of HealthHook: give an even number of views')])
def test_errors_say_what_is_wrong(options, message):
    with pytest.raises(ValueError, match=message):
        HealthHook(**options)


def test_a_short_run_says_that_its_thresholds_have_not_settled(digits_runner, tmp_path):
    runner = digits_runner('configs/glofnd/simclr_glofnd_digits.py', model__head__detector__start_epoch=1)
    runner.train()
    *before, last = records(tmp_path)
    assert not any('settled' in alarm for record in before for alarm in record['alarms'])
    alarm, = (alarm for alarm in last['alarms'] if 'settled' in alarm)
    assert 'each has moved 2 times, fewer than 20; train for more epochs' in alarm
