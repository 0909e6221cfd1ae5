"""Features of an epoch, which one hook takes and others share: nobody encodes the same images twice in an epoch."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mmifnd.clustering import RowShare
from mmifnd.datasets import IndexedDataset
from mmifnd.distributed import gather, is_main, world_size
from mmifnd.evaluation import even_anchors
from mmifnd.models.embedding import pool

#: Rows of the backbone that are noted in passing.
MAX_ROWS = 4096


@dataclass(frozen=True)
class EpochFeatures:
    """The features that were clustered at the end of an epoch.

    Attributes:
        epoch (int): completed epochs at that moment.
        kind (str): ``'z'``, the embedding, ``'f'``, the backbone's feature, or ``'t'``, the text's embedding.
        features (Tensor | RowShare): unit vectors, float32 (N, D), by stable index; or this rank's share of them.
        seen (Tensor | None): bool (N,), rows that hold a feature; all where None.
        backbone (Tensor | None): pooled features of the backbone, float32 (n, C), n <= 2 ``MAX_ROWS``, of images spread over
            the data set; None if there was no pass, because features are kept while training.
    """

    epoch: int
    kind: str
    features: Tensor | RowShare
    seen: Tensor | None = None
    backbone: Tensor | None = None

    def sample(self, max_rows: int | None = None) -> tuple[Tensor, Tensor]:
        """Images spread evenly over those that have a row, int64 (n,), and their rows, float32 (n, D), both on the host.

        Every rank must call it.

        Args:
            max_rows (int, optional): the largest n; if None, all rows, which are too many of a large data set that is shared.
        """
        total = self.features.total if isinstance(self.features, RowShare) else len(self.features)
        images = torch.arange(total) if self.seen is None else self.seen.cpu().nonzero().squeeze(1)
        chosen = images[torch.as_tensor(even_anchors(len(images), max_rows or len(images)))]
        if not isinstance(self.features, RowShare):
            return chosen, self.features[chosen]
        return chosen, self.features.rows_of(chosen).float().cpu()

    def on_main(self, rows_at_a_time: int = 65_536) -> Tensor | None:
        """All features, float32 (N, D), in the host memory of rank 0; None on the others. Every rank must call it."""
        if not isinstance(self.features, RowShare):
            return self.features
        parts = []
        for images in torch.arange(self.features.total).split(rows_at_a_time):
            rows = self.features.rows_of(images).float()
            if is_main():
                parts.append(rows.cpu())
        return torch.cat(parts) if parts else None

    @property
    def are_of_images(self) -> bool:
        """Whether images were encoded, and not the texts of pairs."""
        return self.kind != 't'


@contextmanager
def noted_backbone(framework: nn.Module, num_images: int) -> Iterator[list[Tensor]]:
    """Collect, on the host, a sample of the pooled rows (b, C) that leave the backbone of the clustered features."""
    stride = max(1, num_images // world_size() // MAX_ROWS)
    rows: list[Tensor] = []
    handle = framework.cluster_backbone.register_forward_hook(
        lambda module, inputs, maps: rows.append(pool(maps).detach()[::stride].float().cpu()))
    try:
        yield rows
    finally:
        handle.remove()


class TrainingRows:
    """Backbone features of the first views in the last steps of an epoch.

    A run that keeps its embeddings while training learns from them about its backbone without a pass.

    Args:
        framework: whose steps are looked at until :meth:`stop`; nothing waits for the device.
        max_images (int): of all ranks, rounded up to whole steps.
    """

    def __init__(self, framework: nn.Module, max_images: int) -> None:
        self.max_images = max_images
        self.rows: list[Tensor] = []
        self._wanted = 0
        self.stop = framework.cluster_backbone.register_forward_hook(self._keep).remove

    def expect(self, batch: int, steps_left: int) -> None:
        """A step of ``batch`` images on each rank begins, the first of ``steps_left`` in this epoch."""
        self._wanted = batch if (steps_left - 1) * batch * world_size() < self.max_images else 0

    def collect(self) -> Tensor | None:
        """Collect and clear the rows of all ranks, (n, C) on the host; None if there are none."""
        rows = joined([part.cpu() for part in self.rows])
        self.rows.clear()
        return rows

    def _keep(self, module: nn.Module, inputs, maps) -> None:
        if self._wanted and module.training:
            self.rows.append(pool(maps).detach()[:self._wanted].float())
            self._wanted = 0  # further views follow


def joined(rows: list[Tensor]) -> Tensor | None:
    """The noted rows of all ranks, (n, C); None if nothing was noted."""
    return gather(torch.cat(rows)) if rows else None


def sample_view(dataset: IndexedDataset, pipeline, max_images: int) -> tuple[IndexedDataset, Tensor]:
    """Choose at most ``max_images`` images, spread evenly over ``dataset``, and their stable indices, int64 (n,)."""
    view = dataset.evaluation_view(pipeline)
    chosen = even_anchors(len(view), max_images)
    if len(chosen) < len(view):
        view = view.part(chosen)
    return view, torch.as_tensor(chosen)


def evaluation_pipeline(runner):
    """Transforms of the test images; None if they have none, or if the config has no test."""
    loader = runner.cfg.get('test_dataloader')
    return loader.dataset.get('pipeline') if loader else None
