"""Embeddings of texts, in evaluation mode."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from mmifnd.datasets import CaptionTokens
from mmifnd.distributed import gather

from ..progress import Report
from .feature_pass import evaluating, own_share


@torch.no_grad()
def extract_texts(framework: nn.Module, captions: CaptionTokens, batch_size: int,
                  report: Report = lambda done: None) -> Tensor:
    """Unit vectors of all captions, float32 (M, D) on the host, the same on every rank; each rank encodes its share.

    Args:
        framework (nn.Module): with ``encode_text``, from token ids (B, L) to unit vectors (B, D).
        captions (CaptionTokens): M captions.
        batch_size (int): captions at a time on each rank.
        report (Callable): called with the number of captions done.
    """
    device = next(framework.parameters()).device
    encode: Callable[[Tensor], Tensor] = framework.encode_text
    features = None
    with evaluating(framework):
        for chunk in torch.tensor(own_share(len(captions))).split(batch_size):
            rows = encode(captions.rows(chunk).to(device)).float()
            index, rows = gather(chunk.to(device)).cpu(), gather(rows).cpu()
            if features is None:
                features = torch.empty(len(captions), rows.shape[1])
            features[index] = rows
            report(min(int(index.max()) + 1, len(captions)))
    assert features is not None
    return features
