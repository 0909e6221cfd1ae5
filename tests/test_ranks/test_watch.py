"""The watch of ranks over each other, with a thread for each rank and a store in memory."""

import os
import threading
import time
from datetime import timedelta
from functools import partial

import pytest
import torch.distributed as dist

from mmifnd.ranks import watch
from mmifnd.ranks.beat import is_lost_connection
from mmifnd.ranks.watch import ENDED_BY_ANOTHER, RankWatch

#: Seconds between two heartbeats, and without progress.
SOON, TIMEOUT = .05, .4
LOST = RuntimeError('[gloo/transport/tcp/pair.cc:525] Connection closed by peer [127.0.0.1]:1234')


class Ranks:
    """Four ranks on two nodes; what each printed and how it was ended."""

    def __init__(self, monkeypatch, timeout):
        self.store, self.ended = dist.HashStore(), {}
        self.store.set_timeout(timedelta(seconds=5))
        self.watches = []
        for number in range(4):
            monkeypatch.setitem(os.environ, 'GROUP_RANK', str(number // 2))
            monkeypatch.setitem(os.environ, 'LOCAL_RANK', str(number % 2))
            self.watches.append(RankWatch(self.store, number, 4, timeout, SOON, end=partial(self.end, number)))
        for rank in self.watches:
            rank.beat()

    def end(self, number, status):
        self.ended[number] = status
        self.watches[number]._is_stopped.set()

    def start(self, *numbers):
        for number in numbers:
            self.watches[number]._thread.start()

    def wait(self, *numbers):
        until = time.monotonic() + 20
        while set(numbers) - set(self.ended):
            assert time.monotonic() < until, self.ended
            time.sleep(.01)

    def close(self):
        for rank in self.watches:
            rank._is_stopped.set()


@pytest.fixture
def ranks(monkeypatch):
    monkeypatch.setattr(watch, 'COMMON', .3)
    started = Ranks(monkeypatch, 60.)
    yield started
    started.close()


@pytest.fixture
def impatient_ranks(monkeypatch):
    started = Ranks(monkeypatch, TIMEOUT)
    yield started
    started.close()



def test_a_failing_rank_ends_all_and_one_rank_per_other_host_prints_why(ranks, capsys):
    ranks.start(0, 1, 2)
    assert ranks.watches[3].report(ZeroDivisionError('by zero'), 'ZeroDivisionError: by zero').endswith(
        ': ZeroDivisionError: by zero')
    ranks.wait(0, 1, 2)
    assert ranks.ended == dict.fromkeys((0, 1, 2), ENDED_BY_ANOTHER)
    printed = capsys.readouterr().err.splitlines()
    assert len(printed) == 1 and printed[0].startswith('error: rank 3 on host ') and printed[0].endswith('by zero')


def test_what_all_ranks_report_is_printed_once_and_without_a_rank(ranks):
    reported = {}

    def report(number):
        reported[number] = ranks.watches[number].report(ValueError(), 'the config is wrong')

    threads = [threading.Thread(target=report, args=(number, )) for number in (3, 2, 1, 0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reported == {0: 'the config is wrong', 1: None, 2: 'the config is wrong', 3: None}  # ranks 0 and 2: one per host


def test_two_ranks_with_errors_of_their_own_print_both(ranks):
    assert ranks.watches[0].report(ValueError(), 'first') == 'first'
    assert ranks.watches[1].report(ValueError(), 'second').endswith(': second')


def test_a_lost_connection_is_explained_by_the_rank_that_failed(ranks):
    ranks.watches[1].report(ValueError(), 'its own error')
    assert ranks.watches[0].report(LOST, str(LOST)) is None  # the same host
    assert ranks.watches[2].report(LOST, str(LOST)).endswith(': its own error')
    assert ranks.watches[3].report(LOST, str(LOST)) is None


def test_a_killed_rank_is_named_with_the_place_it_was_last_seen_in(ranks):
    ranks.watches[3].note('in step 7 of epoch 2', is_guarded=True)
    ranks.watches[3].beat()
    ranks.start(0, 1, 2)  # rank 3 beats no more
    line = ranks.watches[0].report(LOST, str(LOST))
    assert line.startswith('rank 3 on host ') and 'has ended without a word (killed, often for want of memory)' in line
    assert 'it was last in step 7 of epoch 2, in ' in line and '\n' not in line


def test_a_rank_that_has_trained_is_not_said_to_be_at_its_start(ranks):
    rank = ranks.watches[3]
    rank.interval = 60.
    ranks.start(3)
    rank.note('in step 1 of epoch 1', is_guarded=True)
    until = time.monotonic() + 20
    while (place := rank.board.beats()[3].place).startswith('at its start'):
        assert time.monotonic() < until
        time.sleep(.01)
    assert place.startswith('in step 1 of epoch 1, in ')
    count = rank.board.beats()[3].count
    rank.note('in step 2 of epoch 1', is_guarded=True)
    time.sleep(.05)
    assert rank.board.beats()[3].count == count  # no traffic with every step
    rank.stop()
    assert not rank._thread.is_alive()


def test_a_lost_connection_that_nobody_explains_is_laid_to_the_rank_that_is_behind(ranks, monkeypatch):
    def reported_by(number):
        def beat(seconds):  # meanwhile, all of them do
            for rank in ranks.watches:
                rank.beat()
        monkeypatch.setattr(watch, 'time', type('', (), dict(sleep=staticmethod(beat), monotonic=staticmethod(time.monotonic))))
        return ranks.watches[number]._blame('Connection reset').text

    for rank in ranks.watches[1:]:
        rank.note('in step 9', is_guarded=True)
    ranks.watches[0].note('in step 8', is_guarded=True)
    ranks.watches[0]._progress = 0
    assert ' keeps the others waiting: it is in step 8, in ' in reported_by(2)
    ranks.store.delete_key('failure')
    assert reported_by(0).endswith(' has lost its connection: Connection reset')


def test_a_silent_rank_is_announced(impatient_ranks, capsys):
    impatient_ranks.start(0, 1, 2)
    impatient_ranks.wait(0, 1, 2)
    printed = capsys.readouterr().err.splitlines()
    assert len(printed) == 2 and all('has been silent for 0 s; it was last at its start, in ' in line for line in printed)


def test_a_rank_without_progress_is_named_and_those_that_wait_are_not(impatient_ranks, capsys):
    for number, rank in enumerate(impatient_ranks.watches):
        for step in range(3 - (number == 2)):
            rank.note(f'in step {step}', is_guarded=True)
    impatient_ranks.start(0, 1, 2, 3)
    impatient_ranks.wait(0, 1, 2, 3)
    printed = capsys.readouterr().err.splitlines()
    assert len(printed) == 2 and all(line.startswith('error: rank 2 on host ') for line in printed)
    assert all('has made no progress for 0 s: it is in step 1, in ' in line for line in printed)


def test_what_follows_an_epoch_may_take_long(impatient_ranks):
    impatient_ranks.start(0, 1, 2, 3)
    for rank in impatient_ranks.watches:
        rank.note('after epoch 1')
    time.sleep(3 * TIMEOUT)
    assert not impatient_ranks.ended and impatient_ranks.watches[0].board.failure() is None


def test_a_store_that_is_gone_ends_the_ranks(ranks, capsys):
    def gone(*_):
        raise RuntimeError('Broken pipe\nC++ stack')
    ranks.watches[1].board.write = gone
    ranks.start(1)
    ranks.wait(1)
    line, = capsys.readouterr().err.splitlines()
    assert line.startswith('error: rank 1 on host ') and line.endswith('of rank 0 does not answer any more (Broken pipe')


@pytest.mark.parametrize('error, is_lost', [
    (LOST, True), (dist.DistNetworkError('reset'), True), (RuntimeError('NCCL error: unhandled system error'), True),
    (RuntimeError('mat1 and mat2 shapes cannot be multiplied'), False), (RuntimeError('DataLoader timed out'), False),
    (ValueError('Connection closed by peer'), False)])
def test_a_lost_connection_is_told_from_errors_of_a_ranks_own(error, is_lost):
    assert is_lost_connection(error) is is_lost


def test_a_rank_leaves_when_all_others_know_or_after_a_while(ranks):
    left = [threading.Thread(target=rank.leave) for rank in ranks.watches[:3]]
    left[0].start()
    left[1].start()
    assert left[0].is_alive() and left[1].is_alive()
    left[2].start()  # the fourth has failed
    began = time.monotonic()
    for thread in left:
        thread.join()
    ranks.store.set('left', '0')
    ranks.watches[0].leave()
    assert time.monotonic() - began < 10 and ranks.watches[0].board.failure() is None
