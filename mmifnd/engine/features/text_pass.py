"""Embeddings of texts, in evaluation mode."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from mmifnd.datasets import CaptionTokens
from mmifnd.distributed import world_size

from ..progress import Report
from .feature_pass import evaluating
from .rank_rows import own_share, rows_of_all, stacked


@torch.no_grad()
def extract_texts(framework: nn.Module, captions: CaptionTokens, batch_size: int,
                  report: Report = lambda done: None) -> Tensor:
    """Unit vectors of all captions, float32 (M, D) on the host, the same on every rank; each rank encodes its share.

    Args:
        framework (nn.Module): with ``encode_text``, from token ids (B, L) to unit vectors (B, D).
        captions (CaptionTokens): M captions.
        batch_size (int): captions at a time on each rank.
        report (Report): called with the number of captions done.
    """
    device = next(framework.parameters()).device
    share = own_share(len(captions))

    def rows() -> Iterator[Tensor]:
        for done, chunk in enumerate(torch.tensor(share).split(batch_size), 1):
            yield framework.encode_text(captions.rows(chunk).to(device)).float()
            report(min(done * batch_size * world_size(), len(captions)))

    with evaluating(framework):
        return rows_of_all(stacked(rows(), len(share)), len(captions))
