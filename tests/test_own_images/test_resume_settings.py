"""A run that is resumed with other settings uses them, and says so; weights that do not fit are refused."""

import json
import shutil

import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope

from mmifnd.configuration import build_runner, load_config
from mmifnd.engine.checkpoints.run_settings import changed_settings, renew_options, settings_of

CONFIG = 'configs/baselines/simclr_digits.py'
SMALL = {'model.backbone.widths': (4, 8), 'model.neck.in_channels': 8, 'default_hooks.logger.interval': 1,
         'default_hooks.checkpoint.max_keep_ckpts': -1, 'default_hooks.checkpoint.interval': 1}
NUMBERS = iter(range(1000))


@pytest.fixture
def said(monkeypatch):
    lines = []
    monkeypatch.setattr(MMLogger, 'callHandlers', lambda logger, record: lines.append(record.getMessage()))
    return lines


def run(work_dir, epochs, resume=False, path=CONFIG, **options):
    config = load_config(path, {**SMALL, 'train_cfg.max_epochs': epochs, **options})
    config.work_dir, config.log_level, config.resume = str(work_dir), 'WARNING', resume
    config.experiment_name = f'settings_{next(NUMBERS)}'
    with DefaultScope.overwrite_default_scope('mmifnd'):
        runner = build_runner(config)
        runner.train()
    return runner


def rates(work_dir):
    """Learning rate of each step, by step; a resumed run writes a second file."""
    found = {}
    for path in sorted(work_dir.glob('*/vis_data/scalars.json')):
        for line in path.read_text().splitlines():
            entry = json.loads(line)
            if 'lr' in entry and 'iter' in entry:
                found[entry['iter']] = entry['lr']
    return found


@pytest.fixture(scope='module')
def short(tmp_path_factory):
    """Four epochs of five steps."""
    folder = tmp_path_factory.mktemp('short')
    run(folder, 4)
    return folder


@pytest.fixture
def copied(short, tmp_path):
    return shutil.copytree(short, tmp_path / 'again')


def test_more_epochs_have_the_schedule_of_a_longer_run(copied, tmp_path, said, restored_torch):
    run(copied, 8, resume=True)
    run(tmp_path / 'whole', 8)
    resumed, whole = rates(copied), rates(tmp_path / 'whole')
    assert {step: resumed[step] for step in range(21, 41)} == pytest.approx({step: whole[step] for step in range(21, 41)})
    assert resumed[21] > 10 * resumed[20]  # the short run had come down to 0
    assert [line for line in said if line.startswith('since the checkpoint')] == [
        'since the checkpoint: train_cfg.max_epochs was 4 and is 8 from now on']


def test_a_new_learning_rate_and_weight_decay_take_effect(copied, said, restored_torch):
    runner = run(copied, 8, resume=True, **{
        'optim_wrapper.optimizer.lr': 4e-4, 'optim_wrapper.optimizer.weight_decay': 0.5, 'model.head.temperature': 0.7})
    found = rates(copied)
    assert max(found[step] for step in range(21, 41)) < 4e-4 and found[21] > 1e-4
    group, = runner.optim_wrapper.param_groups
    assert group['weight_decay'] == 0.5 and group['initial_lr'] == 4e-4
    assert runner.model.head.temperature == 0.7
    saved = torch.load(copied / 'epoch_8.pth', weights_only=True)['optimizer']['param_groups'][0]
    assert saved['weight_decay'] == 0.5
    changes = ('model.head.temperature was 0.5 and is 0.7', 'train_cfg.max_epochs was 4 and is 8',
               'optim_wrapper.optimizer.lr was 0.004 and is 0.0004',
               'optim_wrapper.optimizer.weight_decay was 0.0001 and is 0.5')
    assert [line for line in said if line.startswith('since the checkpoint')] == [
        f'since the checkpoint: {change} from now on' for change in changes]


def test_equal_settings_say_nothing_and_change_nothing(copied, tmp_path, said, restored_torch):
    (copied / 'epoch_4.pth').unlink()
    (copied / 'last_checkpoint').write_text(str(copied / 'epoch_3.pth'))
    run(copied, 4, resume=True, **{'default_hooks.logger.interval': 2})
    run(tmp_path / 'whole', 4)
    first, second = (torch.load(folder / 'epoch_4.pth', weights_only=True)['state_dict']
                     for folder in (copied, tmp_path / 'whole'))
    assert all(torch.equal(first[name], second[name]) for name in second)
    assert not [line for line in said if 'since the checkpoint' in line]


def test_what_cannot_take_effect_is_refused(copied, restored_torch):
    with pytest.raises(ValueError, match=r'optim_wrapper.optimizer.type was AdamW in checkpoint \S+ and is SGD now, whose '
                                         'state is another; keep it'):
        run(copied, 8, resume=True, **{'optim_wrapper.optimizer': dict(_delete_=True, type='SGD', lr=0.1)})
    with pytest.raises(ValueError, match=r'has trained 4 epochs, and train_cfg.max_epochs=3; train for more'):
        run(copied, 3, resume=True)


def test_settings_are_compared_as_text():
    one = dict(model=dict(type='A', widths=(4, 8)), train_dataloader=dict(num_workers=1), work_dir='a')
    other = dict(model=dict(type='A', widths=[4, 8], depth=3), train_dataloader=dict(num_workers=2), work_dir='b')
    assert changed_settings(settings_of(one), settings_of(other)) == {'model.depth': (None, 3)}


def test_options_without_a_schedule():
    """A saved group with a scheduled rate; the new run has no schedule."""
    saved = [dict(params=[0], lr=1e-5, initial_lr=0.1, momentum=0.9, betas=[0.9, 0.99])]
    new = [dict(params=[torch.zeros(1)], lr=0.2, momentum=0.9, betas=(0.9, 0.99))]
    assert renew_options(saved, new, 'x.pth') == dict(lr=(1e-5, 0.2))
    assert saved == [dict(params=[0], lr=0.2, momentum=0.9, betas=[0.9, 0.99])]


def test_other_parameter_groups_are_refused():
    with pytest.raises(ValueError, match=r'the parameter groups of checkpoint x.pth are not those of this run \(1 and 2 '):
        renew_options([dict(params=[0, 1], lr=1.)], [dict(params=[0], lr=1.), dict(params=[1], lr=1.)], 'x.pth')


@pytest.fixture(scope='module')
def weights(short, tmp_path_factory):
    """The weights of the short run, as they are and as others would hand them over."""
    folder = tmp_path_factory.mktemp('weights')
    state = torch.load(short / 'epoch_4.pth', weights_only=True)['state_dict']
    kinds = dict(
        sound=state, module={f'module.{name}': value for name, value in state.items()},
        backbone={name: value for name, value in state.items() if name.startswith('backbone.')},
        wide={name: torch.cat([value, value]) if value.ndim == 4 else value for name, value in state.items()})
    for name, tensors in kinds.items():
        torch.save(dict(state_dict=tensors), folder / f'{name}.pth')
    return folder


def start(weights, work_dir, kind, **options):
    return run(work_dir, 1, param_scheduler=[], load_from=str(weights / f'{kind}.pth'), **options)


def test_weights_of_other_shapes_are_refused(weights, tmp_path, said, restored_torch):
    with pytest.raises(ValueError, match=r'wide.pth does not fit the model: 2 of \d+ parameters have another shape \(such as '
                                         r'backbone\.\S+\); .*default_hooks.plain_checkpoint.strict=False'):
        start(weights, tmp_path, 'wide')
    start(weights, tmp_path, 'wide', **{'default_hooks.plain_checkpoint.strict': False})
    assert any('parameters have another shape there' in line for line in said)


def test_a_wrappers_prefix_is_taken_off(weights, tmp_path, restored_torch):
    from mmifnd.apis import evaluate, load_backbone
    from mmifnd.converters import export_backbone
    options = {**SMALL, 'log_level': 'ERROR'}
    found = [evaluate(weights / f'{kind}.pth', CONFIG, measures=['knn'], options=options, out=tmp_path)
             for kind in ('sound', 'module')]
    assert found[0] == found[1]
    one, other = (load_backbone(weights / f'{kind}.pth').state_dict() for kind in ('sound', 'module'))
    assert all(torch.equal(one[name], other[name]) for name in one)
    export_backbone(weights / 'module.pth', tmp_path / 'out.pth')
    init = dict(type='Pretrained', checkpoint=str(weights / 'module.pth'), prefix='backbone.')
    runner = run(tmp_path / 'init', 1, param_scheduler=[], **{
        'model.backbone.init_cfg': init, 'optim_wrapper.optimizer.lr': 0., 'optim_wrapper.optimizer.weight_decay': 0.})
    trained = dict(runner.model.backbone.named_parameters())
    assert all(torch.equal(trained[name], value) for name, value in one.items() if name in trained)


def test_what_weights_leave_out_is_said(weights, tmp_path, said, restored_torch):
    start(weights, tmp_path, 'backbone')
    line, = [line for line in said if 'are not in the checkpoint' in line]
    assert 'parameters are not in the checkpoint (such as neck.' in line
