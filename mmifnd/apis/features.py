"""Features of any images by any encoder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from mmengine.runner.checkpoint import load_state_dict
from torch import Tensor, nn

from mmifnd.configuration.config import load_config
from mmifnd.configuration.errors import UserError
from mmifnd.configuration.run_config import config_beside
from mmifnd.datasets import MAX_BROKEN, IndexedDataset
from mmifnd.datasets.image_data import Images, collate_of, image_dataset
from mmifnd.datasets.said import say_once
from mmifnd.datasets.tokenizers import tokenizer_in
from mmifnd.engine.checkpoints.checkpoint_format import check_fits, load_plain
from mmifnd.engine.features.feature_pass import extract_features as run_pass
from mmifnd.engine.features.image_batches import ImageBatches
from mmifnd.engine.features.text_pass import extract_texts
from mmifnd.engine.progress import Report, reported
from mmifnd.models.embedding import PAIR_FEATURES, check_feature, pool
from mmifnd.models.preprocessors import TensorViewsPreprocessor
from mmifnd.registry import MODELS, default_scope

from .backbones import load_backbone

#: What a backbone without a config of its own is shown: ImageNet's centre crop, RGB, its mean and deviation.
CENTRE_CROP = [
    dict(type='LoadImageFromFile'), dict(type='ResizeEdge', scale=256, edge='short', backend='pillow'),
    dict(type='CenterCrop', crop_size=224), dict(type='PackInputs')]
MEAN, STD = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]


@dataclass(frozen=True)
class Features:
    """Features of N images.

    Attributes:
        features (Tensor): float32 (N, D), on the host.
        labels (Tensor | None): int64 (N,), where the images have labels.
        names (list[str] | None): paths below the folder, where they have paths.
        index (Tensor | None): int64 (N,), the positions in the data of the images that could be read; None if that is all.
    """

    features: Tensor
    labels: Tensor | None
    names: list[str] | None
    index: Tensor | None = None


def extract_features(model: str | Path | nn.Module, data: Images, labels: Sequence[int] | None = None,
                     config: str | Path | None = None, feature: str = 'f', batch_size: int = 128,
                     num_workers: int = 0, max_broken: int = MAX_BROKEN) -> Features:
    """One pass over ``data`` in evaluation mode, on the GPU if there is one.

    Args:
        model: a checkpoint of ours; a framework (:func:`build_framework`); or any module that maps normalised images
            (B, 3, H, W) to maps or vectors. It is put into evaluation mode meanwhile.
        data: a folder of images, uint8 (N, C, H, W), or the config of a data set; see :func:`image_dataset`.
        labels: of an array, (N,).
        config: of the training, for architecture, normalisation and test transform; the one beside the checkpoint unless
            given. Without any (an imported checkpoint, a module), images get ImageNet's centre crop and normalisation.
        feature: ``'f'``, the backbone's pooled feature; ``'z'``, the embedding that is clustered, of unit length; or ``'t'``,
            of image-text pairs, that of each image's first caption.
        batch_size: images at a time.
        num_workers: processes that read images.
        max_broken: images that may turn out to be unreadable; they are named, and have no row in what is returned.

    Raises:
        UserError: if data or checkpoint cannot be used, or do not fit each other.

    Example:
        >>> from mmifnd.apis import shipped_config
        >>> framework = build_framework(shipped_config('baselines/simclr_digits.py'))
        >>> found = extract_features(framework, dict(type='Digits', split='test'))
        >>> tuple(found.features.shape), tuple(found.labels.shape)
        ((500, 64), (500,))
    """
    check_feature(feature, PAIR_FEATURES)
    encoder, pipeline = _encoder(model, config)
    dataset = image_dataset(data, labels, pipeline, max_broken)
    if not (hasattr(encoder, 'data_preprocessor') and hasattr(encoder, 'extract_feat')):
        with default_scope():
            encoder = _Encoder(encoder, dataset)
    _check_kind(encoder, dataset)
    encoder.to('cuda' if torch.cuda.is_available() else 'cpu')
    with reported('features', len(dataset)) as report:
        rows = _texts(encoder, dataset, config or _config_of(model), batch_size, report) if feature == 't' else run_pass(
            encoder, ImageBatches(dataset, batch_size, num_workers, collate_of(dataset)), _encode(encoder, feature), report)
    known = dataset.labels()
    return _without_broken(Features(rows, None if known is None else torch.as_tensor(known), dataset.names()), dataset)


def _without_broken(features: Features, dataset: IndexedDataset) -> Features:
    """Rows of the images that could be read."""
    read = ~dataset.broken()
    if read.all():
        return features
    index = read.nonzero().squeeze(1)
    lost = [dataset.describe(position) for position in (~read).nonzero().squeeze(1).tolist()]
    say_once(f'{len(lost)} of {len(read)} images have no features, since they cannot be read: {", ".join(lost)}')
    names = None if features.names is None else [features.names[position] for position in index.tolist()]
    return Features(features.features[index], None if features.labels is None else features.labels[index], names, index)


def build_framework(config: str | Path, checkpoint: str | Path | None = None) -> nn.Module:
    """The model of a config, such as a framework, with the weights of ``checkpoint``, or random ones without.

    Raises:
        UserError, ValueError: if the config cannot be used, or the checkpoint does not fit it.
    """
    with DefaultScope.overwrite_default_scope('mmifnd'):
        framework: nn.Module = MODELS.build(load_config(config).model)
    if checkpoint is None:
        return framework
    state = load_plain(str(checkpoint), map_location='cpu')
    check_fits(framework, state, str(checkpoint))
    load_state_dict(framework, state['state_dict'], strict=False)
    return framework


def _encoder(model: str | Path | nn.Module, config: str | Path | None) -> tuple[nn.Module, list[dict] | None]:
    """A framework, or a backbone; and the test transform of images in files."""
    if not isinstance(model, nn.Module):
        config = config or config_beside(model)
        model = load_backbone(model) if config is None else build_framework(config, model)
    loader = load_config(config).get('test_dataloader') if config else None
    pipeline = cast(list[dict] | None, CENTRE_CROP if loader is None else loader.dataset.get('pipeline'))
    return model, pipeline


def _check_kind(encoder: nn.Module, dataset: IndexedDataset) -> None:
    """Refuse files for a preprocessor of tensors, and the other way round."""
    takes_tensors = isinstance(encoder.data_preprocessor, TensorViewsPreprocessor)
    if takes_tensors != dataset.in_tensors:
        wanted, got = ('an array, or a data set in memory', 'files') if takes_tensors else ('a folder', 'images in memory')
        raise UserError(f'the encoder was trained on {wanted} and is given {got}; give {wanted}')


def _texts(encoder: nn.Module, dataset: IndexedDataset, config: str | Path | None, batch_size: int,
           report: Report) -> Tensor:
    """Embeddings of the first caption of each image.

    Raises:
        UserError: if the encoder has no text tower, or the data have no captions.
    """
    if not hasattr(encoder, 'encode_text'):
        raise UserError("feature='t' needs a text tower, which CLIPAdapter has; use 'f' or 'z'")
    tokenizer = dataset.tokenizer() or (None if config is None else tokenizer_in(load_config(config).train_dataloader.dataset))
    try:
        captions = dataset.caption_tokens(tokenizer, most=1)
    except ValueError as error:
        raise UserError(str(error)) from None
    return extract_texts(encoder, captions, batch_size, report)


def _config_of(model: str | Path | nn.Module) -> str | Path | None:
    """The config beside a checkpoint."""
    return None if isinstance(model, nn.Module) else config_beside(model)


def _encode(encoder: nn.Module, feature: str) -> Callable[[Tensor], Tensor]:
    if feature == 'f':
        return cast(Callable[[Tensor], Tensor], encoder.extract_feat)
    if not hasattr(encoder, 'cluster_feature'):
        raise UserError("feature='z' needs a projection head, and a backbone alone has none; use 'f', or give config=CONFIG")
    embed = cast(Callable[[Tensor, str], Tensor], encoder.cluster_feature)
    return lambda images: embed(images, 'z')


class _Encoder(BaseModel):  # type: ignore[misc]  # it moves its preprocessor to the device, too
    """A backbone that is handed batches of a data set."""

    def __init__(self, backbone: nn.Module, dataset: IndexedDataset) -> None:
        super().__init__(MODELS.build(_usual_preprocessor(dataset)))
        self.backbone = backbone
        self.train(backbone.training)  # what the pass restores

    def forward(self, inputs: Tensor) -> Tensor:
        """Pooled features (B, C)."""
        return self.extract_feat(inputs)

    def extract_feat(self, images: Tensor) -> Tensor:
        """Pooled features (B, C)."""
        return pool(self.backbone(images))


def _usual_preprocessor(dataset: IndexedDataset) -> dict:
    """ImageNet's normalisation of RGB images."""
    if not dataset.in_tensors:
        return dict(type='ImageViewsPreprocessor', mean=MEAN, std=STD, to_rgb=True)
    channels = dataset[0]['inputs'].shape[0]
    if channels != len(MEAN):
        raise UserError(f'images of {channels} channel have no usual normalisation; give config=CONFIG of the training')
    mean, std = ([value / 255 for value in values] for values in (MEAN, STD))
    return dict(type='TensorViewsPreprocessor', augmentation=[], mean=mean, std=std)
