import itertools
import random

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from mmifnd.engine.hooks.finite_watch import Fault, FiniteWatch


def note(watch, step, images, bad=(), is_finite=True):
    images = torch.tensor(images)
    finite = torch.tensor([image not in bad for image in images.tolist()])
    watch.note(step, torch.tensor(is_finite), images, finite)


@pytest.mark.parametrize('patience', [1, 2, 3])
def test_against_a_loop(patience):
    """Random steps: the first of the first ``patience`` bad ones in a row."""
    draw = random.Random(0)
    for _ in range(30):
        steps = [dict(bad={i for i in range(4) if draw.random() < 0.1}, is_finite=draw.random() < 0.8) for _ in range(12)]
        watch, is_bad = FiniteWatch(torch.device('cpu'), patience), [bool(s['bad']) or not s['is_finite'] for s in steps]
        for number, step in enumerate(steps):
            note(watch, number, range(4), **step)
            begins = next((first for first in range(number - patience + 2) if all(is_bad[first:first + patience])), None)
            found = watch.read()
            assert (found and found.step) == begins
            if found:
                bad = sorted(steps[begins]['bad'])
                assert found.images == (bad or list(range(4))) and found.is_exact == (0 < len(bad) < 4)


def test_no_more_images_than_asked_for():
    watch = FiniteWatch(torch.device('cpu'), max_images=3)
    note(watch, 5, [9, 8, 7, 6, 5, 4], bad=[9, 7, 6, 4])
    assert watch.read() == Fault(5, [6, 7, 9], True)  # the first three of the batch
    watch = FiniteWatch(torch.device('cpu'), max_images=8)
    note(watch, 5, [9, 8], is_finite=False)
    assert watch.read() == Fault(5, [8, 9], False)


def test_notes_without_values():
    """Nothing waits for the device."""
    with FakeTensorMode():
        watch = FiniteWatch(torch.device('cpu'), patience=2)
        for step, batch in itertools.product(range(3), (1, 4, 20)):
            watch.note(step, torch.ones(()).isfinite(), torch.arange(batch), torch.ones(batch).isfinite())
        assert watch._first.shape == (7,)
