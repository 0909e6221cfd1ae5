"""Checkpoints that hold tensors and plain values only, written whole or not at all."""

from mmengine.dist import master_only
from mmengine.hooks import CheckpointHook as _CheckpointHook, Hook

from mmifnd.registry import HOOKS

from ..batch_norm import average_batch_statistics
from ..checkpoint_format import check_fits, flatten, rebuild


@HOOKS.register_module()
class PlainCheckpointHook(Hook):
    """Keeps everything but tensors and plain values out of checkpoints, so that they load with an empty allow-list.

    On save, mmengine's histories become tensors and the texts of configs are dropped; on load, histories are rebuilt, and
    the text that ``Runner.resume`` would execute (``meta['config']``) is removed.
    """

    priority = 'LOWEST'  # behind every hook that adds to a checkpoint

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Flatten in place, and note which data set this is of."""
        checkpoint['meta']['dataset_fingerprint'] = _fingerprint(runner)
        flatten(checkpoint)

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Rebuild in place; what is resumed must fit the model."""
        rebuild(checkpoint)
        if runner.cfg.get('resume'):
            check_fits(runner.model, checkpoint, 'to resume from')
            noted = checkpoint['meta'].get('dataset_fingerprint')
            if noted is not None and noted != _fingerprint(runner):
                raise ValueError('the checkpoint was made with other images, or in another order: its labels and thresholds '
                                 'belong to those; resume on the data set that it was made with, or begin anew')


@HOOKS.register_module()
class CheckpointHook(_CheckpointHook):
    """mmengine's hook, except that files appear whole and an old one goes only after the new one stands.

    Args:
        **kwargs: see ``mmengine.hooks.CheckpointHook``; ``backend_args`` is the atomic backend unless given.
    """

    def __init__(self, *args, max_keep_ckpts: int = -1, **kwargs) -> None:
        kwargs.setdefault('backend_args', dict(backend='AtomicFileBackend'))
        super().__init__(*args, max_keep_ckpts=-1, **kwargs)  # the base class would delete first
        self.keep_last = max_keep_ckpts

    def after_train_epoch(self, runner) -> None:
        """Make the batch statistics agree on all ranks, save, and then remove what is too old."""
        average_batch_statistics(runner.model)
        super().after_train_epoch(runner)

    def _save_checkpoint_with_step(self, runner, step: int, meta: dict) -> None:
        kept = list(runner.message_hub.get_info('kept_checkpoints', []))
        outdated = kept[:max(0, len(kept) + 1 - self.keep_last)] if self.keep_last > 0 else []
        if step not in kept:
            runner.message_hub.update_info('kept_checkpoints', [*kept[len(outdated):], step])
        super()._save_checkpoint_with_step(runner, step, meta)
        self._remove([old for old in outdated if old != step])

    @master_only
    def _remove(self, steps: list[int]) -> None:
        for step in steps:
            path = self.file_backend.join_path(self.out_dir, self.filename_tmpl.format(step))
            if self.file_backend.isfile(path):
                self.file_backend.remove(path)


def _fingerprint(runner) -> str | None:
    """Of the training set, made once; None for a loop of another kind."""
    dataset = getattr(runner.train_loop, 'dataset', None)
    if dataset is None:
        return None
    if not hasattr(dataset, 'known_fingerprint'):
        dataset.known_fingerprint = dataset.fingerprint()
    return dataset.known_fingerprint
