import numpy as np
import pytest
import torch

from mmifnd.engine.features.feature_pass import extract_features
from mmifnd.engine.features.image_batches import ImageBatches
from mmifnd.engine.hooks import OnlineProbeHook
from mmifnd.evaluation import knn_accuracy
from mmifnd.models.frameworks import ContrastiveFramework

IFND = 'configs/ifnd/ifnd_simclr_digits.py'


def watched(monkeypatch, runner):
    """What a run will have logged under online/, a dict an epoch."""
    logged = []
    monkeypatch.setattr(runner.visualizer, 'add_scalars', lambda values, **options: logged.append(values))
    return lambda: [values for values in logged if 'online/linear_train' in values]


def trained(digits_runner, path, work_dir, hook, **options):
    runner = digits_runner(path, work_dir=work_dir, **options)
    if hook:
        runner.register_hook(hook)
    runner.train()
    return runner


@pytest.mark.parametrize('path', [IFND, pytest.param('configs/baselines/moco_digits.py', marks=pytest.mark.slow)])
def test_the_trained_weights_are_the_same_bits_and_no_part_sees_labels(digits_runner, tmp_path, monkeypatch, path):
    given = []
    bind = ContrastiveFramework.bind

    def watched_bind(self, num_samples, labels=None):
        given.append(labels)
        bind(self, num_samples, labels)

    monkeypatch.setattr(ContrastiveFramework, 'bind', watched_bind)
    with_probe = trained(digits_runner, path, tmp_path / 'with', OnlineProbeHook(), epochs=2)
    without = trained(digits_runner, path, tmp_path / 'without', None, epochs=2)
    assert given == [None, None]
    for (name, one), other in zip(with_probe.model.state_dict().items(), without.model.state_dict().values()):
        assert torch.equal(one, other), name


def test_what_it_logs(digits_runner, tmp_path, monkeypatch):
    hook = OnlineProbeHook()
    runner = digits_runner(IFND, epochs=3)
    online = watched(monkeypatch, runner)
    runner.register_hook(hook)
    runner.train()
    records = online()
    names = {f'online/{name}' for name in ('linear_train', 'linear_test', 'knn_test')}
    assert [set(record) for record in records] == [names] * 3
    assert records[-1]['online/linear_train'] > records[0]['online/linear_train'] > 0
    assert records[-1]['online/linear_test'] > 15 and records[-1]['online/knn_test'] > 30  # of 10 classes
    # After the last epoch nothing is clustered: the vote is that of a pass of its own.
    collate = runner.train_dataloader.collate_fn
    encode = runner.model.cluster_feature
    bank, asked = (extract_features(runner.model, ImageBatches(data.evaluation_view(), 256, collate_fn=collate), encode)
                   for data in (runner.train_loop.dataset, runner.test_loop.dataloader.dataset))
    expected = knn_accuracy(bank, runner.train_loop.dataset.labels(), asked, runner.test_loop.dataloader.dataset.labels())
    assert records[-1]['online/knn_test'] == pytest.approx(expected)


@pytest.mark.slow
def test_the_vote_takes_the_features_that_were_clustered(digits_runner, monkeypatch):
    encoded = []
    encode = OnlineProbeHook._encode

    def counted(self, runner, view, how):
        encoded.append(len(view))
        return encode(self, runner, view, how)

    monkeypatch.setattr(OnlineProbeHook, '_encode', counted)
    runner = digits_runner(IFND, epochs=2)
    runner.register_hook(OnlineProbeHook(max_images=400))
    runner.train()
    assert encoded == [400, 400, 400, 400, 400]  # test images for probe and vote; voters after the last epoch only


def test_the_probe_learns_the_softmax_regression(digits_runner):
    runner = digits_runner(IFND, epochs=1)
    hook = OnlineProbeHook(k=0)
    runner.register_hook(hook)
    runner.train()
    assert hook.probe.weight.shape == (10, 8) and hook.probe.weight.abs().sum() > 0
    assert not hook.framework.backbone._forward_hooks


@pytest.mark.slow
def test_a_resumed_probe_goes_on(digits_runner, tmp_path):
    first = OnlineProbeHook()
    trained(digits_runner, IFND, tmp_path, first, epochs=2, default_hooks__checkpoint__interval=1)
    runner = digits_runner(IFND, epochs=3, work_dir=tmp_path, resume=True)
    again = OnlineProbeHook()
    runner.register_hook(again)
    seen = []
    before_train = OnlineProbeHook.before_train

    def look(runner):
        seen.append(again.probe.weight.detach().clone())
        before_train(again, runner)

    again.before_train = look
    runner.train()
    assert torch.equal(seen[0], first.probe.weight.detach())
    assert not torch.equal(again.probe.weight, seen[0])


@pytest.mark.slow
def test_without_labels_it_stays_away(digits_runner, monkeypatch):
    runner = digits_runner('configs/baselines/simclr_digits.py', epochs=1)
    monkeypatch.setattr(type(runner.train_loop.dataset), 'labels', lambda self: None)
    hook = OnlineProbeHook()
    runner.register_hook(hook)
    runner.train()
    assert hook.probe is None and np.isfinite(runner.message_hub.get_scalar('train/loss').data[0]).all()


@pytest.mark.parametrize('options', [dict(lr=0), dict(interval=0), dict(k=-1), dict(max_images=0)])
def test_errors_say_what_is_wrong(options):
    with pytest.raises(ValueError, match='of OnlineProbeHook must be positive; k=0 leaves kNN out'):
        OnlineProbeHook(**options)


def test_images_of_both_sets_judge_nothing_by_themselves(digits_runner, monkeypatch):
    """Training and test images are the same 297 digits: each is asked about without its own vote, the probe about none."""
    split = {f'{loader}_dataloader__dataset__split': 'val' for loader in ('train', 'test')}
    runner = digits_runner('configs/baselines/simclr_digits.py', epochs=1, train_dataloader__batch_size=64, **split)
    runner.register_hook(OnlineProbeHook())
    online = watched(monkeypatch, runner)
    runner.train()
    record, = online()
    assert set(record) == {'online/linear_train', 'online/knn_test'}
    data = runner.train_loop.dataset
    images = ImageBatches(data.evaluation_view(), 256, collate_fn=runner.train_dataloader.collate_fn)
    bank = extract_features(runner.model, images, runner.model.cluster_feature)
    similarity = (bank @ bank.T).fill_diagonal_(-2)
    value, nearest = similarity.topk(20)
    votes = torch.zeros(297, 10).scatter_add_(1, torch.as_tensor(data.labels())[nearest], (value / 0.07).exp())
    right = (votes.argmax(1) == torch.as_tensor(data.labels())).float().mean()
    assert record['online/knn_test'] == pytest.approx(100 * right.item())
