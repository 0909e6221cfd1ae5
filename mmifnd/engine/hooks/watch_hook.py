"""Says where a rank is, for the watch that the ranks keep over each other."""

from mmengine.hooks import Hook

from mmifnd.ranks import RankWatch


class WatchHook(Hook):
    """Notes each epoch and step of a training; in a step, to stay for longer than the timeout is a hang.

    What follows an epoch, such as a clustering or a validation, may take any time: there, only silence counts.

    Args:
        watch (RankWatch): of this rank.
    """

    priority = 'VERY_HIGH'  # before whatever may take long

    def __init__(self, watch: RankWatch) -> None:
        self.watch = watch

    def before_train_epoch(self, runner) -> None:
        """The first batch is being loaded."""
        self.watch.note(f'loading the first batch of epoch {runner.epoch + 1}', is_guarded=True)

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """A batch was loaded."""
        self.watch.note(f'in step {runner.iter + 1} of epoch {runner.epoch + 1}', is_guarded=True)

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs: dict | None = None) -> None:
        """The next batch is being loaded, if the other hooks have nothing to do."""
        self.watch.note(f'after step {runner.iter + 1} of epoch {runner.epoch + 1}', is_guarded=True)

    def after_train_epoch(self, runner) -> None:
        """What follows an epoch begins."""
        self.watch.note(f'after epoch {runner.epoch + 1}')

    def before_val_epoch(self, runner) -> None:
        """A validation begins."""
        self.watch.note(f'in the validation after epoch {runner.epoch}')

    def after_train(self, runner) -> None:
        """The training has ended."""
        self.watch.note('after the training')
