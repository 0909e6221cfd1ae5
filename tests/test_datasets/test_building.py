"""Data sets that are built collect no garbage of what was there before."""

import gc
import weakref

import pytest

from mmifnd.datasets.building import build_dataset
from mmifnd.registry import DATASETS


class Knot:
    """Goes only with the garbage collector."""

    def __init__(self):
        self.itself = self


@pytest.fixture
def collecting(monkeypatch):
    """A type of data set that calls ``gc.collect()``, as mmengine does, and tells whether a knot was there after it."""
    class Collecting:
        def __init__(self, knot):
            own = weakref.ref(Knot())
            gc.collect()
            self.knot, self.own = knot() is not None, own() is not None

    monkeypatch.setitem(DATASETS.module_dict, 'Collecting', Collecting)


def test_only_new_objects_are_gone_through(collecting):
    knot = weakref.ref(Knot())
    built = build_dataset(dict(type='Collecting', knot=knot))
    assert built.knot and not built.own
    gc.collect()
    assert knot() is None and gc.get_freeze_count() == 0


def test_within_another_data_set_nothing_is_counted(collecting, monkeypatch):
    counted = []
    monkeypatch.setattr(gc, 'get_freeze_count', lambda: counted.append(1) or 0)

    class Outer:
        def __init__(self, inner):
            self.inner = build_dataset(inner)
            self.after = build_dataset(inner)

    monkeypatch.setitem(DATASETS.module_dict, 'Outer', Outer)
    knot = weakref.ref(Knot())
    built = build_dataset(dict(type='Outer', inner=dict(type='Collecting', knot=knot)))
    assert built.inner.knot and built.after.knot and len(counted) == 1
    monkeypatch.undo()
    assert gc.get_freeze_count() == 0


def test_also_after_a_failure():
    with pytest.raises(Exception, match='no_such'):
        build_dataset(dict(type='no_such'))
    assert gc.get_freeze_count() == 0


def test_what_the_caller_has_frozen_stays_frozen(collecting):
    gc.freeze()
    try:
        count = gc.get_freeze_count()
        assert not build_dataset(dict(type='Collecting', knot=weakref.ref(Knot()))).own
        assert gc.get_freeze_count() == count > 0
    finally:
        gc.unfreeze()
