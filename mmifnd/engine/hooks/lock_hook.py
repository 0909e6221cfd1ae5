"""A run whose folder was taken over by another one ends, and writes nothing more there."""

from mmengine.hooks import Hook

from mmifnd.records.run_lock import RunLock


class LockHook(Hook):
    """Looks whether the folder still belongs to this run before a checkpoint is made and after each epoch.

    What writes a record or a checkpoint looks once more right before (:func:`mmifnd.records.run_lock.check_held`), since a run
    may have stood still in between, as in a clustering.

    Args:
        lock (RunLock): of the work directory, on rank 0.

    Raises:
        UserError: if another run has taken over the folder.
    """

    priority = 'VERY_HIGH'  # before other hooks write something

    def __init__(self, lock: RunLock) -> None:
        self.lock = lock

    def after_train_epoch(self, runner) -> None:
        """Before the records of the epoch are written."""
        self.lock.check()

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Before a checkpoint is made."""
        self.lock.check()
