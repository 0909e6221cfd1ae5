"""The images of a pass, read batch by batch."""

from collections.abc import Callable, Iterator

import torch
from torch.utils.data import DataLoader, Dataset

from ..loader_workers import leave_signals_to_parent
from .rank_rows import own_share


class ImageBatches:
    """Batches of this rank's share of a data set, any number of times.

    Args:
        dataset (Dataset): position i gives image i.
        batch_size (int): images at a time on each rank.
        num_workers (int): processes that read images.
        collate_fn (Callable, optional): as of the training's data loader.
        keep_workers (bool): whether the processes wait for the next time, instead of being started anew.
        pin_memory (bool, optional): whether batches are put where a GPU can fetch them without waiting; default: if there is
            a GPU.

    Example:
        >>> batches = ImageBatches(torch.arange(3), batch_size=2)
        >>> [batch.tolist() for batch in batches]
        [[0, 1], [2]]
    """

    def __init__(self, dataset: Dataset, batch_size: int, num_workers: int = 0, collate_fn: Callable | None = None,
                 keep_workers: bool = False, pin_memory: bool | None = None) -> None:
        self.dataset, self.share = dataset, own_share(len(dataset))
        # A generator of its own: the loader would draw a number from that of the training.
        self._loader = DataLoader(
            dataset, batch_size, sampler=self.share, num_workers=num_workers, collate_fn=collate_fn,
            generator=torch.Generator(), worker_init_fn=leave_signals_to_parent,
            pin_memory=torch.cuda.is_available() if pin_memory is None else pin_memory,
            persistent_workers=keep_workers and num_workers > 0)
        self._begun: Iterator | None = None

    @classmethod
    def like(cls, loader: DataLoader, dataset: Dataset, batch_size: int, num_workers: int | None = None,
             keep_workers: bool = False) -> 'ImageBatches':
        """Read ``dataset`` as ``loader`` reads its own; ``num_workers`` and workers that stay are its own, too, if it has any.

        A loader whose workers do not stay keeps those of others from staying.
        """
        workers = loader.num_workers if num_workers is None else num_workers
        keep_workers = keep_workers and (loader.persistent_workers or not loader.num_workers)
        return cls(dataset, batch_size, workers, loader.collate_fn, keep_workers, loader.pin_memory)

    def begin(self) -> None:
        """Let the processes read the first batches now, for whoever iterates next; without processes there is nothing to do."""
        if self._begun is None and self._loader.num_workers:
            self._begun = iter(self._loader)

    def __iter__(self) -> Iterator:
        begun, self._begun = self._begun, None
        return iter(self._loader) if begun is None else begun

    @property
    def images_at_a_time(self) -> int:
        """Images of a batch on each rank."""
        return self._loader.batch_size
