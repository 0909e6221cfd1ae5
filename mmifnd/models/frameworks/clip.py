"""Image-text pairs (CLIP: Radford et al., ICML 2021): two towers, contrasted in two directions."""

import torch
from torch import Tensor, nn

from mmifnd.contrast import Contrast
from mmifnd.distributed import gather, gather_with_gradient, rank, world_size
from mmifnd.registry import MODELS

from ..embedding import PAIR_FEATURES, unit_vectors
from ..towers import towers_of_one_model
from .base import ContrastiveFramework

_SHARED = ('temperature', 'learned_temperature', 'bias', 'learned_bias')


@MODELS.register_module()
class CLIPAdapter(ContrastiveFramework):
    """CLIP, and whatever else contrasts images with texts, for any head and detector.

    Image anchors are compared with the texts of all ranks, text anchors with the images of all ranks; both are gathered with
    the true gradient. Each direction has a head, and so a detector, thresholds and averages, of its own. What a head *learns*
    besides (a temperature, a bias) is one value for both.

    The loss is the sum of both directions', each with the head's ``direction_weight``: their mean for InfoNCE and the sigmoid
    loss, their sum for the global losses, as published. What is logged of a direction is called ``image/NAME`` or
    ``text/NAME`` after its anchors.

    Args:
        backbone (dict): of the images; see :class:`ContrastiveFramework`.
        neck (dict): from the image backbone to the embedding; it takes and returns tuples, and has ``in_channels`` and
            ``out_channels``.
        text_backbone (dict): from token ids (B, L) to a tuple whose last item is the texts' features (B, C).
        text_neck (dict): from the text backbone to an embedding of the same dimension.
        head (dict): the head of image anchors, and of text anchors but for ``text_head``.
        text_head (dict, optional): what is different in the head of text anchors, such as
            ``dict(detector=dict(alpha=0.002))``; a dict with ``_delete_=True`` replaces instead of changing.
        data_preprocessor (dict, optional): gives ``inputs``, a list with one view (B, 3, H, W), ``text`` int64 (B, L) and
            ``index`` int64 (B,); default: :class:`ImageTextPreprocessor`.
        same_image (str): whether other pairs of the anchor's own index are ``'exclude'``-d or count as ``'negative'``.
        init_cfg (dict, optional): initialisation, as in mmengine.

    Raises:
        ValueError: if the embeddings differ in dimension, or ``text_head`` changes what both directions share.
    """

    features = PAIR_FEATURES

    def __init__(self, backbone: dict, neck: dict, text_backbone: dict, text_neck: dict, head: dict,
                 text_head: dict | None = None, data_preprocessor: dict | None = None, same_image: str = 'exclude',
                 init_cfg: dict | None = None) -> None:
        data_preprocessor = data_preprocessor or dict(type='ImageTextPreprocessor')
        with towers_of_one_model():
            super().__init__(backbone, neck, head, data_preprocessor, same_image, init_cfg)
            self.text_backbone, self.text_neck = MODELS.build(text_backbone), MODELS.build(text_neck)
        if self.text_neck.out_channels != self.neck.out_channels:
            raise ValueError(f'text_neck.out_channels={self.text_neck.out_channels} differs from neck.out_channels='
                             f'{self.neck.out_channels}; images and texts share one embedding')
        self.text_head = MODELS.build(_merged(head, text_head or {}))
        changed = [name for name in _SHARED if name in (text_head or {})]
        if changed and self.head.learns:
            raise ValueError(f'text_head.{changed[0]} of CLIPAdapter: what is learned is one value for both directions; set it '
                             'in head')
        self.text_head.share(self.head)

    @property
    def heads(self) -> dict[str, nn.Module]:
        """The heads of image anchors and of text anchors."""
        return dict(image=self.head, text=self.text_head)

    def forward(self, inputs: Tensor | list[Tensor], index: Tensor | None = None, text: Tensor | None = None,
                mode: str = 'tensor'):
        """Run mmengine's entry: ``'loss'`` gives a dict of losses, ``'tensor'`` the image backbone's features (B, C)."""
        if mode == 'loss':
            return self.loss(inputs, index, text)
        return super().forward(inputs, index, mode)

    def loss(self, inputs: list[Tensor], index: Tensor, text: Tensor) -> dict[str, Tensor]:
        """Losses of images (B, 3, H, W), the first of ``inputs``, and their texts int64 (B, L), of pairs ``index`` (B,)."""
        if len(index) * world_size() < 2:
            raise ValueError('a batch of 1 pair on 1 process has no negatives; raise train_dataloader.batch_size')
        maps = self.backbone(inputs[0])
        image, words = self.neck(maps)[0], self.text_neck(self.text_backbone(text))[0]
        self.remember(index, maps, words if self._bank_feature == 't' else image)
        contrasts = self.contrasts(unit_vectors(image), unit_vectors(words), index)
        losses = {name: head.loss(contrasts[name]) for name, head in self.heads.items()}
        total = sum(head.direction_weight * losses[name].pop('loss') for name, head in self.heads.items())
        logged = {f'{name}/{key}': value for name, of_head in losses.items() for key, value in of_head.items()}
        return dict(loss=total, **logged)

    def bind_texts(self, text_format: tuple[int, int] | None) -> None:
        """Refuse texts that do not fit the text tower, before the first step."""
        if text_format is None:
            raise ValueError('CLIPAdapter trains on image-text pairs, and the data set gives no texts; use one of pairs, '
                             "with dict(type='Tokenize', ...) in its pipeline")
        vocabulary, length = text_format
        for name, tokens in (('vocab_size', vocabulary), ('context_length', length)):
            limit = getattr(self.text_backbone, name, None)
            if limit is not None and tokens > limit:
                raise ValueError(f'the tokenizer has {name}={tokens}, more than model.text_backbone.{name}={limit}; give '
                                 'both the same')

    def contrasts(self, image: Tensor, text: Tensor, index: Tensor) -> dict[str, Contrast]:
        """Both directions of the local unit vectors (B, D) of images and texts with those of all ranks."""
        everywhere = gather(index)
        absent = self._absent(index, everywhere)
        images, texts = gather_with_gradient(image), gather_with_gradient(text)
        return dict(
            image=Contrast.build(image, text, texts, index, everywhere, absent, candidate_positive=images.detach(),
                                 anchor_kind='image'),
            text=Contrast.build(text, image, images, index, everywhere, absent, candidate_positive=texts.detach(),
                                anchor_kind='text'))

    def cluster_feature(self, images: Tensor, kind: str = 'z') -> Tensor:
        """Unit vectors to cluster, (B, D): ``'z'`` or ``'f'`` of images; ``'t'`` of token ids (B, L), the text's embedding."""
        return self.encode_text(images) if kind == 't' else super().cluster_feature(images, kind)

    def encode_image(self, images: Tensor) -> Tensor:
        """Unit vectors (B, D) of images (B, 3, H, W), in float32 or wider."""
        return unit_vectors(self.neck(self.backbone(images))[0])

    def encode_text(self, text: Tensor) -> Tensor:
        """Unit vectors (B, D) of token ids (B, L), in float32 or wider."""
        return unit_vectors(self.text_neck(self.text_backbone(text))[0])

    def _absent(self, index: Tensor, everywhere: Tensor) -> Tensor:
        """The mask of absent candidates, bool (B, W * B): the own pair by position, others of its index as configured."""
        positions = torch.arange(len(index), device=index.device) + rank() * len(index)
        absent = torch.arange(len(everywhere), device=index.device) == positions.unsqueeze(1)
        return absent | (everywhere == index.unsqueeze(1)) if self.same_image == 'exclude' else absent

    def _feature_dim(self, kind: str) -> int:
        return self.text_neck.out_channels if kind == 't' else super()._feature_dim(kind)


def _merged(config: dict, changes: dict) -> dict:
    """``config`` with nested ``changes``; a dict of changes with ``_delete_`` replaces."""
    changes = dict(changes)
    if changes.pop('_delete_', False):
        return changes
    merged = dict(config)
    for key, value in changes.items():
        merged[key] = _merged(merged.get(key) or {}, value) if isinstance(value, dict) else value
    return merged
