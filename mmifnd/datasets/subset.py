"""A part of any data set, from a config."""

from collections.abc import Sequence

import numpy as np
from torch.utils.data import Dataset

from mmifnd.registry import DATASETS

from .building import build_dataset


@DATASETS.register_module()
class SubsetDataset(Dataset):
    """Some images of a data set.

    Args:
        dataset (dict | Dataset): config or data set.
        indices (int | Sequence[int]): positions in ``dataset``, negative ones counted from its end; or a number n: the
            first n, the last -n if it is negative.

    Raises:
        ValueError: if an index lies outside the data set.
    """

    def __init__(self, dataset: dict | Dataset, indices: int | Sequence[int]) -> None:
        self.dataset = build_dataset(dataset)
        self.full_init()
        total = len(self.dataset)
        if isinstance(indices, int):
            if abs(indices) > total:
                raise ValueError(f'indices={indices} exceeds the {total} images of {type(self.dataset).__name__}')
            indices = range(total)[:indices] if indices >= 0 else range(total)[indices:]
        indices = np.asarray(indices, dtype=np.int64).reshape(-1)
        outside = indices[(indices < -total) | (indices >= total)]
        if len(outside):
            raise ValueError(f'index {outside[0]} is outside {type(self.dataset).__name__} of {total} images')
        self.indices = np.where(indices < 0, indices + total, indices)

    @property
    def metainfo(self) -> dict:
        """The data set's own information, such as its classes."""
        return getattr(self.dataset, 'metainfo', {})

    def full_init(self) -> None:
        """Load the annotations, where the data set puts that off."""
        if hasattr(self.dataset, 'full_init'):
            self.dataset.full_init()

    def get_data_info(self, position: int) -> dict:
        """Annotations of the image at a position."""
        return self.dataset.get_data_info(int(self.indices[position]))

    def get_cat_ids(self, position: int) -> list[int]:
        """Categories of the image at a position."""
        return self.dataset.get_cat_ids(int(self.indices[position]))

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, position: int):
        return self.dataset[int(self.indices[position])]
