"""The views that a config's training would see."""

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import Tensor, nn

from mmifnd.datasets import IndexedDataset
from mmifnd.datasets.image_data import collate_of
from mmifnd.evaluation import even_anchors
from mmifnd.models.preprocessors import CutViewsPreprocessor, TensorViewsPreprocessor
from mmifnd.parts import DrawsBySeed
from mmifnd.registry import MODELS

_MAX_BYTE = 255


def augmented_views(config: Config, count: int = 6, epoch: int = 0) -> list[list[np.ndarray]]:
    """Rows of pictures: an image as the test sees it, and its views in ``epoch`` (0-based), as training draws them.

    The draws are those of the config's seed: a run of it sees these very views.

    Args:
        config: of a pre-training.
        count: images, evenly spread over the training set.
        epoch: whose views.

    Returns:
        list[list[ndarray]]: uint8 (C, H, W), RGB or grey; one row an image.
    """
    seed = (config.get('randomness') or {}).get('seed') or 0
    with DefaultScope.overwrite_default_scope('mmifnd'):
        dataset = IndexedDataset(config.train_dataloader.dataset.to_dict(), seed)
        preprocessor = MODELS.build(config.model.get('data_preprocessor') or dict(type='ImageViewsPreprocessor'))
        plain = dataset.evaluation_view(config.test_dataloader.dataset.get('pipeline'))
    if isinstance(preprocessor, DrawsBySeed):
        preprocessor.seed_draws(seed)
    dataset.set_epoch(epoch)
    chosen = even_anchors(len(plain), count)
    positions = [int(np.flatnonzero(dataset.index == image)[0]) for image in chosen]
    columns = [_prepared(preprocessor, plain, chosen.tolist(), training=False)[0],
               *_prepared(preprocessor, dataset, positions, training=True)]
    return [list(row) for row in zip(*(_pictures(preprocessor, column) for column in columns))]


def _prepared(preprocessor: nn.Module, dataset: IndexedDataset, positions: list[int], training: bool) -> list[Tensor]:
    samples = dataset.__getitems__(positions)
    with torch.no_grad():
        views: list[Tensor] = preprocessor(collate_of(dataset)(samples), training=training)['inputs']
        return views


def _pictures(preprocessor: nn.Module, images: Tensor) -> np.ndarray:
    """uint8 (B, C, H, W) of normalised images."""
    mean, std = getattr(preprocessor, 'mean', None), getattr(preprocessor, 'std', None)
    images = images if mean is None or std is None else images * std + mean
    unit = _MAX_BYTE if isinstance(preprocessor, (CutViewsPreprocessor, TensorViewsPreprocessor)) else 1
    return (images * unit).round().clamp(0, _MAX_BYTE).byte().cpu().numpy()
