"""What all tests share: golden numbers, contrasts made by hand, and a torch that stays as it was."""

import functools
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import settings

from mmifnd.contrast import Contrast

# Programs that tests start run this checkout, whatever is installed.
os.environ['PYTHONPATH'] = os.pathsep.join(filter(None, [str(Path(__file__).parents[1]), os.environ.get('PYTHONPATH')]))
# Helpers are modules of their own, so that processes that a test starts can import them, too.
sys.path.insert(0, str(Path(__file__).parent / 'helpers'))

settings.register_profile('mmifnd', deadline=None, derandomize=True, max_examples=40, database=None)
settings.load_profile('mmifnd')


def pytest_collection_modifyitems(items):
    """Run the long files first, so that no core is left alone with one of them at the end."""
    from long_files import LONG_FILES
    place = {Path(__file__).parent / name: number for number, name in enumerate(LONG_FILES)}
    if missing := [str(path) for path in place if not path.is_file()]:
        raise pytest.UsageError(f'tests/helpers/long_files.py names files that do not exist: {missing}')
    items.sort(key=lambda item: place.get(item.path, len(place)))


@pytest.fixture(scope='session')
def golden():
    """Arrays of the worked examples, float64, made by loops: see tests/data."""
    with np.load(Path(__file__).parent / 'data' / 'ifnd_golden.npz') as arrays:
        return {name: torch.from_numpy(np.asarray(arrays[name])) for name in arrays.files}


@pytest.fixture
def make_contrast():
    """A contrast of random unit vectors in float64 between images of given indices."""

    def make(anchor_index, candidate_index, absent=None, dim=4, seed=0):
        generator = torch.Generator().manual_seed(seed)
        anchor_index, candidate_index = torch.as_tensor(anchor_index), torch.as_tensor(candidate_index)
        anchor, positive, candidate = (
            F.normalize(torch.randn(count, dim, generator=generator, dtype=torch.float64), dim=1)
            for count in (len(anchor_index), len(anchor_index), len(candidate_index)))
        return Contrast.build(anchor, positive, candidate, anchor_index, candidate_index, absent)

    return make


@pytest.fixture(params=['pipe', 'full', 'none', 'closed'])
def lost_console(request, monkeypatch):
    """Function (name): make a stream of ``sys`` one that cannot be written; returns what a message says of it."""
    from lost_consoles import REASONS, close, lost_stream
    streams = []

    def lose(name):
        streams.append(lost_stream(request.param))
        monkeypatch.setattr(sys, name, streams[-1])
        return REASONS[request.param]

    yield lose
    monkeypatch.undo()
    for stream in streams:
        close(stream)


@pytest.fixture
def restored_torch():
    """Undo what a run sets for the whole process: threads, determinism, random state."""
    deterministic = torch.are_deterministic_algorithms_enabled()
    cudnn = torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    yield
    torch.use_deterministic_algorithms(deterministic)
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = cudnn
    torch.set_num_threads(threads)
    torch.set_rng_state(state)


@pytest.fixture
def quick_maps(monkeypatch):
    """Draw t-SNE maps with the fewest iterations that scikit-learn allows, where a test is not about them."""
    from mmifnd.visualization import embedding
    monkeypatch.setattr(embedding, 'TSNE', functools.partial(embedding.TSNE, max_iter=250))
