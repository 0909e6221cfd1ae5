"""Features of an epoch, which one hook takes and others share: nobody encodes the same images twice in an epoch."""

from dataclasses import dataclass

import torch
from torch import Tensor

from mmifnd.clustering import RowShare
from mmifnd.datasets import IndexedDataset
from mmifnd.distributed import is_main
from mmifnd.evaluation import even_anchors


@dataclass(frozen=True)
class EpochFeatures:
    """The features that were clustered at the end of an epoch.

    Attributes:
        epoch (int): completed epochs at that moment.
        kind (str): ``'z'``, the embedding, ``'f'``, the backbone's feature, or ``'t'``, the text's embedding.
        features (Tensor | RowShare): unit vectors, float32 (N, D), by stable index; or this rank's share of them.
        seen (Tensor | None): bool (N,), rows that hold a feature; all where None.
    """

    epoch: int
    kind: str
    features: Tensor | RowShare
    seen: Tensor | None = None

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
