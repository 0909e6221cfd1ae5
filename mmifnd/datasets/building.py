"""Data sets and transforms from configs, in the scope of this package, inside of a runner and out."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmifnd.registry import DATASETS, TRANSFORMS, default_scope

_collecting = threading.Lock()  # held while a data set is built


@contextmanager
def _collecting_new_objects_only() -> Iterator[None]:
    """Let ``gc.collect()``, which mmengine calls for each data set, leave out the objects of all that was imported.

    Going through them takes a quarter of a second. What the caller has frozen stays frozen.
    """
    if not _collecting.acquire(blocking=False):  # within another data set, or beside one
        yield
        return
    frozen = gc.get_freeze_count()
    if not frozen:
        gc.freeze()
    try:
        yield
    finally:
        if not frozen:
            gc.unfreeze()
        _collecting.release()


def build_dataset(config: dict | Any) -> Any:
    """The data set of a config; what is one already is handed back."""
    if not isinstance(config, dict):
        return config
    with default_scope(), _collecting_new_objects_only():
        return DATASETS.build(config)


def build_transform(config: dict | Any) -> Any:
    """The transform of a config; what is one already is handed back."""
    if not isinstance(config, dict):
        return config
    with default_scope():
        return TRANSFORMS.build(config)
