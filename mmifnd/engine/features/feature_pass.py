"""The exact pass over all images: evaluation mode, test transform, every image once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from mmifnd.clustering import RowShare
from mmifnd.distributed import all_reduce, gather, rank, world_size
from mmifnd.models.frameworks.feature_bank import kept_on

from ..batch_norm import average_batch_statistics
from ..loader_workers import leave_signals_to_parent
from ..progress import Report


@torch.no_grad()
def extract_features(framework: nn.Module, dataset: Dataset, encode: Callable[[Tensor], Tensor], batch_size: int,
                     num_workers: int = 0, collate_fn: Callable | None = None,
                     report: Report = lambda done: None, texts: bool = False) -> Tensor:
    """Features of every image of ``dataset``, float32 (N, D) on the host, the same on every rank.

    Args:
        framework: put into evaluation mode meanwhile; its ``data_preprocessor`` prepares the batches.
        dataset: position i gives image i; see ``IndexedDataset.evaluation_view``.
        encode: images (B, 3, H, W) to features (B, D); token ids (B, L) if ``texts``.
        batch_size: images at a time on each rank.
        collate_fn: as of the training's data loader.
        report: called with the number of images done.
        texts: whether the images' texts are encoded instead of the images.
    """
    features = None
    with evaluating(framework):
        for done, batch in enumerate(
                _batches(framework, dataset, encode, batch_size, num_workers, collate_fn, texts=texts), 1):
            index, rows = _of_all_ranks(*batch)
            if features is None:
                features = torch.empty(len(dataset), rows.shape[1])
            features[index] = rows
            report(min(done * batch_size * world_size(), len(dataset)))
    return features


@torch.no_grad()
def extract_share(framework: nn.Module, dataset: Dataset, encode: Callable[[Tensor], Tensor], batch_size: int,
                  num_workers: int = 0, collate_fn: Callable | None = None,
                  report: Report = lambda done: None, texts: bool = False) -> RowShare:
    """Extract features as :func:`extract_features` does, but every rank keeps its own W-th of the images.

    They stay on their device, or in host memory if they take more than 4 GiB there.
    """
    parts = []
    with evaluating(framework):
        for index, rows in _batches(framework, dataset, encode, batch_size, num_workers, collate_fn, texts=texts):
            where = kept_on(rows.device, -(-len(dataset) // world_size()) * rows.shape[1] * rows.itemsize)
            parts.append((index.to(where), rows.to(where)))
            report(min(len(parts) * batch_size * world_size(), len(dataset)))
    total = len(dataset)
    count = len(range(rank(), total, world_size()))
    index, features = (torch.cat(column)[:count] for column in zip(*parts))  # the rest is padding
    return RowShare(features, index, total, rank(), world_size(), all_reduce)


@torch.no_grad()
def extract_views(framework: nn.Module, dataset, encode: Callable[[Tensor], Tensor], num_views: int, batch_size: int,
                  num_workers: int = 0, collate_fn: Callable | None = None) -> tuple[Tensor, Tensor]:
    """Features of augmented views, ``num_views`` (even) of every image, and the image of each: (V N, D) and int64 (V N,).

    Args:
        dataset: an ``IndexedDataset`` with the training pipeline; its epoch is moved, so give it to nobody else.

    The rest as in :func:`extract_features`.
    """
    parts = []
    with evaluating(framework):
        for epoch in range(num_views // 2):  # an epoch draws two views
            dataset.set_epoch(epoch)
            batches = _batches(framework, dataset, encode, batch_size, num_workers, collate_fn, augmented=True)
            parts += [_of_all_ranks(*batch) for batch in batches]
    index, rows = (torch.cat(column) for column in zip(*parts))
    return rows, index


@contextmanager
def evaluating(framework: nn.Module) -> Iterator[None]:
    """Put the model into evaluation mode, with the batch statistics of all ranks, and back afterwards."""
    average_batch_statistics(framework)
    was_training = framework.training
    framework.eval()
    try:
        yield
    finally:
        framework.train(was_training)


def _batches(framework, dataset, encode, batch_size, num_workers, collate_fn,
             augmented: bool = False, texts: bool = False) -> Iterator[tuple[Tensor, Tensor]]:
    """Index (B,) and features (B, D) of this rank's images."""
    # A generator of its own: the loader would draw a number from that of the training.
    loader = DataLoader(dataset, batch_size, sampler=own_share(len(dataset)), num_workers=num_workers,
                        collate_fn=collate_fn, generator=torch.Generator(), worker_init_fn=leave_signals_to_parent)
    for batch in loader:
        batch = framework.data_preprocessor(batch, training=augmented)
        for view in [batch['text']] if texts else batch['inputs'][:2 if augmented else 1]:
            yield batch['index'], encode(view).float()


def _of_all_ranks(*tensors: Tensor) -> list[Tensor]:
    return [gather(tensor).cpu() for tensor in tensors]


def own_share(total: int) -> list[int]:
    """Every W-th image; the first images come again where needed, so that all ranks take the same number of steps."""
    world = world_size()
    padded = -(-total // world) * world
    return [position % total for position in range(rank(), padded, world)]
