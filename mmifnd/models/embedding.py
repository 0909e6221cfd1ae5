"""The way from images to rows: pooled features, embeddings, unit vectors."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FEATURES = ('z', 'f')
PAIR_FEATURES = (*FEATURES, 't')


def pool(maps: Tensor | tuple[Tensor, ...]) -> Tensor:
    """The global average of the last map, (B, C); a vector (B, C) is returned as it is."""
    last = maps[-1] if isinstance(maps, (tuple, list)) else maps
    if last.dim() not in (2, 4):
        raise ValueError(f'the backbone gives features of shape {tuple(last.shape)}; expected maps (B, C, H, W) or vectors '
                         "(B, C): a ViT needs out_type='avg_featmap' or 'cls_token', not 'raw'")
    return last.mean(dim=(2, 3)) if last.dim() == 4 else last


def embed(backbone: nn.Module, neck: nn.Module, images: Tensor, kind: str) -> Tensor:
    """Unit vectors (B, D) of ``images`` in float32: ``'z'`` from the neck, ``'f'`` from the backbone.

    Raises:
        ValueError: if ``kind`` is unknown.
    """
    check_feature(kind)
    maps = backbone(images)
    rows = neck(maps)[0] if kind == 'z' else pool(maps)
    return F.normalize(rows.float(), dim=1)


def unit_vectors(embedding: Tensor) -> Tensor:
    """Rows of length 1, in float32 or wider whatever the autocast type."""
    with torch.autocast(embedding.device.type, enabled=False):
        return F.normalize(embedding.to(torch.promote_types(embedding.dtype, torch.float32)), dim=1)


def check_feature(kind: str, features: tuple[str, ...] = FEATURES) -> None:
    """Refuse a feature to cluster that is not among ``features``; only image-text pairs have ``'t'``."""
    if kind not in features:
        texts = ", or 't' (the text's embedding)" if 't' in features else ''
        raise ValueError(f"cluster_feature={kind!r} is unknown; choose 'z' (the embedding) or 'f' (the backbone's feature)"
                         + texts)
