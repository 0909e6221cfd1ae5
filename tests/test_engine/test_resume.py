"""A run that was stopped anywhere and resumed ends as one that was not, to the last bit."""

import random
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.hooks import Hook

from mmifnd.engine.batch_norm import batch_statistics
from mmifnd.engine.checkpoints.checkpoint_format import load_plain
from mmifnd.engine.checkpoints.random_state import random_state, set_random_state
from mmifnd.engine.checkpoints.resume import load_rank_states
from mmifnd.errors import UserError
from mmifnd.models.backbones import SmallCNN
from mmifnd.records.lines import read_records
from mmifnd.registry import MODELS

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tools' / 'reliability'))
from run_ends import leaves  # noqa: E402  (what the tool compares, too)

IFND, GLOFND = 'configs/ifnd/ifnd_simclr_digits.py', 'configs/glofnd/sogclr_glofnd_digits.py'
MOCO = dict(type='MoCoAdapter', queue_len=100, momentum=0.9)
DROPOUT = dict(backbone=dict(type='DropoutCNN'))
EVERY_2_STEPS = dict(default_hooks__checkpoint__interval=1, default_hooks__checkpoint__interval_iters=2,
                     default_hooks__health__interval=2)
BANK = dict(default_hooks__false_negative__source='bank', default_hooks__false_negative__interval=2)
CASES = {
    'ifnd, queue, bank over 2 epochs': (IFND, dict(model={**MOCO, **DROPOUT}, **BANK)),
    'ifnd, initial': (IFND, dict(default_hooks__false_negative__initial=True)),
    'ifnd, workers': (IFND, dict(
        model=DROPOUT, train_dataloader__num_workers=1, default_hooks__false_negative__num_workers=1)),
    'ifnd': (IFND, dict(model=DROPOUT)),
    'ifnd, prototypes': (IFND, dict(model=dict(
        type='SwAVAdapter', queue_len=300, head=dict(type='SwAVHead', num_prototypes=64, freeze_iterations=8), **DROPOUT))),
    'glofnd': (GLOFND, dict(model=dict(head=dict(detector=dict(start_epoch=1)), **DROPOUT)))}
QUICK = ('ifnd, queue, bank over 2 epochs', )
STEPS = 5  # an epoch


@pytest.fixture(autouse=True)
def dropout():
    """A backbone that draws from torch's generator of the process."""

    class DropoutCNN(SmallCNN):

        def forward(self, images):
            maps, = super().forward(images)
            return (F.dropout(maps, 0.1, self.training), )

    MODELS.register_module(module=DropoutCNN, force=True)
    yield
    MODELS._module_dict.pop('DropoutCNN')


class Interrupted(Exception):
    pass


class InterruptHook(Hook):
    """The power goes behind a step."""

    priority = 'LOWEST'

    def __init__(self, step):
        self.step = step

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter + 1 == self.step:
            raise Interrupted


def interrupt(runner, step):
    runner.register_hook(InterruptHook(step))
    with pytest.raises(Interrupted):
        runner.train()


def differing(first, second):
    first, second = (dict(leaves(load_plain(str(path)))) for path in (first, second))
    return sorted(path for path in first.keys() | second.keys() if first.get(path) != second.get(path))


def newest(folder):
    return Path((Path(folder) / 'last_checkpoint').read_text())


@pytest.fixture
def undisturbed(digits_runner, tmp_path):

    def run(case):
        path, options = CASES[case]
        digits_runner(path, epochs=3, work_dir=tmp_path / 'whole', **EVERY_2_STEPS, **options).train()
        return tmp_path / 'whole' / 'epoch_3.pth'

    return run


@pytest.mark.parametrize('case', [case if case in QUICK else pytest.param(case, marks=pytest.mark.slow) for case in CASES])
def test_to_the_last_bit(undisturbed, digits_runner, tmp_path, case):
    whole = undisturbed(case)
    path, options = CASES[case]
    resume = {}
    for stop in (7, 10) if case in QUICK else (3, 7, 10, 12):  # behind a checkpoint in mid-epoch, and at the end of an epoch
        interrupt(digits_runner(path, epochs=3, work_dir=tmp_path / 'parts', **EVERY_2_STEPS, **options, **resume), stop)
        step = stop // 2 * 2
        assert newest(tmp_path / 'parts').name == (f'iter_{step}.pth' if step > stop // STEPS * STEPS or stop % STEPS == 0
                                                   else f'epoch_{stop // STEPS}.pth')
        resume = dict(resume=True)
    digits_runner(path, epochs=3, work_dir=tmp_path / 'parts', **EVERY_2_STEPS, **options, **resume).train()
    assert differing(whole, tmp_path / 'parts' / 'epoch_3.pth') == []
    records = [[dict(leaves(entry)) for entry in read_records(tmp_path / run / 'false_negatives' / name)]
               for name in ('history.jsonl', 'detection.jsonl') for run in ('whole', 'parts')]
    assert records[0] == records[1] and records[2] == records[3] and len(records[2]) == 3


def test_gradients_that_wait_for_an_update_come_back(digits_runner, tmp_path):
    """An epoch has 5 steps and an update takes 2: the checkpoint behind epoch 1 stands between two updates."""
    options = dict(epochs=2, default_hooks__checkpoint__interval=1, optim_wrapper__accumulative_counts=2)
    digits_runner(work_dir=tmp_path / 'whole', **options).train()
    interrupt(digits_runner(work_dir=tmp_path / 'parts', **options), 7)
    assert newest(tmp_path / 'parts').name == 'epoch_1.pth'
    digits_runner(work_dir=tmp_path / 'parts', resume=True, **options).train()
    assert differing(tmp_path / 'whole' / 'epoch_2.pth', tmp_path / 'parts' / 'epoch_2.pth') == []


@pytest.mark.slow
def test_without_the_generators_it_is_another_run(undisturbed, digits_runner, tmp_path, monkeypatch):
    whole = undisturbed('ifnd')
    path, options = CASES['ifnd']
    interrupt(digits_runner(path, epochs=3, work_dir=tmp_path / 'parts', **EVERY_2_STEPS, **options), 7)
    monkeypatch.setattr('mmifnd.engine.loops.epoch_loop.set_random_state', lambda state: None)
    digits_runner(path, epochs=3, work_dir=tmp_path / 'parts', resume=True, **EVERY_2_STEPS, **options).train()
    assert '.state_dict.backbone.layers.0.0.weight' in differing(whole, tmp_path / 'parts' / 'epoch_3.pth')


def test_no_image_is_read_to_find_the_next_batch(digits_runner, tmp_path, monkeypatch):
    interrupt(digits_runner(epochs=3, **EVERY_2_STEPS), 4)
    runner = digits_runner(epochs=3, resume=True, **EVERY_2_STEPS)
    read, dataset = [], runner.train_loop.dataset
    gather = dataset._gather
    monkeypatch.setattr(dataset, '_gather', lambda positions: read.append(len(positions)) or gather(positions))
    interrupt(runner, 5)
    assert read == [256]


# --- other steps, other images ------------------------------------------------------------------------------------------


def test_half_the_batch_goes_on_where_the_images_were(digits_runner, tmp_path):
    options = dict(default_hooks__checkpoint__interval_iters=3, default_hooks__health__interval=9, param_scheduler=[
        dict(type='LinearLR', start_factor=0.5, begin=0, end=1, by_epoch=True, convert_to_iter_based=True),
        dict(type='CosineAnnealingLR', begin=1, by_epoch=True, convert_to_iter_based=True)])
    interrupt(digits_runner(epochs=4, **options), 8)  # saved behind step 6: an epoch of 5 steps, and 256 images
    half = digits_runner(epochs=4, resume=True, train_dataloader__batch_size=128, **options)
    interrupt(half, 15)
    assert (half.train_loop.epoch, half.train_loop.iter) == (1, 14)  # from step 12 on: 10 and 2
    whole = digits_runner(epochs=4, work_dir=tmp_path / 'half', train_dataloader__batch_size=128, **options)
    interrupt(whole, 15)
    assert half.optim_wrapper.get_lr() == whole.optim_wrapper.get_lr()
    assert half.train_dataloader.sampler.start == 2 * 128


def test_images_that_fill_no_step_come_again_with_a_line(digits_runner, tmp_path, monkeypatch):
    interrupt(digits_runner(epochs=2, default_hooks__checkpoint__interval_iters=1), 2)
    runner = digits_runner(epochs=2, resume=True, train_dataloader__batch_size=200)
    lines = []
    monkeypatch.setattr(runner.logger, 'warning', lines.append)
    interrupt(runner, 3)
    assert ('a step had 256 images and has 200 now, an epoch 5 steps and 6 now: going on after step 2 of the epoch; 512 '
            'images were seen, which is no multiple of 200: 112 come again') in lines


def test_what_ranks_kept_is_shared_out_on_fewer_of_them(digits_runner, tmp_path):
    options = dict(EVERY_2_STEPS, default_hooks__false_negative__source='bank')
    interrupt(digits_runner(epochs=2, **options), 4)
    checkpoint = load_plain(str(tmp_path / 'iter_4.pth'))
    first, = checkpoint['rank_states']
    bank = first['hooks']['FalseNegativeHook']['bank']
    unseen = next(image for image in range(1297) if image not in bank['index'])
    other = dict(bank, index=torch.tensor([unseen]), features=torch.ones(1, 32, dtype=torch.float16),
                 step=torch.ones(1, dtype=torch.int64))
    second = dict(first, batch_statistics=first['batch_statistics'] + 1, hooks=dict(
        first['hooks'], FalseNegativeHook=dict(first['hooks']['FalseNegativeHook'], bank=other)))
    torch.save(dict(checkpoint, rank_states=[first, second]), tmp_path / 'iter_4.pth')
    runner, found = digits_runner(epochs=2, resume=True, **options), []

    class Watch(Hook):

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            found.append((runner.model.feature_bank.seen.clone(), batch_statistics(runner.model)))

    runner.register_hook(Watch())
    interrupt(runner, 5)
    (seen, statistics), = found
    assert seen.sum() == 1025 and seen[unseen]
    torch.testing.assert_close(statistics, first['batch_statistics'] + 0.5)


CHANGES = [
    (dict(train_dataloader__dataset__split='train'), lambda dataset: None, '1297 images then, 1000 now'),
    ({}, lambda dataset: dataset.images.copy_(dataset.images.flip(0)), 'the same images, but in another order'),
    ({}, lambda dataset: dataset.images[0].add_(1), '1297 images as then, but other ones')]


def test_another_training_set_is_refused_with_what_changed(digits_runner):
    digits_runner(epochs=1, default_hooks__checkpoint__interval=1).train()
    for options, change, words in CHANGES:
        runner = digits_runner(epochs=2, resume=True, **options)
        change(runner.train_loop.dataset.dataset)
        with pytest.raises(ValueError, match=f'the training set is not that of the checkpoint: {words}.*--fresh-image-state'):
            runner.train()


def test_or_its_image_state_begins_anew(digits_runner, tmp_path):
    path, options = CASES['ifnd, queue, bank over 2 epochs']
    options = dict(options, default_hooks__false_negative__interval=1, **EVERY_2_STEPS)
    interrupt(digits_runner(path, epochs=3, **options), 8)
    held = load_plain(str(newest(tmp_path)))['state_dict']
    runner = digits_runner(path, epochs=3, resume=True, train_dataloader__dataset__split='train',
                           default_hooks__plain_checkpoint__on_changed_data='restart_image_state', **options)
    states = []

    class Watch(Hook):

        def before_train_epoch(self, runner):
            states.append({name: value.clone() for name, value in runner.model.state_dict().items()})

    runner.register_hook(Watch())
    runner.train()
    taken = states[0]
    assert (taken['queue.index'] == -1).all() and taken['head.detector.labels'].eq(-1).all()
    assert taken['head.detector.labels'].shape[1] == 1000 and held['head.detector.labels'].ge(0).any()
    kept = [name for name in taken if name.startswith(('backbone', 'neck', 'key_')) or name == 'step']
    assert len(kept) > 20 and all(taken[name].equal(held[name]) for name in kept)
    assert len(states) == 2 and runner.train_loop.iter == 3 * 3  # epoch 2 from its start, of 3 steps each


# --- files --------------------------------------------------------------------------------------------------------------


def test_a_damaged_newest_checkpoint_is_passed_over(digits_runner, tmp_path, capfd):
    interrupt(digits_runner(epochs=3, **EVERY_2_STEPS), 8)
    damaged = newest(tmp_path)
    damaged.write_bytes(damaged.read_bytes()[:-100])
    assert digits_runner(epochs=3, resume=True, **EVERY_2_STEPS)._load_from == str(tmp_path / 'epoch_1.pth')
    line, = [line for line in capfd.readouterr().err.splitlines() if 'iter_8.pth' in line]
    assert 'is damaged' in line and line.endswith('it is passed over')
    with pytest.raises(UserError, match='iter_8.pth is damaged'):
        digits_runner(epochs=3, resume=True, load_from=str(damaged))


def test_weights_alone_cannot_be_resumed(digits_runner, tmp_path):
    torch.save(dict(state_dict=digits_runner(epochs=2).model.state_dict()), tmp_path / 'weights.pth')
    with pytest.raises(ValueError, match='weights.pth holds weights only, and no training that could go on'):
        digits_runner(epochs=2, resume=True, load_from=str(tmp_path / 'weights.pth')).train()


def test_without_a_checkpoint_training_begins_anew(digits_runner, capfd):
    assert digits_runner(epochs=2, resume=True)._resume is False
    assert 'the training begins anew' in capfd.readouterr().err


def test_generators_come_back():
    def draw():
        return random.random(), random.gauss(0, 1), *np.random.standard_normal(3), *torch.rand(3).tolist()

    draw()  # an odd number of normal numbers: Python and numpy keep the other one of the last pair
    state = random_state()
    first = draw()
    set_random_state(state)
    assert draw() == first


def test_each_rank_goes_on_with_its_own(monkeypatch):
    states = [dict(random=f'generators of rank {rank}', batch_statistics=torch.arange(6.) + rank, hooks={}) for rank in (0, 1)]
    for number in (0, 1):
        monkeypatch.setattr('mmifnd.engine.checkpoints.resume.rank', lambda: number)
        monkeypatch.setattr('mmifnd.engine.checkpoints.resume.world_size', lambda: 2)
        runner = SimpleNamespace(train_loop=SimpleNamespace(), model=torch.nn.BatchNorm1d(3), hooks=[])
        load_rank_states(runner, states)
        assert runner.train_loop.random_state == f'generators of rank {number}'
        assert batch_statistics(runner.model).equal(states[number]['batch_statistics'])
