"""Checkpoints of tensors and plain values, written whole or not at all, from which a run goes on as if it had not stopped."""

from pathlib import Path

from mmengine.hooks import CheckpointHook as _CheckpointHook, Hook

from mmifnd.checks import check_choice
from mmifnd.distributed import gather_objects_on_main, is_main, unwrap, wait_for_all
from mmifnd.errors import UserError
from mmifnd.files import FullDiskError
from mmifnd.registry import HOOKS

from ..batch_norm import average_batch_statistics
from ..checkpoints.checkpoint_format import AtomicFileBackend, check_fits, check_start, flatten, rebuild, tensors_of
from ..checkpoints.latest_checkpoint import LAST
from ..checkpoints.own_files import checkpoints_in, drop_foreign_paths
from ..checkpoints.random_state import check_random_state
from ..checkpoints.ranges import believed, check_image_state, check_plain_parts, check_position, check_schedules
from ..checkpoints.resume import (
    CHANGED_DATA,
    adapt_progress,
    adapt_settings,
    changed_images,
    changes_since,
    describe_images,
    load_rank_states,
    progress_of,
    rank_state,
    replay_schedules,
    restart_image_state,
)
from ..checkpoints.run_settings import described_for_model, settings_of
from ..checkpoints.run_starts import clear_partials
from ..loops import EpochLoop

#: Name of a checkpoint that was made in the middle of an epoch.
_STEP = 'iter_{}.pth'


@HOOKS.register_module()
class PlainCheckpointHook(Hook):
    """Keeps everything but tensors and plain values out of checkpoints, so that they load with an empty allow-list.

    It also takes care that what is resumed fits: the model, the images, the steps of an epoch. Settings that
    have changed since the checkpoint was written are logged in one line each and take effect: schedules are made anew over the
    new length, and options of the optimizer replace those of the checkpoint.

    On save, mmengine's histories become tensors and the texts of configs are dropped; on load, histories are rebuilt, and
    the text that ``Runner.resume`` would execute (``meta['config']``) is removed.

    Args:
        on_changed_data (str): where a checkpoint is of other images, ``'refuse'`` it, or ``'restart_image_state'``: go on at
            the start of its epoch with its weights, and with labels, thresholds, averages and queue as at the start of a run.
        strict (bool): refuse weights of ``load_from`` that have another shape than the model's; False leaves them out, and
            says which.

    Raises:
        ValueError: if the option is unknown; on resume, where model or images do not fit.
    """

    priority = 'LOWEST'  # after every hook that adds to a checkpoint, or that begins anew before it takes a state

    def __init__(self, on_changed_data: str = 'refuse', strict: bool = True) -> None:
        check_choice('on_changed_data', on_changed_data, CHANGED_DATA)
        self.on_changed_data, self.strict = on_changed_data, strict
        self._replays = False  # schedules, since the run is set otherwise now
        self._states: list[dict] = []

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Note the images and the place in the epoch, and flatten in place."""
        loop, meta = runner.train_loop, checkpoint['meta']
        if isinstance(loop, EpochLoop):
            meta['images'] = describe_images(loop.dataset)
            meta['progress'] = progress_of(loop, meta['epoch'], meta['iter'])
        meta['settings'] = settings_of(runner.cfg.to_dict())
        flatten(checkpoint)

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Rebuild in place; what is resumed must fit the model and the images."""
        name = str(runner.cfg.get('load_from'))
        tensors_of(checkpoint, name)
        if not runner.cfg.get('resume'):
            for line in check_start(runner.model, checkpoint, name, self.strict):
                runner.logger.warning(line)
            return
        if not isinstance(checkpoint.get('meta'), dict) or not {'epoch', 'iter'} <= set(checkpoint['meta']):
            raise UserError(f'checkpoint {name} holds weights only, and no training that could go on; to begin with its '
                             'weights, leave out --resume and give it as load_from')
        check_position(checkpoint['meta'], name)
        check_plain_parts(checkpoint, name)
        changes = changes_since(checkpoint, runner.cfg.to_dict(), name)
        rebuild(checkpoint)
        drop_foreign_paths(checkpoint, runner.work_dir)
        framework, states = unwrap(runner.model), checkpoint.pop('rank_states', [])
        same_images = self._check_images(runner, checkpoint)
        if not same_images:
            restart_image_state(framework, checkpoint)
        _check_state(runner, checkpoint, changes, name)
        self._replays = adapt_settings(runner, checkpoint, changes, name)
        if 'param_schedulers' in checkpoint:
            check_schedules(runner.param_schedulers, checkpoint['param_schedulers'], name)
        if isinstance(runner.train_loop, EpochLoop):
            adapt_progress(runner, checkpoint, same_images)
            self._states = states if same_images else []
            runner.train_loop.replays_schedules |= self._replays

    def before_train(self, runner) -> None:
        """Hand each rank what it kept for itself, after all hooks have begun."""
        if self._replays and not isinstance(runner.train_loop, EpochLoop):  # which does it by itself
            replay_schedules(runner)
        self._replays = False
        if self._states:
            with believed(str(runner.cfg.get('load_from')), 'rank_states'):
                for state in self._states:
                    check_random_state(state['random'])
                load_rank_states(runner, self._states)
            self._states = []

    def _check_images(self, runner, checkpoint: dict) -> bool:
        noted = checkpoint['meta'].get('images')
        if noted is None or not isinstance(runner.train_loop, EpochLoop):
            return True
        changed, unused = changed_images(noted, describe_images(runner.train_loop.dataset), unwrap(runner.model))
        if unused:
            runner.logger.warning(f'the training set is not that of the checkpoint: {unused}; this training does not use them, '
                                  'but what is measured by them does')
        if changed and self.on_changed_data == 'refuse':
            raise UserError(f'the training set is not that of the checkpoint: {changed}; its labels and thresholds belong to '
                             'single images: resume on the old set, or keep the weights only with --fresh-image-state')
        if changed:
            runner.logger.warning(f'the training set is not that of the checkpoint: {changed}; labels, thresholds, averages '
                                  'and queue begin anew')
        return not changed


def _check_state(runner, checkpoint: dict, changes: dict | None, name: str) -> None:
    """Refuse a state that does not fit the model or the images, with what has changed in the config of the model."""
    framework = unwrap(runner.model)
    try:
        check_fits(framework, checkpoint, name)
        if isinstance(runner.train_loop, EpochLoop):
            check_image_state(framework, checkpoint['state_dict'], name, runner.train_loop.dataset.num_samples)
    except ValueError as error:
        raise UserError(f'{error}{described_for_model(changes or {})}') from None


@HOOKS.register_module()
class CheckpointHook(_CheckpointHook):
    """Saves checkpoints as mmengine's hook does, but atomically.

    Files appear whole, hold what each rank keeps for itself, can be written in the middle of an epoch, and an old one is
    removed only after the new one is complete.

    Args:
        interval_iters (int, optional): also save every so many steps, as ``iter_N.pth``. Such a file goes as soon as a newer
            checkpoint of any kind stands; ``max_keep_ckpts`` does not count it.
        **kwargs: see ``mmengine.hooks.CheckpointHook``; ``backend_args`` is the atomic backend by default.

    Raises:
        ValueError: if ``interval_iters`` is below 1.
        UserError: if a file cannot be written; the one before it stands.
    """

    def __init__(self, *args, interval_iters: int | None = None, max_keep_ckpts: int = -1, **kwargs) -> None:
        if interval_iters is not None and interval_iters < 1:
            raise ValueError(f'interval_iters={interval_iters} of CheckpointHook is below 1; it counts steps')
        kwargs.setdefault('backend_args', dict(backend='AtomicFileBackend'))
        if kwargs.get('interval', 1) == 0:
            raise ValueError('interval=0 of CheckpointHook saves nothing; give a number of epochs, or -1 for none')
        super().__init__(*args, max_keep_ckpts=-1, **kwargs)  # the base class would delete first
        self.keep_last, self.interval_iters = max_keep_ckpts, interval_iters
        self._is_due = False
        self._kept: list[str] = []  # names of the files of this run; of each kind, the oldest first
        self._rank_states: list[dict] | None = None

    def before_train(self, runner) -> None:
        """Find the files that a resumed run has left so far, and clear away what a kill left half-written."""
        super().before_train(runner)
        self._kept = checkpoints_in(self.out_dir, runner.epoch, runner.iter) if runner.iter else []
        if is_main():
            clear_partials(runner, self.out_dir)

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None) -> None:
        """Save where a step is due; gradients that are being accumulated are waited for."""
        super().after_train_iter(runner, batch_idx, data_batch, outputs)
        if self.interval_iters and self.every_n_train_iters(runner, self.interval_iters):
            self._is_due = True
        if self._is_due and runner.optim_wrapper.should_update():
            self.save_step(runner)

    def after_train_epoch(self, runner) -> None:
        """Make the batch statistics agree on all ranks, save, and then remove what is too old."""
        wait_for_all()  # for what rank 0 has written
        average_batch_statistics(runner.model)
        super().after_train_epoch(runner)

    def save_step(self, runner) -> str:
        """Save after the step that was just made; all ranks must call it. The path of the file."""
        step = runner.iter + 1
        runner.logger.info(f'Saving checkpoint at {step} iterations')
        self._save(runner, _STEP.format(step), dict(epoch=runner.epoch, iter=step))
        self._is_due = False
        return self.last_ckpt

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Add what each rank keeps for itself."""
        if self._rank_states is not None:
            checkpoint['rank_states'] = self._rank_states

    def _save_checkpoint_with_step(self, runner, step: int, meta: dict) -> None:
        self._save(runner, self.filename_tmpl.format(step), meta)

    def _save(self, runner, name: str, meta: dict) -> None:
        kept = [other for other in self._kept if other != name]
        outdated = self._outdated(kept, name)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        self._rank_states = gather_objects_on_main(rank_state(runner))  # rank 0 alone writes
        try:
            runner.save_checkpoint(
                self.out_dir, name, self.file_client_args, save_optimizer=self.save_optimizer,
                save_param_scheduler=self.save_param_scheduler, meta=meta, by_epoch=self.by_epoch,
                backend_args=self.backend_args, **self.args)
        except OSError as error:
            before = f'the one before it, {kept[-1]}, is whole: go on with --resume' if kept else 'there is none before it'
            raise UserError(f'checkpoint {self.last_ckpt} could not be written ({_cause(error)}); {before}') from error
        finally:
            self._rank_states = None
        self._name_last(runner)
        self._kept = [other for other in kept if other not in outdated] + [name]
        self._remove(outdated)

    def _outdated(self, kept: list[str], new: str) -> list[str]:
        """Which of the checkpoints ``kept`` go when ``new`` stands."""
        steps = [name for name in kept if self._is_of_step(name)]
        if self.keep_last < 1 or self._is_of_step(new):
            return steps
        epochs = [name for name in kept if name not in steps]
        return steps + epochs[:max(0, len(epochs) + 1 - self.keep_last)]

    def _is_of_step(self, name: str) -> bool:
        return self.by_epoch and name.startswith(_STEP.partition('{')[0])

    def _name_last(self, runner) -> None:
        last = Path(runner.work_dir) / LAST
        try:
            if is_main():
                AtomicFileBackend().put_text(self.last_ckpt, last)
        except OSError as error:
            raise UserError(f'{last} could not be written ({_cause(error)}); checkpoint {self.last_ckpt} is whole') from error

    def _remove(self, names: list[str]) -> None:
        for name in names if is_main() else ():
            path = self.file_backend.join_path(self.out_dir, name)
            if self.file_backend.isfile(path):
                self.file_backend.remove(path)


def _cause(error: OSError) -> object:
    cause = error.__cause__ if isinstance(error, FullDiskError) else error
    return getattr(cause, 'strerror', None) or cause
