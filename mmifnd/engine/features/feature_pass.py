"""The exact pass over all images: evaluation mode, test transform, every image once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor, nn

from mmifnd.clustering import RowShare
from mmifnd.datasets import IndexedDataset
from mmifnd.distributed import all_reduce, rank, world_size

from ..batch_norm import average_batch_statistics
from ..progress import Report
from .image_batches import ImageBatches
from .rank_rows import in_turns, rows_of_all, stacked


@torch.no_grad()
def extract_features(framework: nn.Module, images: ImageBatches, encode: Callable[[Tensor], Tensor],
                     report: Report = lambda done: None, texts: bool = False) -> Tensor:
    """Features of every image, float32 (N, D) on the host, the same on every rank; no batch waits for the device.

    Args:
        framework: put into evaluation mode meanwhile; its ``data_preprocessor`` prepares the batches.
        images: position i of their data set gives image i; see ``IndexedDataset.evaluation_view``.
        encode: images (B, 3, H, W) to features (B, D); token ids (B, L) if ``texts``.
        report: called with the number of images done.
        texts: whether the images' texts are encoded instead of the images.
    """
    return rows_of_all(_own_rows(framework, images, encode, report, texts), len(images.dataset))


@torch.no_grad()
def extract_share(framework: nn.Module, images: ImageBatches, encode: Callable[[Tensor], Tensor],
                  report: Report = lambda done: None, texts: bool = False) -> RowShare:
    """Extract features as :func:`extract_features` does, but every rank keeps its own W-th of the images.

    They stay on their device, or in host memory if they take more than 4 GiB there.
    """
    total = len(images.dataset)
    features = _own_rows(framework, images, encode, report, texts)
    index = torch.arange(rank(), total, world_size(), device=features.device)
    return RowShare(features[:len(index)], index, total, rank(), world_size(), all_reduce)  # the rest is padding


@torch.no_grad()
def extract_views(framework: nn.Module, images: ImageBatches, encode: Callable[[Tensor], Tensor],
                  num_views: int) -> tuple[Tensor, Tensor]:
    """Features of augmented views, ``num_views`` (even) of every image, and the image of each: (V N, D) and int64 (V N,).

    Args:
        images: of an ``IndexedDataset`` with the training pipeline; its epoch is moved, so give it to nobody else.

    The rest as in :func:`extract_features`.
    """
    index: list[Tensor] = []
    dataset = cast(IndexedDataset, images.dataset)

    def rows() -> Iterator[Tensor]:
        for epoch in range(num_views // 2):  # an epoch draws two views
            dataset.set_epoch(epoch)
            for whose, features in _encoded(framework, images, encode, augmented=True):
                index.append(whose)
                yield features

    with evaluating(framework):
        own = stacked(rows(), num_views * len(images.share))
    return in_turns(own), in_turns(torch.cat(index))


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


def _own_rows(framework, images, encode, report, texts) -> Tensor:
    """Features of this rank's images, in turn; the share is padded, so that all ranks have as many."""
    total = len(images.dataset)

    def rows() -> Iterator[Tensor]:
        batches = _encoded(framework, images, encode, texts=texts)
        for done, (_, features) in enumerate(batches, 1):
            yield features
            report(min(done * images.images_at_a_time * world_size(), total))

    with evaluating(framework):
        return stacked(rows(), len(images.share))


def _encoded(framework, images, encode, augmented: bool = False, texts: bool = False) -> Iterator[tuple[Tensor, Tensor]]:
    """Index (B,) and features (B, D) of this rank's images; of two views of each image if ``augmented``."""
    for batch in images:
        batch = framework.data_preprocessor(batch, training=augmented)
        for view in [batch['text']] if texts else batch['inputs'][:2 if augmented else 1]:
            yield batch['index'], encode(view).float()
