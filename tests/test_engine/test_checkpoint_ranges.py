"""What a checkpoint says of a training, and no training can have: refused with the key, before any of it is used."""

import copy

import pytest
import torch

from mmifnd.detectors import PseudoLabelDetector
from mmifnd.engine.checkpoints.random_state import check_random_state, random_state
from mmifnd.engine.checkpoints.ranges import (
    believed,
    check_image_state,
    check_optimizer,
    check_plain_parts,
    check_position,
    check_schedules,
)
from mmifnd.engine.checkpoints.run_settings import check_changes, described_for_model, renew_options
from mmifnd.errors import UserError
from mmifnd.models.frameworks.key_queue import KeyQueue


def meta(**changes):
    progress = dict(images=8, global_batch=4, steps=5)
    return dict(dict(epoch=2, iter=12, seed=0, progress=progress), **changes)


@pytest.mark.parametrize('changes, words', [
    (dict(epoch=-5), 'meta.epoch is -5'), (dict(iter=10**12), 'meta.iter is 1000000000000'), (dict(iter='x'), 'meta.iter is x'),
    (dict(iter=True), 'meta.iter is True'), (dict(epoch=2.), 'meta.epoch is 2.0'), (dict(seed='a'), 'meta.seed is a'),
    (dict(iter=13), 'meta.iter is 13 in epoch 2, after 8 images of it'), (dict(iter=9), 'meta.iter is 9 in epoch 2'),
    (dict(epoch=10**5000), 'meta.epoch is a number of 16610 bits'), (dict(iter=float('nan')), 'meta.iter is nan'),
    (dict(progress=5), 'meta.progress is 5'), (dict(progress=dict(images=8, global_batch=0, steps=5)), 'global_batch is 0'),
    (dict(progress=dict(images=10**15, global_batch=4, steps=5)), 'images is 1000000000000000'),
    (dict(progress=dict(images=8, steps=5)), 'global_batch is None')])
def test_positions_that_no_training_has(changes, words):
    with pytest.raises(UserError, match=f'checkpoint x.pth: .*{words}.*; no training writes that: use another checkpoint'):
        check_position(meta(**changes), 'x.pth')


def test_positions_of_trainings():
    for good in (meta(), meta(epoch=0, iter=0, progress=dict(images=0, global_batch=4, steps=5)), dict(epoch=3, iter=15),
                 meta(epoch=2, iter=15, progress=dict(images=20, global_batch=4, steps=5))):
        check_position(good, 'x.pth')


HUB = dict(log_scalars={}, runtime_info={}, resumed_keys={})
NESTED: list = ['x']
for _ in range(60):  # 2^60 texts, if anything wrote them out
    NESTED = [NESTED, NESTED]


def parts(**changes):
    history = dict(values=torch.ones(3), counts=torch.ones(3), limit=100)
    hub = dict(log_scalars={'train/loss': history}, runtime_info=dict(epoch=2), resumed_keys={})
    images = dict(count=4, ordered='a', unordered='b')
    return dict(dict(meta=meta(settings='{}', images=images), message_hub=hub, rank_states=[{}]), **changes)


@pytest.mark.parametrize('changes, words', [
    (dict(rank_states='abc'), 'rank_states is abc'), (dict(rank_states=[1]), 'rank_states is a list of other parts'),
    (dict(message_hub=[1]), 'message_hub is'), (dict(message_hub=dict(HUB, runtime_info=5)), 'message_hub.runtime_info is 5'),
    (dict(message_hub=dict(HUB, log_scalars=dict(a=3))), 'message_hub.log_scalars.a is 3'),
    (dict(message_hub=dict(HUB, log_scalars=dict(a=dict(values=torch.ones(2), counts=torch.ones(3), limit=9)))),
     'message_hub.log_scalars.a is'),
    *((dict(meta=meta(settings=text)), 'meta.settings is no JSON') for text in ('{', '[' * 10**5)),
    (dict(message_hub=dict(HUB, resumed_keys=dict(epoch=''))), 'message_hub.resumed_keys.epoch is'),
    (dict(message_hub=dict(HUB, runtime_info=dict(epoch='2'))), 'message_hub.runtime_info.epoch is 2'),
    (dict(message_hub=dict(HUB, runtime_info=dict(best_score=None))), 'message_hub.runtime_info.best_score is None'),
    (dict(message_hub=dict(HUB, runtime_info=dict(eta=1j))), 'message_hub.runtime_info.eta is a complex of other parts'),
    (dict(message_hub=dict(HUB, runtime_info=dict(dataset_meta=NESTED))), 'message_hub.runtime_info.dataset_meta is a list'),
    (dict(message_hub=dict(HUB, log_scalars={5: 1})), 'message_hub.log_scalars is a dict of other parts'),
    (dict(message_hub=dict(log_scalars={}, runtime_info={})), 'message_hub.resumed_keys is None'),
    (dict(meta=meta(settings='[1]')), r'meta.settings is \[1\]'), (dict(meta=meta(images=5)), 'meta.images is 5')])
def test_parts_of_another_kind(changes, words):
    check_plain_parts(parts(), 'x.pth')
    with pytest.raises(UserError, match=f'checkpoint x.pth: {words}'):
        check_plain_parts(parts(**changes), 'x.pth')


@pytest.mark.parametrize('change, words', [
    (lambda state: 5, 'optimizer is 5'), (lambda state: dict(state, param_groups=[1]), 'optimizer is a dict'),
    (lambda state: state['param_groups'][0].update(lr='x') or state, 'optimizer.param_groups.lr is x'),
    *((lambda state, lr=lr: state['param_groups'][0].update(lr=lr) or state, f'optimizer.param_groups.lr is {words}')
      for lr, words in ((float('nan'), 'nan'), (float('inf'), 'inf'), (10**400, 'a number of 1329 bits'), (None, 'None'),
                        (True, 'True'))),
    (lambda state: state['param_groups'][0].update(amsgrad=5) or state, 'optimizer.param_groups.amsgrad is 5'),
    (lambda state: state['param_groups'][0].update(params=[{}]) or state, 'optimizer.param_groups.params is a list'),
    (lambda state: state['state'].update({0: None}) or state, 'optimizer.state.0 is None'),
    (lambda state: state['state'].update({7: {}}) or state, 'optimizer.state is a dict'),
    (lambda state: state['state'][0].update(exp_avg=torch.zeros(3, 2, dtype=torch.complex64)) or state,
     r'optimizer.state.0.exp_avg is a tensor \(3, 2\) of complex64'),
    (lambda state: state['state'][0].update(step='x') or state, 'optimizer.state.0.step is x'),
    (lambda state: state['state'][0].update(exp_avg=torch.zeros(7)) or state, r'optimizer.state.0.exp_avg is a tensor \(7,\)')])
def test_optimizers_of_another_kind(change, words):
    layer = torch.nn.Linear(2, 3)
    optimizer = torch.optim.Adam(layer.parameters(), lr=torch.tensor(0.1), foreach=False)
    layer(torch.ones(2)).sum().backward()
    optimizer.step()
    optimizer.param_groups[0]['lr'] = 0.1
    state = copy.deepcopy(optimizer.state_dict())
    check_optimizer(optimizer, state, 'x.pth')
    with pytest.raises(UserError, match=f'checkpoint x.pth: {words}'):
        check_optimizer(optimizer, change(state), 'x.pth')


@pytest.mark.parametrize('states', [[dict(a=1)], 'x', [], [dict(step_size='9', gamma=0.5)],
                                    dict(_last_lr=[]), dict(_last_lr=[1., 2.]), dict(base_lrs=['1']),
                                    dict(last_epoch=float('nan'))])
def test_schedules_of_another_kind(states):
    optimizer = torch.optim.SGD(torch.nn.Linear(1, 1).parameters(), lr=1.)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 9)
    check_schedules([schedule], [schedule.state_dict()], 'x.pth')
    check_schedules(dict(one=[schedule]), dict(one=[schedule.state_dict()]), 'x.pth')
    states = [dict(schedule.state_dict(), **states)] if isinstance(states, dict) else states
    with pytest.raises(UserError, match='checkpoint x.pth: param_schedulers'):
        check_schedules([schedule], states, 'x.pth')


class Framework(torch.nn.Module):
    """A queue and labels of 6 images."""

    def __init__(self):
        super().__init__()
        self.queue, self.detector = KeyQueue(4, 2), PseudoLabelDetector()
        self.detector.bind(6)


@pytest.mark.parametrize('key, value, words', [
    ('queue.index', torch.full((4,), 10**9), 'queue.index is values from 1000000000 to 1000000000, and -1 to 5 are possible'),
    ('queue.index', torch.full((4,), -2), 'queue.index is values from -2'),
    ('queue.index', torch.zeros(5, dtype=torch.int64), r'queue.index has shape \(5,\) in checkpoint x.pth and \(4,\)'),
    ('queue.features', torch.zeros(3), r'queue.features has shape \(3,\)'),
    ('queue.features', torch.zeros(4, 2, dtype=torch.int64), 'queue.features holds whole numbers in .*x.pth and floats'),
    ('queue.index', torch.zeros(4), 'queue.index holds floats in checkpoint x.pth and whole numbers'),
    ('queue.pointer', torch.tensor(True), 'queue.pointer holds truth values'),
    ('queue.features', torch.zeros(4, 2, dtype=torch.complex64), 'queue.features holds complex numbers'),
    ('queue.pointer', torch.tensor(-10**9), 'queue.pointer is values from -1000000000'),
    ('detector.labels', torch.full((1, 6), 7777), 'detector.labels is values from 7777 to 7777, and -1 to 5 are possible')])
def test_state_of_no_image(key, value, words):
    framework = Framework()
    state = dict(framework.state_dict())
    check_image_state(framework, state, 'x.pth', 6)
    check_image_state(framework, dict(state, **{'detector.labels': torch.full((3, 6), 5)}), 'x.pth', 6)  # of more granularities
    with pytest.raises(UserError, match=words):
        check_image_state(framework, dict(state, **{key: value}), 'x.pth', 6)


@pytest.mark.parametrize('key', ['model.type', 'model.queue_len', 'optim_wrapper.optimizer.type'])
def test_what_cannot_change_is_named(key):
    with pytest.raises(UserError, match=f'{key} was 1 in checkpoint x.pth and is 2 now'):
        check_changes({'train_cfg.max_epochs': (3, 4), key: (1, 2)}, 'x.pth')


def test_another_optimizer_is_named_where_the_checkpoint_has_no_settings():
    saved = [dict(params=[0], lr=1., betas=(0.9, 0.99), eps=1e-8)]
    with pytest.raises(UserError, match='the optimizer of checkpoint x.pth has no momentum, so optim_wrapper.optimizer.type'):
        renew_options(saved, [dict(params=[0], lr=1., momentum=0.9)], 'x.pth')


def test_changes_of_the_model_stand_beside_what_does_not_fit():
    assert described_for_model({'model.backbone.depth': (18, 50), 'train_cfg.max_epochs': (1, 2)}) == (
        '; since the checkpoint, model.backbone.depth was 18 and is 50 from now on')
    assert described_for_model({}) == ''


def test_generators_are_tried_and_stay_as_they_are():
    state = random_state()
    drawn = torch.rand(3)
    torch.set_rng_state(state['torch'])
    check_random_state(random_state())
    for wrong in ({}, dict(state, python=(3, torch.zeros(2, dtype=torch.int64), None)), dict(state, torch=torch.zeros(3))):
        with pytest.raises(UserError, match='rank_states is not what this version'), believed('x.pth', 'rank_states'):
            check_random_state(wrong)
    assert torch.equal(torch.rand(3), drawn)
