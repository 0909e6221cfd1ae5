"""Collate functions that configs name."""

from mmengine.registry import FUNCTIONS


@FUNCTIONS.register_module()
def keep_batch(batch: dict) -> dict:
    """Hand on what :meth:`IndexedDataset.__getitems__` has gathered: ``collate_fn=dict(type='keep_batch')``."""
    return batch
