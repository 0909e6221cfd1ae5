"""Where a thread is."""

import threading

from mmifnd import distributed
from mmifnd.ranks.whereabouts import where_is


def place_of(function):
    """Where a thread is that waits in ``function``."""
    is_in, may_leave = threading.Event(), threading.Event()

    def wait():
        is_in.set()
        may_leave.wait()

    thread = threading.Thread(target=function, args=(wait, ))
    thread.start()
    is_in.wait()
    place = where_is(thread.ident)
    may_leave.set()
    thread.join()
    return place


def test_the_function_of_mmifnd_and_the_innermost_one():
    def in_mmifnd(wait):
        code = compile('def reads(wait):\n    wait()\n', '/some/where/mmifnd/datasets/load.py', 'exec')
        namespace = {}
        exec(code, namespace)
        namespace['reads'](wait)

    place, waits = place_of(in_mmifnd)
    assert place.startswith('reads (mmifnd/datasets/load.py:2) > ') and '(threading.py:' in place and not waits


def test_a_collective_is_a_wait(monkeypatch):
    monkeypatch.setattr(distributed, 'world_size', lambda: 2)

    def waits(wait):
        monkeypatch.setattr(distributed.dist, 'all_gather_object', lambda *_: wait())
        distributed.gather_objects(1)

    assert place_of(waits)[1]


def test_a_thread_that_has_ended_is_nowhere():
    assert where_is(-1) == ('', False)
