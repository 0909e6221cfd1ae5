"""Random transforms of one image, made a function of that image."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import torch

from mmifnd.functional.counter_random import counter_hash

_NUMPY_SEEDS = 1 << 32


_kept: ContextVar[bool] = ContextVar('kept', default=False)


@contextmanager
def generators_kept() -> Iterator[None]:
    """Put the states of Python's, numpy's and torch's (CPU) generators back at the end.

    Saving and restoring takes longer than seeding, so around a batch it is done once: within it, each
    :func:`sample_seed` only seeds.
    """
    if _kept.get():
        yield
        return
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    token = _kept.set(True)
    try:
        yield
    finally:
        _kept.reset(token)
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])


@contextmanager
def sample_seed(*counters: int) -> Iterator[None]:
    """Seed Python, numpy and torch (CPU) from a hash of counters; put their states back at the end.

    The generators of accelerators are left alone. Libraries with generators of their own are not reached.
    """
    seed = int(counter_hash(*counters))
    with generators_kept():
        random.seed(seed)
        np.random.seed(seed % _NUMPY_SEEDS)
        torch.default_generator.manual_seed(seed)
        yield
