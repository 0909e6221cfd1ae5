import errno
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import Hook

from mmifnd.engine.checkpoints.checkpoint_format import AtomicFileBackend
from mmifnd.engine.checkpoints.own_files import drop_foreign_paths
from mmifnd.engine.hooks import CheckpointHook
from mmifnd.errors import UserError
from mmifnd.registry import HOOKS

KEEP_ONE = dict(default_hooks__checkpoint__interval=1, default_hooks__checkpoint__max_keep_ckpts=1)


def checkpoints(folder):
    return sorted(path.name for path in Path(folder).glob('*.pth'))


def test_a_run_leaves_plain_checkpoints(digits_runner, tmp_path):
    digits_runner(epochs=2, default_hooks__checkpoint__interval=1, default_hooks__checkpoint__max_keep_ckpts=3).train()
    assert checkpoints(tmp_path) == ['epoch_1.pth', 'epoch_2.pth']
    allowed = torch.serialization.get_safe_globals()
    torch.serialization.clear_safe_globals()
    try:
        checkpoint = torch.load(tmp_path / 'epoch_2.pth', weights_only=True)
    finally:
        torch.serialization.add_safe_globals(allowed)
    assert {'state_dict', 'optimizer', 'param_schedulers', 'message_hub', 'meta'} <= set(checkpoint)
    assert not {'cfg', 'config'} & set(checkpoint['meta']) and 'cfg' not in checkpoint['message_hub']['runtime_info']
    assert checkpoint['state_dict']['head.detector.labels'].shape == (1, 1297)
    assert not list(tmp_path.glob('*.partial'))


def test_only_the_newest_stay(digits_runner, tmp_path):
    digits_runner(epochs=4, default_hooks__checkpoint__interval=1, default_hooks__checkpoint__max_keep_ckpts=2).train()
    assert checkpoints(tmp_path) == ['epoch_3.pth', 'epoch_4.pth']
    assert (tmp_path / 'last_checkpoint').read_text().endswith('epoch_4.pth')


def test_an_old_checkpoint_goes_after_the_new_one_stands(digits_runner, tmp_path, monkeypatch):
    events, put, remove = [], AtomicFileBackend.put, AtomicFileBackend.remove
    monkeypatch.setattr(AtomicFileBackend, 'put', lambda self, obj, path: (
        put(self, obj, path), events.append(('wrote', Path(path).name))))
    monkeypatch.setattr(AtomicFileBackend, 'remove', lambda self, path: (
        remove(self, path), events.append(('removed', Path(path).name))))
    digits_runner(epochs=2, **KEEP_ONE).train()
    files = [event for event in events if event[1].endswith('.pth')]
    assert files == [('wrote', 'epoch_1.pth'), ('wrote', 'epoch_2.pth'), ('removed', 'epoch_1.pth')]


def test_where_writing_fails_the_old_checkpoint_stays(digits_runner, tmp_path, monkeypatch):
    put = AtomicFileBackend.put

    def fail_at_the_second(self, obj, path):
        if Path(path).name == 'epoch_2.pth':
            raise OSError(errno.ENOSPC, 'No space left on device')
        put(self, obj, path)

    monkeypatch.setattr(AtomicFileBackend, 'put', fail_at_the_second)
    with pytest.raises(UserError, match=r'epoch_2.pth could not be written \(No space left on device\); the one before it, '
                                        r'epoch_1.pth, is whole: go on with --resume'):
        digits_runner(epochs=3, **KEEP_ONE).train()
    assert checkpoints(tmp_path) == ['epoch_1.pth']
    assert (tmp_path / 'last_checkpoint').read_text().endswith('epoch_1.pth')


def test_the_file_that_names_the_last_checkpoint_is_not_taken_for_it(tmp_path, monkeypatch):
    hook, runner = CheckpointHook(), SimpleNamespace(work_dir=tmp_path)
    hook.last_ckpt = 'run/epoch_3.pth'
    (tmp_path / 'last_checkpoint').mkdir()
    with pytest.raises(UserError, match='last_checkpoint is a folder, and a file is to be written there'):
        hook._name_last(runner)
    monkeypatch.setattr(AtomicFileBackend, 'put_text', lambda *args: (_ for _ in ()).throw(OSError(errno.EACCES, 'Denied')))
    with pytest.raises(UserError, match=r'last_checkpoint could not be written \(Denied\); checkpoint run/epoch_3.pth is'):
        hook._name_last(runner)


def test_a_step_is_kept_until_something_newer_stands(digits_runner, tmp_path):
    left = []

    class Watch(Hook):
        priority = 'LOWEST'

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            left.append(checkpoints(tmp_path))

    (tmp_path / 'epoch_9.pth.abcd_123.partial').write_bytes(b'of a kill')
    runner = digits_runner(epochs=2, default_hooks__checkpoint__interval_iters=2, **KEEP_ONE)
    runner.register_hook(Watch())
    runner.train()
    first, second = 'epoch_1.pth', 'epoch_2.pth'
    assert left == [[], ['iter_2.pth'], ['iter_2.pth'], ['iter_4.pth'], ['iter_4.pth'],
                    [first, 'iter_6.pth'], [first, 'iter_6.pth'], [first, 'iter_8.pth'], [first, 'iter_8.pth'],
                    [first, 'iter_10.pth']]
    assert checkpoints(tmp_path) == [second] and not list(tmp_path.glob('*.partial'))


def files_below(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in Path(folder).rglob('*') if path.is_file()}


def test_no_file_name_in_a_checkpoint_is_deleted(digits_runner, tmp_path):
    """Whatever its message hub says: absolute paths, paths upwards, files of the run's own folder, links."""
    run, outside = tmp_path / 'run', tmp_path / 'outside'
    digits_runner(epochs=1, work_dir=run, **KEEP_ONE).train()
    outside.mkdir()
    for folder, name in ((outside, 'thesis.tex'), (outside, 'epoch_0.pth'), (run, 'notes.txt'), (outside, 'best_knn.pth')):
        (folder / name).write_text('precious')
    (run / 'epoch_0.pth').symlink_to(outside / 'epoch_0.pth')
    before = files_below(outside)
    checkpoint = torch.load(run / 'epoch_1.pth', weights_only=True)
    names = [str(outside / 'thesis.tex'), '../outside/thesis.tex', 'notes.txt', 'epoch_0.pth']
    checkpoint['message_hub']['runtime_info'].update(
        kept_checkpoints=names, keep_ckpt_ids=names, last_ckpt=names[0], best_ckpt=str(outside / 'best_knn.pth'))
    torch.save(checkpoint, run / 'epoch_1.pth')
    resumed = digits_runner(epochs=3, work_dir=run, resume=True, **KEEP_ONE)
    resumed.train()
    assert files_below(outside) == before and (run / 'notes.txt').read_text() == 'precious'
    assert (run / 'epoch_0.pth').is_symlink() and checkpoints(run) == ['epoch_0.pth', 'epoch_3.pth']
    hub = torch.load(run / 'epoch_3.pth', weights_only=True)['message_hub']['runtime_info']
    assert 'best_ckpt' not in hub and 'kept_checkpoints' not in hub


def test_a_resumed_run_removes_its_own_old_checkpoints_and_no_later_ones(digits_runner, tmp_path):
    options = dict(default_hooks__checkpoint__interval=1, default_hooks__checkpoint__max_keep_ckpts=2)
    digits_runner(epochs=2, **options).train()
    (tmp_path / 'epoch_9.pth').write_bytes(b'of a longer run')
    digits_runner(epochs=4, resume=True, **options).train()
    assert checkpoints(tmp_path) == ['epoch_3.pth', 'epoch_4.pth', 'epoch_9.pth']


def test_a_new_run_removes_nothing_that_an_earlier_one_left(digits_runner, tmp_path):
    (tmp_path / 'epoch_1.pth').write_bytes(b'of an earlier run')
    digits_runner(epochs=2, default_hooks__checkpoint__interval=2, default_hooks__checkpoint__max_keep_ckpts=1).train()
    assert checkpoints(tmp_path) == ['epoch_1.pth', 'epoch_2.pth']


def test_the_best_checkpoint_is_known_by_its_name_in_the_folder_of_the_run(tmp_path):
    (tmp_path / 'best_knn_epoch_2.pth').touch()
    infos = dict(best_ckpt='/elsewhere/best_knn_epoch_2.pth', best_ckpt_nmi='/elsewhere/best_nmi_epoch_1.pth', best_score=1.,
                 last_ckpt=['no', 'text'])
    resumed = dict.fromkeys(infos, True)
    checkpoint = dict(message_hub=dict(runtime_info=infos, resumed_keys=resumed))
    drop_foreign_paths(checkpoint, tmp_path)
    assert infos == dict(best_ckpt=str(tmp_path / 'best_knn_epoch_2.pth'), best_score=1.)
    assert resumed.keys() == infos.keys(), 'mmengine warns of others'
    drop_foreign_paths(dict(message_hub=[]), tmp_path)
    drop_foreign_paths({}, tmp_path)


def test_gradients_that_are_being_accumulated_are_waited_for(digits_runner, tmp_path):
    digits_runner(epochs=1, default_hooks__checkpoint__interval=9, default_hooks__checkpoint__save_last=False,
                  default_hooks__checkpoint__interval_iters=3, optim_wrapper__accumulative_counts=2).train()
    assert checkpoints(tmp_path) == ['iter_4.pth']


def test_an_interval_below_1_is_refused():
    with pytest.raises(ValueError, match='interval_iters=0 of CheckpointHook is below 1; it counts steps'):
        HOOKS.build(dict(type='CheckpointHook', interval_iters=0))


# --- resume ---------------------------------------------------------------------------------------------------------


class Interrupted(Exception):
    pass


class InterruptHook(Hook):
    """The power goes before epoch 3."""

    def before_train_epoch(self, runner):
        if runner.epoch == 2:
            raise Interrupted


FRAMEWORKS = dict(
    simclr=dict(), moco=dict(type='MoCoAdapter', queue_len=100, momentum=0.9),
    swav=dict(type='SwAVAdapter', queue_len=300, head=dict(type='SwAVHead', num_prototypes=64, freeze_iterations=12)))


@pytest.mark.parametrize('framework, source', [
    ('simclr', 'bank'), ('moco', 'extract'), ('swav', 'bank'),
    *(pytest.param(framework, source, marks=pytest.mark.slow)
      for framework, source in (('simclr', 'extract'), ('moco', 'bank'), ('swav', 'extract')))])
def test_two_and_two_epochs_are_four(digits_runner, tmp_path, framework, source):
    options = dict(epochs=4, model=FRAMEWORKS[framework], default_hooks__checkpoint__interval=1,
                   default_hooks__false_negative__source=source)
    digits_runner(work_dir=tmp_path / 'whole', **options).train()
    interrupted = digits_runner(work_dir=tmp_path / 'parts', **options)
    interrupted.register_hook(InterruptHook())
    with pytest.raises(Interrupted):
        interrupted.train()
    assert checkpoints(tmp_path / 'parts')[-1] == 'epoch_2.pth'
    digits_runner(work_dir=tmp_path / 'parts', resume=True, **options).train()
    whole, parts = (torch.load(tmp_path / run / 'epoch_4.pth', weights_only=True) for run in ('whole', 'parts'))
    assert whole['state_dict'].keys() == parts['state_dict'].keys()
    for name, value in whole['state_dict'].items():
        assert value.equal(parts['state_dict'][name]), name
    assert (whole['state_dict']['head.detector.labels'] >= 0).sum() > 900  # 75 % were accepted after epoch 3
    assert parts['meta']['epoch'] == 4 and parts['meta']['iter'] == whole['meta']['iter'] == 20
    loss = [run['message_hub']['log_scalars']['train/loss']['values'] for run in (whole, parts)]
    assert len(loss[0]) == 20 and loss[0].equal(loss[1])
    for run in ('whole', 'parts'):
        assert (tmp_path / run / 'false_negatives' / 'history.jsonl').read_text().count('\n') == 3


def test_a_checkpoint_that_would_execute_its_config_does_not(digits_runner, tmp_path):
    digits_runner(epochs=1, default_hooks__checkpoint__interval=1).train()
    path, marker = tmp_path / 'epoch_1.pth', tmp_path / 'executed'
    checkpoint = torch.load(path, weights_only=True)
    checkpoint['meta']['config'] = f"import os\nos.mkdir('{marker}')\n"
    torch.save(checkpoint, path)
    digits_runner(epochs=2, resume=True).train()
    assert not marker.exists()
