"""Freed pages go back to the system where the C library can do that."""

import ctypes
import os
from pathlib import Path

import pytest

from mmifnd.engine.loops.free_memory import return_freed_memory


def resident() -> int:
    return int(Path('/proc/self/statm').read_text().split()[1]) * os.sysconf('SC_PAGE_SIZE')


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), 'malloc_trim'), reason='the C library is not glibc')
def test_what_was_freed_below_what_lives_goes_back():
    blocks = [bytearray(64 * 1024) for _ in range(3000)]  # below the size that is mapped on its own: 188 MiB of heap
    last = blocks[-1]
    del blocks
    before = resident()
    return_freed_memory()
    assert before - resident() > 2**26
    assert len(last) == 64 * 1024


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(ctypes, 'CDLL', lambda name: object())
    assert return_freed_memory() is None
