"""The watch of a process: when there is one, and what the training tells it."""

from types import SimpleNamespace

import pytest
import torch.distributed as dist

from mmifnd import ranks
from mmifnd.engine.hooks import WatchHook


def test_one_process_has_no_watch():
    assert ranks.start_watch(60.) is None and ranks.current_watch() is None
    ranks.stop_watch()


def test_one_of_several_processes_has_one_until_all_have_ended(monkeypatch):
    waits = []
    monkeypatch.setattr(ranks, '_current', [])
    monkeypatch.setattr(ranks, 'world_size', lambda: 2)
    monkeypatch.setattr(ranks, 'rank', lambda: 1)
    store = dist.HashStore()
    monkeypatch.setattr(ranks, 'store_of_launcher', lambda seconds: store)
    monkeypatch.setattr(dist, 'barrier', lambda: waits.append('all have beaten once'))
    monkeypatch.setattr(ranks, 'wait_for_all', lambda: waits.append('all have ended'))
    monkeypatch.setattr(ranks.watch, 'GRACE', 0.1)
    watch = ranks.start_watch(60., prefix='start 2')
    assert ranks.current_watch() is watch and ranks.start_watch(60.) is watch
    assert waits == ['all have beaten once'] and watch.rank == 1 and watch._thread.is_alive()
    assert store.get('start 2/watch/beat/1')
    ranks.stop_watch()
    assert ranks.current_watch() is None and waits[1:] == ['all have ended'] and watch._is_stopped.is_set()


@pytest.mark.parametrize('moment, place, is_guarded', [
    ('before_train_epoch', 'loading the first batch of epoch 3', True),
    ('before_train_iter', 'in step 8 of epoch 3', True),
    ('after_train_iter', 'after step 8 of epoch 3', True),
    ('after_train_epoch', 'after epoch 3', False),
    ('before_val_epoch', 'in the validation after epoch 2', False),
    ('after_train', 'after the training', False)])
def test_a_training_says_where_it_is(moment, place, is_guarded):
    notes = []
    watch = SimpleNamespace(note=lambda place, is_guarded=False: notes.append((place, is_guarded)))
    arguments = dict(batch_idx=1) if 'iter' in moment else {}
    getattr(WatchHook(watch), moment)(SimpleNamespace(epoch=2, iter=7), **arguments)
    assert notes == [(place, is_guarded)]
