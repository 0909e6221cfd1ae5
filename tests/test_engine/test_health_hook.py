import json

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook

from mmifnd.engine.features import feature_pass
from mmifnd.engine.features.epoch_features import noted_backbone, sample_view
from mmifnd.engine.hooks import HealthHook, health_hook
from mmifnd.evaluation import even_anchors, lidar, participation_ratio, rankme, spread, uniformity
from mmifnd.models.embedding import pool

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
        def extract_and_count(framework, dataset, *arguments, **options):
            counts.append(len(dataset))
            return extract(framework, dataset, *arguments, **options)
        return extract_and_count

    for name in ('hooks.health_hook.extract_features', 'features.sources.extract_features', 'features.sources.extract_share'):
        monkeypatch.setattr(f'mmifnd.engine.{name}', counted(getattr(feature_pass, name.split('.')[-1])))
    return counts


def test_measures_what_was_clustered_and_encodes_nothing_twice(digits_runner, tmp_path, passes):
    runner = digits_runner(default_hooks__false_negative__save='features')
    runner.train()
    found = records(tmp_path)
    assert [record['epoch'] for record in found] == [1, 2, 3]
    assert passes == [1297, 1297, 1297]  # two clusterings, and the pass of the last epoch, which is not clustered
    with np.load(tmp_path / 'false_negatives' / 'epoch_0002.npz') as arrays:
        embedding = torch.from_numpy(arrays['features'].astype(np.float32))
    expected = dict(rankme=rankme(embedding), participation_ratio=participation_ratio(embedding),
                    uniformity=uniformity(embedding), spread=spread(embedding), dimensions=32)
    for name, value in expected.items():
        assert found[1][f'embedding_{name}'] == pytest.approx(value, rel=1e-2)  # the file holds float16
    for record in found:
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


@pytest.mark.parametrize('path', [BASELINE, pytest.param('configs/baselines/moco_digits.py', marks=pytest.mark.slow)])
def test_one_bounded_pass_where_nothing_is_clustered(digits_runner, tmp_path, passes, path):
    runner = digits_runner(path, default_hooks__false_negative__interval=5, default_hooks__health__max_images=100,
                           default_hooks__health__interval=2)
    runner.train()
    assert passes == [100, 100] and [record['epoch'] for record in records(tmp_path)] == [2, 3]
    assert all(record['backbone_dimensions'] == 8 for record in records(tmp_path))


@pytest.mark.parametrize('path', ['configs/ifnd/ifnd_moco_digits.py', pytest.param(
    'configs/ifnd/ifnd_simclr_digits.py', marks=pytest.mark.slow), pytest.param(
    'configs/ifnd/ifnd_swav_digits.py', marks=pytest.mark.slow)])
def test_banked_embeddings_come_with_the_backbone_of_the_last_steps(digits_runner, tmp_path, passes, path, monkeypatch):
    measured, health_of = [], health_hook.health_of
    monkeypatch.setattr(health_hook, 'health_of', lambda rows: measured.append(rows) or health_of(rows))
    runner = digits_runner(path, default_hooks__false_negative__source='bank', default_hooks__health__max_images=300)
    kept = []
    runner.register_hook(KeepFirstViews(kept))
    runner.train()
    assert passes == [300] and [record['epoch'] for record in records(tmp_path)] == [1, 2, 3]
    embedding, backbone = measured[2:4]  # of the second epoch
    assert len(embedding) == len(backbone) == 300
    torch.testing.assert_close(backbone.cpu(), torch.cat(kept[8:10]).cpu()[even_anchors(512, 300)])


class KeepFirstViews(Hook):
    """The first view's rows of each step behind the backbone that is clustered with."""

    def __init__(self, kept):
        self.kept, self.calls = kept, []

    def before_train(self, runner):
        runner.model.cluster_backbone.register_forward_hook(lambda module, inputs, maps: self.calls.append(maps[-1]))

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.calls.clear()

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.kept.append(self.calls[0].detach().mean(dim=(2, 3))[:256])


@pytest.mark.parametrize('path, encoder', [('configs/ifnd/ifnd_simclr_digits.py', 'backbone'),
                                           ('configs/ifnd/ifnd_moco_digits.py', 'key_backbone')])
def test_backbone_rows_of_the_pass_are_the_features(digits_runner, path, encoder):
    runner = digits_runner(path)
    runner.load_or_resume()
    framework, dataset = runner.model, runner.train_loop.dataset
    view, index = sample_view(dataset, None, 300)
    assert len(view) == len(index) == 300 and (index.diff() > 0).all()
    collate = runner.train_dataloader.collate_fn
    with noted_backbone(framework, len(view)) as rows:
        feature_pass.extract_features(framework, view, framework.cluster_feature, 128, collate_fn=collate)
    whole = feature_pass.extract_features(framework, dataset.evaluation_view(),
                                          lambda images: pool(getattr(framework, encoder)(images)), 128, collate_fn=collate)
    torch.testing.assert_close(torch.cat(rows), whole[index])


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
    assert seen[0] == records(tmp_path)[1] and [record['epoch'] for record in records(tmp_path)] == [1, 2, 3]


@pytest.mark.parametrize('options, message', [
    (dict(interval=0), 'interval=0, batch_size=256 and max_images=4096 of HealthHook must be positive'),
    (dict(max_images=1), 'max_images=1 of HealthHook must be positive, and there must be two images'),
    (dict(lidar_views=3), 'lidar_views=3 of lidar_images=1000 of HealthHook: give an even number of views')])
def test_errors_say_what_is_wrong(options, message):
    with pytest.raises(ValueError, match=message):
        HealthHook(**options)
