"""Ranks that were started again find each other, and not those of before."""

import threading

import pytest
import torch.distributed as dist

from mmifnd.ranks.meeting import meet


def start(store, order, timeout=20.):
    """The prefixes that ranks get who come in this order."""
    prefixes, threads = {}, []
    for rank in order:
        threads.append(threading.Thread(target=lambda rank=rank: prefixes.update({rank: meet(store, rank, 4, timeout)})))
        threads[-1].start()
    for thread in threads:
        thread.join()
    return [prefixes[rank] for rank in range(4)]


@pytest.mark.parametrize('order', [(0, 1, 2, 3), (3, 2, 1, 0)])
def test_each_start_has_a_prefix_of_its_own(order):
    store = dist.HashStore()
    starts = [start(store, order) for _ in range(3)]
    assert all(len(set(prefixes)) == 1 for prefixes in starts) and len({prefixes[0] for prefixes in starts}) == 3


def test_a_rank_that_asked_and_was_ended_does_not_count():
    store = dist.HashStore()
    store.set('asks/2', 'of before')
    prefixes = start(store, (0, 1, 3, 2))
    assert len(set(prefixes)) == 1 and prefixes[0] != 'of before'


def test_who_does_not_come_ends_the_others_in_one_line():
    with pytest.raises(TimeoutError, match='3 of 4 ranks have not come within 0 s; start all hosts'):
        meet(dist.HashStore(), 0, 4, .1)
    with pytest.raises(TimeoutError, match='rank 0 has not come within 0 s'):
        meet(dist.HashStore(), 1, 4, .1)
