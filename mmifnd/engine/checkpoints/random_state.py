"""The generators of a process, as tensors and plain values."""

import random

import numpy as np
import torch


def random_state() -> dict:
    """State of Python's, numpy's and torch's generators, and of the current GPU's."""
    version, words, gauss = random.getstate()
    name, keys, *rest = np.random.get_state(legacy=True)
    state = dict(python=(version, torch.tensor(words), gauss), numpy=(name, torch.from_numpy(keys.astype(np.int64)), *rest),
                 torch=torch.get_rng_state())
    if torch.cuda.is_available():
        state['cuda'] = torch.cuda.get_rng_state()  # pragma: no cover (needs a GPU)
    return state


def set_random_state(state: dict) -> None:
    """Take a :func:`random_state`, wherever its tensors are now; the GPU's only if there is one."""
    version, words, gauss = state['python']
    random.setstate((version, tuple(words.tolist()), gauss))
    name, keys, *rest = state['numpy']
    np.random.set_state((name, keys.cpu().numpy().astype(np.uint32), *rest))
    torch.set_rng_state(state['torch'].cpu())
    if 'cuda' in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state['cuda'].cpu())  # pragma: no cover (needs a GPU)


def check_random_state(state: dict) -> None:
    """Raise whatever :func:`set_random_state` would; the generators stay as they are."""
    before = random_state()
    try:
        set_random_state(state)
    finally:
        set_random_state(before)
