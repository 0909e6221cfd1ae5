"""The functions that turn samples into batches."""

import torch
from mmengine.registry import FUNCTIONS
from torch import Tensor


@FUNCTIONS.register_module()
def keep_batch(batch: dict) -> dict:
    """Hand on what :meth:`IndexedDataset.__getitems__` has gathered: ``collate_fn=dict(type='keep_batch')``."""
    return batch


def indices_of(batch: dict) -> Tensor:
    """The stable index of each image of a batch as the loader gives it, int64 (B,)."""
    if 'index' in batch:
        return batch['index']
    return torch.tensor([sample.sample_idx for sample in batch['data_samples']])
