"""The exact pass over all images: evaluation mode, test transform, every image once."""

from collections.abc import Callable, Iterator

import torch
from mmengine.dist import all_gather, get_rank, get_world_size
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from .batch_norm import average_batch_statistics
from .progress import Report


@torch.no_grad()
def extract_features(framework: nn.Module, dataset: Dataset, encode: Callable[[Tensor], Tensor], batch_size: int,
                     num_workers: int = 0, collate_fn: Callable | None = None,
                     report: Report = lambda done: None) -> Tensor:
    """Features of every image of ``dataset``, float32 (N, D) on the host, the same on every rank.

    Args:
        framework: put into evaluation mode meanwhile; its ``data_preprocessor`` prepares the batches.
        dataset: position i gives image i; see ``IndexedDataset.evaluation_view``.
        encode: images (B, 3, H, W) to features (B, D).
        batch_size: images at a time on each rank.
        collate_fn: as of the training's data loader.
        report: called with the number of images done.
    """
    average_batch_statistics(framework)
    was_training = framework.training
    framework.eval()
    features = None
    try:
        for done, (index, rows) in enumerate(_batches(framework, dataset, encode, batch_size, num_workers, collate_fn), 1):
            if features is None:
                features = torch.empty(len(dataset), rows.shape[1])
            features[index] = rows
            report(min(done * batch_size * get_world_size(), len(dataset)))
    finally:
        framework.train(was_training)
    return features


def _batches(framework, dataset, encode, batch_size, num_workers, collate_fn) -> Iterator[tuple[Tensor, Tensor]]:
    loader = DataLoader(dataset, batch_size, sampler=_own_share(len(dataset)), num_workers=num_workers,
                        collate_fn=collate_fn)
    for batch in loader:
        batch = framework.data_preprocessor(batch, training=False)
        rows = encode(batch['inputs'][0]).float()
        yield torch.cat(all_gather(batch['index'])).cpu(), torch.cat(all_gather(rows)).cpu()


def _own_share(total: int) -> list[int]:
    """Every W-th image, padded from the start so that all ranks take the same number of steps."""
    world = get_world_size()
    padded = -(-total // world) * world
    return [position % total for position in range(get_rank(), padded, world)]
