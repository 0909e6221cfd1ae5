"""Random transforms of one image, made a function of that image."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from mmifnd.functional.counter_random import counter_hash

_NUMPY_SEEDS = 1 << 32


@contextmanager
def sample_seed(*counters: int) -> Iterator[None]:
    """Seed Python, numpy and torch (CPU) from a hash of counters; put their states back at the end.

    The generators of accelerators are left alone. Libraries with generators of their own are not reached.
    """
    seed = int(counter_hash(*counters))
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    random.seed(seed)
    np.random.seed(seed % _NUMPY_SEEDS)
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
