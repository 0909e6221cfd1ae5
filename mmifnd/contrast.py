"""`Contrast`: what is held against what in one step. The one value that frameworks, detectors and heads pass on."""

from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

SOURCES = ('cross', 'image', 'text')


@dataclass(frozen=True)
class Contrast:
    """A anchors, each with one positive, against C candidates; D is the dimension of the embedding.

    Attributes:
        anchor (Tensor): unit vectors, (A, D).
        positive (Tensor): unit vectors, another view of each anchor's image, (A, D).
        candidate (Tensor): unit vectors, (C, D).
        anchor_index (Tensor): int64, stable global index of each anchor's image, (A,).
        candidate_index (Tensor): int64, the same for the candidates, (C,); -1 is an empty slot.
        positive_similarity (Tensor): cosine similarities, float32 or wider, (A, 1).
        negative_similarity (Tensor): cosine similarities, (A, C). -inf means "no candidate" (the anchor itself, its
            positive, an empty slot, the same image); only the framework writes it, and everyone treats it as absent.
        support (Tensor | None): unit vectors of S further views of each anchor's image, (A, S, D), without gradient;
            some detectors judge by them, too.
        candidate_positive (Tensor | None): unit vectors of what each candidate is paired with, (C, D), without gradient: of
            image-text pairs the candidates' other halves.
        anchor_kind (str): ``'image'`` or ``'text'``, what the anchors are, if the candidates are the other; else empty.
    """

    anchor: Tensor
    positive: Tensor
    candidate: Tensor
    anchor_index: Tensor
    candidate_index: Tensor
    positive_similarity: Tensor
    negative_similarity: Tensor
    support: Tensor | None = None
    candidate_positive: Tensor | None = None
    anchor_kind: str = ''

    @classmethod
    def build(cls, anchor: Tensor, positive: Tensor, candidate: Tensor, anchor_index: Tensor, candidate_index: Tensor,
              absent: Tensor | None = None, support: Tensor | None = None,
              candidate_positive: Tensor | None = None, anchor_kind: str = '') -> 'Contrast':
        """Compute both similarities once, outside autocast, in float32 or wider.

        Args:
            absent (Tensor, optional): bool (A, C), true where a candidate is none for this anchor.
            support (Tensor, optional): unit vectors of further views, (A, S, D).
            candidate_positive (Tensor, optional): unit vectors of the candidates' other halves, (C, D).
            anchor_kind (str): ``'image'`` or ``'text'`` of image-text pairs.
        """
        with torch.autocast(anchor.device.type, enabled=False):
            wide = torch.promote_types(anchor.dtype, torch.float32)
            anchor, positive, candidate = (x.to(wide) for x in (anchor, positive, candidate))
            positive_similarity = (anchor * positive).sum(dim=1, keepdim=True)
            negative_similarity = anchor @ candidate.T
            if absent is not None:
                negative_similarity = negative_similarity.masked_fill(absent, -torch.inf)
        return cls(anchor, positive, candidate, anchor_index, candidate_index, positive_similarity, negative_similarity,
                   support, candidate_positive, anchor_kind)

    @classmethod
    def in_batch(cls, z1: Tensor, z2: Tensor, index: Tensor) -> 'Contrast':
        """The contrast of one view of a batch with the other view, for a training loop of your own in plain PyTorch.

        Row i of ``z1`` is an anchor, row i of ``z2`` its positive, and the other rows of ``z2`` are its candidates. Rows that
        show the anchor's own image are no candidates.

        Args:
            z1 (Tensor): embeddings of one view, (B, D); they need not have unit length.
            z2 (Tensor): embeddings of another view of the same images, (B, D).
            index (Tensor): int64, stable index of each image in the data set, (B,).

        Raises:
            ValueError: if the shapes do not fit together.

        Example:
            >>> from mmifnd.detectors import BatchQuantileDetector
            >>> from mmifnd.functional import elimination_loss
            >>> z1, z2 = torch.eye(3), torch.eye(3)
            >>> contrast = Contrast.in_batch(z1, z2, torch.arange(3))
            >>> mask = BatchQuantileDetector(alpha=0.5).detect(contrast)
            >>> loss = elimination_loss(contrast.positive_similarity, contrast.negative_similarity, mask, temperature=0.2)
            >>> round(loss.item(), 4)
            0.0134
        """
        if z1.dim() != 2 or z1.shape != z2.shape or index.shape != z1.shape[:1]:
            raise ValueError(f'z1 {tuple(z1.shape)}, z2 {tuple(z2.shape)} and index {tuple(index.shape)} do not fit together; '
                             'give two views (B, D) of the same B images, and their indices (B,)')
        with torch.autocast(z1.device.type, enabled=False):
            wide = torch.promote_types(z1.dtype, torch.float32)
            anchor, positive = (F.normalize(rows.to(wide), dim=1) for rows in (z1, z2))
        absent = (index == index.unsqueeze(1)) | torch.eye(len(index), dtype=torch.bool, device=index.device)
        return cls.build(anchor, positive, positive, index, index, absent)

    @cached_property
    def is_candidate(self) -> Tensor:
        """The mask of the pairs that have a candidate at all, bool (A, C)."""
        return self.negative_similarity.detach() > -torch.inf

    @cached_property
    def key_similarity(self) -> Tensor:
        """Cosine similarities of each anchor's positive to the candidates, (A, C), without gradient; soft labels use them."""
        with torch.no_grad(), torch.autocast(self.positive.device.type, enabled=False):
            return self.positive @ self.candidate.T

    def similarity_by(self, source: str) -> Tensor:
        """Cosine similarities of each anchor to the candidates, (A, C), without gradient; -inf where there is no candidate.

        Args:
            source (str): ``'cross'``, as the loss has them; of image-text pairs also those of the pairs' ``'image'`` halves, or
                of their ``'text'`` halves.

        Raises:
            ValueError: if the source is unknown, or the contrast is not of image-text pairs.
        """
        check_source(source)
        if source == 'cross':
            return self.negative_similarity.detach()
        if not self.anchor_kind or self.candidate_positive is None:
            raise ValueError(f"source={source!r} compares images, or texts, of image-text pairs, and these are images only; "
                             "use source='cross', or CLIPAdapter")
        with torch.no_grad(), torch.autocast(self.anchor.device.type, enabled=False):
            same = self.anchor @ self.candidate_positive.to(self.anchor.dtype).T if source == self.anchor_kind \
                else self.key_similarity
            return same.masked_fill(~self.is_candidate, -torch.inf)


def check_source(source: str) -> None:
    """Refuse an unknown source of similarities."""
    if source not in SOURCES:
        raise ValueError(f'source={source!r} is unknown; choose one of {", ".join(SOURCES)}')
