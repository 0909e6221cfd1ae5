"""SimCLR (Chen et al., ICML 2020): all views in the batch are candidates."""

import torch
from torch import Tensor

from mmifnd.contrast import Contrast
from mmifnd.distributed import gather, gather_with_gradient, rank, world_size
from mmifnd.registry import MODELS

from ..embedding import unit_vectors
from .base import ContrastiveFramework, two_views


@MODELS.register_module()
class SimCLRAdapter(ContrastiveFramework):
    """SimCLR for any head and detector: 2M views of M images over all ranks, gathered with the true gradient.

    Anchors are the local 2B rows; candidates all 2M rows, less the anchor itself and its positive. Views beyond the
    second (``num_views`` of the preprocessor, or MultiView) support detectors that use them, and get no gradient.
    Arguments: see :class:`ContrastiveFramework`.
    """

    def loss(self, inputs: list[Tensor], index: Tensor) -> dict[str, Tensor]:
        """Losses of two views (B, 3, H, W), and any number for support, of images ``index`` (B,)."""
        maps = self.backbone(torch.cat(two_views(inputs)))
        embedding = self.neck(maps)[0]
        first = tuple(x[:len(index)] for x in maps)
        self.remember(index, first, embedding[:len(index)])
        return self.head.loss(self.contrast(embedding, index, self._support(inputs[2:])))

    def contrast(self, embedding: Tensor, index: Tensor, support: Tensor | None = None) -> Contrast:
        """The contrast of local rows ``[view 1 | view 2]``, (2B, D), with the rows of all ranks, (2M, D).

        Args:
            support (Tensor, optional): unit vectors of further views of the images, (B, S, D).
        """
        anchor = unit_vectors(embedding)
        positive = torch.cat(anchor.chunk(2)[::-1])
        anchor_index = torch.cat([index, index])
        candidate_index = gather(anchor_index)
        return Contrast.build(
            anchor, positive, gather_with_gradient(anchor), anchor_index, candidate_index,
            self._absent(anchor_index, candidate_index), None if support is None else support.repeat(2, 1, 1))

    @torch.no_grad()
    def _support(self, views: list[Tensor]) -> Tensor | None:
        """Unit vectors (B, S, D) of S further views; None without any."""
        if not views:
            return None
        embedding = unit_vectors(self.neck(self.backbone(torch.cat(views)))[0])
        return torch.stack(embedding.chunk(len(views)), dim=1)

    def _absent(self, anchor_index: Tensor, candidate_index: Tensor) -> Tensor:
        """The mask of absent candidates, bool (2B, 2M): anchor and positive by position, its image's rows as configured."""
        rows = torch.arange(len(anchor_index), device=anchor_index.device)
        positions = rows + rank() * len(rows)
        other = rows.roll(len(rows) // 2) + rank() * len(rows)
        columns = torch.arange(len(rows) * world_size(), device=rows.device)
        absent = (columns == positions.unsqueeze(1)) | (columns == other.unsqueeze(1))
        if self.same_image == 'exclude':
            absent = absent | (candidate_index == anchor_index.unsqueeze(1))
        return absent
