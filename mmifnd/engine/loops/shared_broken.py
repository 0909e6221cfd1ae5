"""Images that some rank could not read: counted over all ranks, and known to all of them."""

import logging

import torch

from mmifnd.datasets import IndexedDataset
from mmifnd.distributed import all_reduce, gather_objects, world_size
from mmifnd.errors import UserError


def share_broken_images(dataset: IndexedDataset, logger: logging.Logger) -> None:
    """Let every rank know the images that any rank could not read; every rank must call it.

    A line says how many they are in total if there are more than before. Rank 0 adds those of the others to its list.

    Raises:
        UserError: on every rank, if all ranks together have found more than ``max_broken``.
    """
    if world_size() == 1:
        return
    flags = dataset.broken()
    counts = gather_objects((int(flags.sum()), dataset.broken_images.num_shared))
    if all(count == shared for count, shared in counts):
        return
    union = all_reduce(flags.to(torch.uint8), 'max').bool()
    total, limit = int(union.sum()), dataset.broken_images.limit
    dataset.broken_images.merge(union, dataset.describe)
    if total > limit:
        raise UserError(f'{total} images cannot be read, counted over all processes ({_listed(counts)}); repair or remove '
                        f'them, or raise max_broken={limit} of train_cfg or test_cfg')
    logger.warning(f'{total} images cannot be read, counted over all processes, of at most {limit} ({_listed(counts)})')


def _listed(counts: list[tuple[int, int]]) -> str:
    return ', '.join(f'rank {number}: {count}' for number, (count, _) in enumerate(counts) if count)
