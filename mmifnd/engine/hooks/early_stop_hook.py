"""End a training whose validation no longer gets better."""

from mmengine.hooks import Hook

from mmifnd.checks import check_at_least
from mmifnd.registry import HOOKS

#: The name of its state in a checkpoint.
STATE = 'early_stop'


@HOOKS.register_module()
class EarlyStopHook(Hook):
    """Stops after the first validation that is more than ``patience`` epochs later than the best one.

    GloFND's linear evaluation does so with 100 epochs, and reports the best epoch. The images that it asks are those that it
    reports, so the best epoch is an optimistic number: the log gives it beside the last one.

    Best value and epoch are kept in checkpoints. A checkpoint is written before the validation of its epoch, so a resumed
    run begins with that validation.

    Args:
        monitor (str): the measure, of which more is better.
        patience (int): epochs, at least 1.

    Raises:
        ValueError: if patience is too small, or the validation does not give this measure.
    """

    priority = 'LOWEST'  # a validation at the start comes after all hooks have begun

    def __init__(self, monitor: str = 'accuracy/top1', patience: int = 100) -> None:
        check_at_least('patience', patience, 1, 'EarlyStopHook', 'it counts epochs, 100 in GloFND')
        self.monitor, self.patience = monitor, patience
        self.best, self.best_epoch = float('-inf'), 0
        self._is_resumed = False

    def before_train(self, runner) -> None:
        """Repeat the validation that a resumed run's checkpoint came before."""
        loop = runner.train_loop
        if self._is_resumed and runner.epoch >= loop.val_begin and runner.epoch % loop.val_interval == 0:
            runner.val_loop.run()

    def after_val_epoch(self, runner, metrics: dict[str, float] | None = None) -> None:
        """Compare, and stop if the best epoch is too long ago."""
        if metrics is None or self.monitor not in metrics:
            raise ValueError(f'monitor={self.monitor!r} of EarlyStopHook is none of the measures of the validation; it gives '
                             f'{", ".join(metrics or ()) or "nothing"}')
        value, loop = float(metrics[self.monitor]), runner.train_loop
        if value > self.best:
            self.best, self.best_epoch = value, runner.epoch
        elif runner.epoch - self.best_epoch > self.patience:
            loop.stop_training = True
        if loop.stop_training or runner.epoch >= runner.max_epochs:
            end = f'stopped after epoch {runner.epoch}' if loop.stop_training else f'ended after epoch {runner.epoch}'
            runner.logger.info(f'{end}: {self.monitor} {value:.2f}; the best, {self.best:.2f} after epoch {self.best_epoch}, '
                               'was chosen on these very images')

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Keep the best value and its epoch."""
        checkpoint[STATE] = dict(best=self.best, best_epoch=self.best_epoch)

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Take them back if the run is resumed."""
        if runner.cfg.get('resume') and STATE in checkpoint:
            self.best, self.best_epoch = checkpoint[STATE]['best'], checkpoint[STATE]['best_epoch']
            self._is_resumed = True
