"""A training ends once its best validation is too long ago, also one that was resumed in between."""

from types import SimpleNamespace

import pytest

from mmifnd.engine.hooks import EarlyStopHook


class Training:
    """Epochs of a classifier whose validations give the values of a list, as mmengine's loop runs them."""

    def __init__(self, hook, values, interval=1, resume=False):
        self.hook, self.values, self.epoch, self.max_epochs = hook, values, 0, len(values)
        self.lines, self.cfg = [], dict(resume=resume)
        self.logger = SimpleNamespace(info=self.lines.append)
        self.train_loop = SimpleNamespace(stop_training=False, val_begin=1, val_interval=interval)
        self.val_loop = SimpleNamespace(run=self.validate)

    def validate(self):
        self.hook.after_val_epoch(self, {'accuracy/top1': self.values[self.epoch - 1]})

    def run(self, until=None):
        self.hook.before_train(self)
        while self.epoch < (until or self.max_epochs) and not self.train_loop.stop_training:
            self.epoch += 1
            self.checkpoint = {}
            self.hook.before_save_checkpoint(self, self.checkpoint)
            if self.epoch % self.train_loop.val_interval == 0 and self.epoch != until:
                self.validate()  # `until`: killed between checkpoint and validation
        return self.epoch


@pytest.mark.parametrize('values, ends', [
    ([5, 9, 1, 1, 1, 1, 1], 6),  # 6 - 2 is the first difference above 3
    ([5, 9, 1, 1, 9, 1, 1], 6),  # equal is no better
    ([5, 9, 1, 1, 10, 1, 1], 7)])
def test_ends_after_the_first_validation_that_is_more_than_patience_later(values, ends):
    training = Training(EarlyStopHook(patience=3), values)
    assert training.run() == ends
    best = max(values[:ends])
    assert f'the best, {best:.2f} after epoch {values.index(best) + 1}, was chosen on these' in training.lines[0]
    assert training.train_loop.stop_training == (ends < len(values)) and len(training.lines) == 1


def test_patience_counts_epochs_and_not_validations():
    assert Training(EarlyStopHook(patience=3), [9] * 2 + [1] * 12, interval=2).run() == 6


@pytest.mark.parametrize('killed', [2, 3, 5])
def test_a_resumed_run_ends_where_the_other_does(killed):
    values = [5, 9, 1, 1, 1, 1, 1, 1]
    first = Training(EarlyStopHook(patience=3), values)
    first.run(until=killed)
    second = Training(EarlyStopHook(patience=3), values, resume=True)
    second.epoch = killed
    second.hook.after_load_checkpoint(second, first.checkpoint)
    assert second.run() == 6 and second.hook.best_epoch == 2


def test_weights_alone_bring_no_best_epoch():
    training = Training(EarlyStopHook(), [1.])
    training.hook.after_load_checkpoint(training, dict(early_stop=dict(best=50., best_epoch=3)))
    assert training.hook.best < 0


def test_a_measure_that_the_validation_does_not_give_is_named():
    training = Training(EarlyStopHook(monitor='map'), [1.])
    with pytest.raises(ValueError, match="monitor='map' of EarlyStopHook is none of the measures of the validation"):
        training.run()
    with pytest.raises(ValueError, match='patience=0 of EarlyStopHook'):
        EarlyStopHook(patience=0)
