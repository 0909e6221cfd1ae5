"""`Contrast`: what is held against what in one step. The one value that frameworks, detectors and heads pass on."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


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
    """

    anchor: Tensor
    positive: Tensor
    candidate: Tensor
    anchor_index: Tensor
    candidate_index: Tensor
    positive_similarity: Tensor
    negative_similarity: Tensor
    support: Tensor | None = None

    @classmethod
    def build(cls, anchor: Tensor, positive: Tensor, candidate: Tensor, anchor_index: Tensor, candidate_index: Tensor,
              absent: Tensor | None = None, support: Tensor | None = None) -> 'Contrast':
        """Compute both similarities once, outside autocast, in float32 or wider.

        Args:
            absent (Tensor, optional): bool (A, C), true where a candidate is none for this anchor.
            support (Tensor, optional): unit vectors of further views, (A, S, D).
        """
        with torch.autocast(anchor.device.type, enabled=False):
            wide = torch.promote_types(anchor.dtype, torch.float32)
            anchor, positive, candidate = (x.to(wide) for x in (anchor, positive, candidate))
            positive_similarity = (anchor * positive).sum(dim=1, keepdim=True)
            negative_similarity = anchor @ candidate.T
            if absent is not None:
                negative_similarity = negative_similarity.masked_fill(absent, -torch.inf)
        return cls(anchor, positive, candidate, anchor_index, candidate_index, positive_similarity, negative_similarity,
                   support)

    @cached_property
    def is_candidate(self) -> Tensor:
        """bool (A, C): where there is a candidate at all."""
        return self.negative_similarity.detach() > -torch.inf

    @cached_property
    def key_similarity(self) -> Tensor:
        """Cosine similarities of each anchor's positive to the candidates, (A, C), without gradient; soft labels use them."""
        with torch.no_grad(), torch.autocast(self.positive.device.type, enabled=False):
            return self.positive @ self.candidate.T
