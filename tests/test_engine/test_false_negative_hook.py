import json
import multiprocessing
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook

from mmifnd.clustering import softmax_confidence
from mmifnd.engine.features.image_batches import ImageBatches
from mmifnd.engine.hooks import FalseNegativeHook, false_negative_hook
from mmifnd.registry import HOOKS

ACCEPTANCE = dict(type='ConfidenceAcceptance')


def history(tmp_path):
    return [json.loads(line) for line in (tmp_path / 'false_negatives' / 'history.jsonl').read_text().splitlines()]


def arrays(tmp_path, epoch):
    with np.load(tmp_path / 'false_negatives' / f'epoch_{epoch:04d}.npz') as found:
        return {name: found[name] for name in found.files}


class Watch(Hook):
    """Notes the labels that each epoch trains with, and the views of one image."""

    IMAGES = range(600)

    def __init__(self):
        self.labels, self.views = [], {}

    def before_train_epoch(self, runner):
        self.labels.append(runner.model.head.detector.labels.clone())

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        views = [runner.model.data_preprocessor(data_batch, training=True) for _ in range(2)]
        assert views[0]['inputs'][0].equal(views[1]['inputs'][0])  # the same epoch, the same view
        for row, index in enumerate(views[0]['index'].tolist()):
            if index in self.IMAGES:
                self.views.setdefault(runner.epoch, {})[index] = [view[row] for view in views[0]['inputs']]


@pytest.mark.parametrize('source', ['extract', 'bank'])
@pytest.mark.parametrize('kmeans', [{}, dict(backend='torch', device='cpu', init='previous')], ids=['faiss', 'torch'])
def test_three_epochs_of_the_digits(digits_runner, tmp_path, source, kmeans):
    """With torch, features stay where they were computed; all that is recorded is the same."""
    runner = digits_runner(
        default_hooks__false_negative__num_clusters=(10, 30), default_hooks__false_negative__source=source,
        default_hooks__false_negative__kmeans=kmeans)
    watch = Watch()
    runner.register_hook(watch)
    runner.train()

    lines = history(tmp_path)
    assert [line['epoch'] for line in lines] == [1, 2]  # the useless one after the last epoch is skipped
    assert [line['rate'] for line in lines] == pytest.approx([1 / 3, 2 / 3])
    for line in lines:
        assert 0 < line['share_of_training_time'] < 1
        assert [row['num_clusters'] for row in line['granularities']] == [10, 30]
        for row in line['granularities']:
            assert 0 < row['nmi'] < 100 and 0 <= row['mtpr'] <= 100 and 0 <= row['mtnr'] <= 100
    assert lines[0]['false_negative_share'] == 0 and lines[1]['false_negative_share'] > 0

    for epoch, line in zip((1, 2), lines):
        found = arrays(tmp_path, epoch)
        labels, assignments = found['labels'], found['assignments']
        assert labels.shape == assignments.shape == found['confidence'].shape == (2, 1297)
        assert found['features'].shape == (1297, 32) and found['centroids_0'].shape == (10, 32)
        seen = assignments[0] >= 0
        assert seen.all() if source == 'extract' else seen.sum() == 1280  # the last batch of an epoch is dropped
        accepted = labels >= 0
        assert (accepted.sum(axis=1) == int(line['rate'] * seen.sum() + 1e-9)).all()
        assert (labels[accepted] == assignments[accepted]).all()
        for level in range(2):
            confidence, chosen = found['confidence'][level], accepted[level]
            assert confidence[chosen].min() >= confidence[seen & ~chosen].max()

    assert (watch.labels[0] == -1).all()  # nothing is accepted before the first clustering
    for epoch in (1, 2):
        assert np.array_equal(watch.labels[epoch].cpu().numpy(), arrays(tmp_path, epoch)['labels'])


def test_two_epochs_give_different_views(digits_runner):
    watch, runner = Watch(), digits_runner(epochs=2)
    runner.register_hook(watch)
    runner.train()
    both = watch.views[0].keys() & watch.views[1].keys()
    assert len(both) > 500
    for index in both:
        for first, second in zip(watch.views[0][index], watch.views[1][index]):
            assert not first.equal(second)
        assert not watch.views[0][index][0].equal(watch.views[0][index][1])


def test_confidence_takes_the_temperature_of_the_loss_unless_given_one(digits_runner, tmp_path):
    for temperature in (None, 0.7):
        runner = digits_runner(epochs=2, work_dir=tmp_path / str(temperature), model=dict(head=dict(temperature=0.3)),
                               default_hooks__false_negative__temperature=temperature)
        runner.train()
        found = arrays(tmp_path / str(temperature), 1)
        features, centroids, labels = (
            torch.from_numpy(found[name]) for name in ('features', 'centroids_0', 'assignments'))
        expected = softmax_confidence(features.float(), centroids, labels[0].long(), temperature or 0.3)
        np.testing.assert_allclose(found['confidence'][0], expected.numpy(), atol=5e-3)  # of float16 features


@pytest.mark.parametrize('source', ['extract', 'bank'])
def test_the_untrained_network_may_be_clustered_first(digits_runner, tmp_path, source):
    runner = digits_runner(
        epochs=2, default_hooks__false_negative__initial=True, default_hooks__false_negative__source=source)
    watch = Watch()
    runner.register_hook(watch)
    runner.train()
    assert [line['epoch'] for line in history(tmp_path)] == [0, 1]
    assert (arrays(tmp_path, 0)['assignments'] >= 0).all()


def test_confidence_may_be_the_concentration_of_clusters(digits_runner, tmp_path):
    digits_runner(epochs=2, default_hooks__false_negative__confidence='concentration').train()
    found = arrays(tmp_path, 1)
    for assignment, confidence in zip(found['assignments'], found['confidence']):
        assert (confidence <= 0).all()
        assert all(len(set(confidence[assignment == cluster])) == 1 for cluster in set(assignment))


def test_begin_puts_the_first_clustering_off(digits_runner, tmp_path):
    digits_runner(epochs=4, default_hooks__false_negative__begin=2).train()
    assert [line['epoch'] for line in history(tmp_path)] == [2, 3]


def test_a_begin_that_never_comes_is_refused_before_training(digits_runner, tmp_path):
    runner = digits_runner(epochs=2, default_hooks__false_negative__begin=2)
    with pytest.raises(ValueError, match='begin=2 of FalseNegativeHook is beyond the training of 2 epochs; choose at most 1'):
        runner.train()


def test_interval_of_two(digits_runner, tmp_path):
    digits_runner(epochs=4, default_hooks__false_negative__interval=2).train()
    assert [line['epoch'] for line in history(tmp_path)] == [2]


@pytest.mark.parametrize('save, files', [('none', []), ('labels', ['epoch_0001.npz'])])
def test_what_is_saved(digits_runner, tmp_path, save, files):
    digits_runner(epochs=2, default_hooks__false_negative__save=save).train()
    assert sorted(path.name for path in (tmp_path / 'false_negatives').glob('epoch_*.npz')) == files
    assert len(history(tmp_path)) == 1
    assert not files or 'features' not in arrays(tmp_path, 1)


def test_more_clusters_than_images_are_refused_before_training(digits_runner, tmp_path):
    runner = digits_runner(default_hooks__false_negative__num_clusters=(10, 5000))
    with pytest.raises(ValueError, match='num_clusters=5000 exceeds the 1297 images of the training set; choose at most'):
        runner.train()
    assert not list(tmp_path.glob('*.pth'))


def test_features_that_are_not_finite_name_the_image(digits_runner, monkeypatch):
    runner = digits_runner()
    cluster_feature = type(runner.model).cluster_feature

    def poisoned(self, images, kind='z'):
        rows = cluster_feature(self, images, kind)
        rows[5] = torch.nan
        return rows

    monkeypatch.setattr(type(runner.model), 'cluster_feature', poisoned)
    with pytest.raises(ValueError, match=r'6 of 1297 images have NaN or infinite features, such as image 5, image 261, '
                                         r'image 517; look at these images, or lower the learning rate'):
        runner.train()


def test_clustering_the_features_of_the_backbone(digits_runner, tmp_path):
    digits_runner(epochs=2, default_hooks__false_negative__cluster_feature='f').train()
    assert arrays(tmp_path, 1)['features'].shape == (1297, 8)


def test_a_control_without_labels_trains_and_is_measured(digits_runner, tmp_path):
    digits_runner('configs/baselines/simclr_digits.py', epochs=2).train()
    line, = history(tmp_path)
    assert line['rate'] == 0 and line['granularities'][0]['nmi'] > 0 and line['false_negative_share'] == 0


@pytest.mark.parametrize('options, words', [
    (dict(source='disk'), "source='disk' of FalseNegativeHook is unknown; choose one of extract, bank"),
    (dict(interval=0), 'interval=0 and batch_size=256 of FalseNegativeHook must be positive'),
    (dict(batch_size=0), 'interval=1 and batch_size=0 of FalseNegativeHook must be positive'),
    (dict(begin=-1), 'begin=-1 of FalseNegativeHook must not be negative, nor positive with initial=True'),
    (dict(begin=3, initial=True), 'begin=3 of FalseNegativeHook must not be negative, nor positive with initial=True'),
    (dict(confidence='phi'), "confidence='phi' is unknown; choose one of softmax, concentration"),
    (dict(save='all'), "save='all' is unknown; choose one of none, labels, features"),
    (dict(kmeans=dict(backend='cupy')), "backend='cupy' of KMeans is unknown; choose one of auto, faiss, torch"),
])
def test_options_out_of_range_are_named(options, words):
    with pytest.raises(ValueError, match=words):
        FalseNegativeHook((10,), ACCEPTANCE, **options)


def test_it_is_the_hook_that_configs_name():
    hook = HOOKS.build(dict(type='FalseNegativeHook', num_clusters=(10,), acceptance=ACCEPTANCE))
    assert isinstance(hook, FalseNegativeHook)


class Readers(Hook):
    """The process that reads images for the pass, after each epoch."""

    priority = 'LOWEST'

    def __init__(self):
        self.processes = []

    def after_train_epoch(self, runner):
        hook = next(hook for hook in runner.hooks if isinstance(hook, FalseNegativeHook))
        iterator = hook.source.images._loader._iterator
        self.processes += [] if iterator is None else iterator._workers


def test_labels_do_not_depend_on_who_reads_the_images_and_one_process_reads_them_until_the_end(digits_runner, monkeypatch):
    begun = []
    monkeypatch.setattr(ImageBatches, 'begin', lambda self, begin=ImageBatches.begin: begun.append(begin(self)))

    def labels(workers):
        runner, readers = digits_runner(epochs=3, default_hooks__false_negative__num_workers=workers), Readers()
        runner.register_hook(readers)
        runner.train()
        return runner.model.head.detector.labels.clone(), readers.processes

    alone, nobody = labels(0)
    read, processes = labels(1)
    assert torch.equal(alone, read) and not nobody
    assert len(processes) == 3 and len(set(processes)) == 1 and not processes[0].is_alive()
    assert len(begun) == 2 * 2 * 5  # asked in each of the five steps of both epochs that a clustering follows


def test_no_process_waits_for_another_pass_beside_features_of_the_steps(digits_runner):
    begun, waiting = multiprocessing.active_children(), []
    runner = digits_runner(epochs=1, default_hooks__false_negative__initial=True, default_hooks__false_negative__source='bank',
                           default_hooks__false_negative__num_workers=1)

    class Count(Hook):
        def before_train_epoch(self, runner):
            waiting.extend(set(multiprocessing.active_children()) - set(begun))

    runner.register_hook(Count())
    runner.train()
    assert not waiting


@pytest.mark.parametrize('kmeans, before, lines', [
    (dict(init='previous'), (4, 8), 1), (dict(init='previous'), (4, ), 1), (dict(init='previous'), (4, 9), 0),
    (dict(init='previous'), (), 0), ({}, (4, 8), 0)])
def test_centroids_of_a_checkpoint_that_do_not_fit_are_named(monkeypatch, kmeans, before, lines):
    said = []
    monkeypatch.setattr(false_negative_hook, 'print_log', lambda line, *rest: said.append(line))
    hook = FalseNegativeHook((4, 9), ACCEPTANCE, kmeans=kmeans)
    monkeypatch.setattr(hook, 'record', SimpleNamespace(load_rank_states=lambda states: None))
    state = dict(clusterings=1, centroids=[torch.zeros(count, 2) for count in before])
    hook.load_rank_states([dict(labeler=state)])
    assert len(said) == lines and all(f'num_clusters={before}, and there are (4, 9) now' in line for line in said)
