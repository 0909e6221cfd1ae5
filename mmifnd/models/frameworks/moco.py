"""MoCo v2 (He et al., CVPR 2020; Chen et al., arXiv 2003.04297): a queue of a momentum encoder's keys."""

import copy
import logging

import torch
from mmengine.logging import print_log
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from mmifnd.checks import check_choice, check_inside
from mmifnd.contrast import Contrast
from mmifnd.distributed import gather, rank, world_size
from mmifnd.registry import MODELS

from ..embedding import embed, pool, unit_vectors
from .base import ContrastiveFramework, two_views
from .key_queue import KeyQueue
from .multi_crop import encode_crops
from .shuffle_bn import BatchShuffle

EMPTY = ('exclude', 'negative')


@MODELS.register_module()
class MoCoAdapter(ContrastiveFramework):
    """MoCo for any head and detector. The queue holds keys and image indices; labels are looked up when used.

    The momentum encoder follows each update of the parameters once, even if the gradients of several steps are accumulated.

    Args:
        queue_len (int): K, keys kept; at most an eighth of the data set is a good size on small data.
        momentum (float): weight m of the old parameters of the momentum encoder, ``m * old + (1 - m) * new``.
        empty (str): whether slots that no key has filled yet are ``'exclude'``-d, or count as a random ``'negative'``
            as in MoCo's code.
        seed (int): of the shuffle-BN order.
        multi_crop (bool): whether views beyond the second, of any size, are further queries of the image against the same
            keys, each an anchor of its own; otherwise they are not used.
        mixup (dict, optional): :class:`MomentumMixup`, to train on mixtures of query and key views, too.
        fresh_keys (bool): whether the other images' keys of this step, of all processes, are candidates besides the queue, as
            in SANE's key set (its Eq. 4).
        **kwargs: see :class:`ContrastiveFramework`.

    Raises:
        ValueError: if an option is unknown or a value out of range.
    """

    def __init__(self, backbone: dict, neck: dict, head: dict, queue_len: int = 65536, momentum: float = 0.999,
                 empty: str = 'exclude', seed: int = 0, multi_crop: bool = False, mixup: dict | None = None,
                 fresh_keys: bool = False, **kwargs) -> None:
        super().__init__(backbone, neck, head, **kwargs)
        check_inside('momentum', momentum, 0, 1, 'both', remedy='it weighs the old parameters, 0.999 is usual')
        check_choice('empty', empty, EMPTY)
        self.momentum, self.empty, self.seed, self.multi_crop = momentum, empty, seed, multi_crop
        self.fresh_keys, self.mixup = fresh_keys, None if mixup is None else MODELS.build(mixup)
        if self.mixup is not None:
            self._check_mixup()
            self.head.expect_virtual_queries()
        self.key_backbone = _frozen_copy(self.backbone)
        self.key_neck = _frozen_copy(self.neck)
        self.queue = KeyQueue(queue_len, self.neck.out_channels)
        self.register_buffer('step', torch.zeros((), dtype=torch.int64))
        self._average = get_ema_multi_avg_fn(momentum)
        self._pending: tuple[Tensor, Tensor] | None = None

    def _check_mixup(self) -> None:
        if self.mixup.share_of == 'image' and not self.head.weighs_anchors:
            raise ValueError(f"share_of='image' of MomentumMixup needs a head that weighs anchors, such as SANEHead or "
                             f"ElimContrastiveHead, and {type(self.head).__name__} does not; set share_of='step'")

    def init_weights(self) -> None:
        """Initialise the query encoder; the key encoder starts as its copy."""
        super().init_weights()
        self.key_backbone.load_state_dict(self.backbone.state_dict())
        self.key_neck.load_state_dict(self.neck.state_dict())

    def bind(self, num_samples: int, labels: Tensor | None = None) -> None:
        """Also warn of a queue that holds much of the data set: an anchor then meets its own image's older keys."""
        super().bind(num_samples, labels)
        if len(self.queue) > num_samples / 2:
            print_log(f'queue_len={len(self.queue)} is more than half of the {num_samples} images of the training set; '
                      f'at most {max(1, num_samples // 8)} is a good size', logger='current', level=logging.WARNING)
        if world_size() == 1 and any(isinstance(part, nn.modules.batchnorm._BatchNorm) for part in self.backbone.modules()):
            print_log('on one process there is nobody to shuffle batch statistics with; prefer large batches',
                      logger='current')

    def loss(self, inputs: list[Tensor], index: Tensor) -> dict[str, Tensor]:
        """Losses of a query view and a key view (B, 3, H, W), and further query views, of images ``index`` (B,)."""
        if self._pending is not None:
            raise RuntimeError('the last keys were not pushed to the queue: call finish_step() after each update; '
                               "train_cfg=dict(type='EpochLoop', ...) does")
        query_view, key_view = two_views(inputs)
        crops = [query_view, *(inputs[2:] if self.multi_crop else ())]
        query = encode_crops(self._encode_queries, crops)
        key_of_all = self._encode_keys(key_view, index)
        key = key_of_all[rank() * len(index):][:len(index)]
        keys = key_of_all, gather(index)
        losses = self.head.loss(self._contrast_of_crops(query, key, index, keys))
        if self.training:
            self._pending = keys
            if self.mixup is not None:
                losses = self.mixup.join(losses, self._virtual_loss(inputs, gather(key_view), *keys))
        return losses

    def contrast(self, query: Tensor, key: Tensor, index: Tensor) -> Contrast:
        """The contrast of local queries (B, D), each with its own key, with the queue (K, D)."""
        return Contrast.build(query, key, self.queue.features, index, self.queue.index, self._absent(index))

    def _contrast_of_crops(self, query: Tensor, key: Tensor, index: Tensor, keys: tuple[Tensor, Tensor]) -> Contrast:
        """The contrast of V crops of each image (V * B, D), with the queue and, if they count, the step's keys of all ranks."""
        crops = len(query) // len(key)
        key, index = key.repeat(crops, 1), index.repeat(crops)
        if not self.fresh_keys:
            return self.contrast(query, key, index)
        positions = (torch.arange(len(index) // crops, device=index.device) + rank() * len(index) // crops).repeat(crops)
        return self._contrast_with_keys(query, positions, keys[0], keys[1], self._absent(index))

    def _contrast_with_keys(self, query: Tensor, positive: Tensor, key: Tensor, index: Tensor, queued: Tensor | None,
                            only: Tensor | None = None) -> Contrast:
        """Anchors (A, D) against the queue and the keys (N, D), of which those at ``positive`` (A,) are their positives.

        ``queued`` is true for slots that are no candidates; of the keys only those at ``only`` (A,), or all, are.
        """
        image, columns = index[positive], torch.arange(len(key), device=index.device)
        fresh = columns == positive.unsqueeze(1)
        if only is not None:
            fresh = fresh | (columns != only.unsqueeze(1))
        if self.same_image == 'exclude':
            fresh = fresh | (index == image.unsqueeze(1))
        if queued is None:
            queued = fresh.new_zeros(len(query), len(self.queue))
        return Contrast.build(query, key[positive], torch.cat([self.queue.features, key]), image,
                              torch.cat([self.queue.index, index]), torch.cat([queued, fresh], dim=1))

    def finish_step(self) -> None:
        """Push the step's keys of all ranks; after the backward pass, so that the queue need not be copied."""
        super().finish_step()
        if self._pending is not None:
            self.queue.push(*self._pending)
            self._pending = None

    def cluster_feature(self, images: Tensor, kind: str = 'z') -> Tensor:
        """Unit vectors of the momentum encoder, (B, D)."""
        return embed(self.key_backbone, self.key_neck, images, kind)

    @property
    def cluster_neck(self) -> nn.Module:
        """The momentum encoder's neck."""
        return self.key_neck

    def _encode_queries(self, images: Tensor) -> Tensor:
        return unit_vectors(self.neck(self.backbone(images))[0])

    @torch.no_grad()
    def _encode_keys(self, images: Tensor, index: Tensor) -> Tensor:
        """Keys (W * B, D) of all ranks, by the moved momentum encoder under shuffled batch statistics.

        Args:
            images (Tensor): key views of this rank, (B, 3, H, W).
            index (Tensor): whose they are, (B,).
        """
        if self.training:
            self.step += 1
            if self.has_updated:  # once per update, where several steps share one
                self._move_key_encoder()
        shuffle = BatchShuffle(len(index), self.step, self.seed)
        maps = self.key_backbone(shuffle.shuffle(images))
        embedding = shuffle.restore_all(self.key_neck(maps)[0])
        if self.feature_bank is not None:
            pooled = (shuffle.restore(pool(maps)),) if self._bank_feature == 'f' else ()
            self.remember(index, pooled, shuffle.own(embedding))
        return unit_vectors(embedding)

    def _move_key_encoder(self) -> None:
        for target, source in ((self.key_backbone, self.backbone), (self.key_neck, self.neck)):
            self._average(list(target.parameters()), list(source.parameters()), None)

    def _virtual_loss(self, inputs: list[Tensor], key_views: Tensor, key: Tensor, index: Tensor) -> Tensor:
        """Loss of this rank's mixtures; ``key_views``, ``key`` and ``index`` are those of all ranks."""
        positions = torch.arange(len(inputs[0]), device=index.device) + rank() * len(inputs[0])
        partner = self.mixup.partners(self.step, index)[positions]
        share = self.mixup.share(self.step, index[positions])
        losses = []
        for views, mates in self.mixup.pairs(inputs, key_views):
            query = self._encode_queries(self.mixup.mix(views, mates[partner], share))
            contrasts = (self._virtual_contrast(query, positions, partner, key, index),
                         self._virtual_contrast(query, partner, positions, key, index))
            losses.append(self.mixup.loss(self.head, contrasts, share))
        return torch.stack(losses).mean()

    def _virtual_contrast(self, query: Tensor, positive: Tensor, other: Tensor, key: Tensor, index: Tensor) -> Contrast:
        """Mixtures of the images at ``positive`` and ``other`` (B,): one's key is the positive, the other's a candidate.

        All fresh keys are candidates if they are those of real queries, else only the other's.
        """
        queued = self._absent(index[positive])
        if queued is not None:
            queued = queued | self._absent(index[other])
        return self._contrast_with_keys(query, positive, key, index, queued, None if self.fresh_keys else other)

    def _absent(self, index: Tensor) -> Tensor | None:
        """The slots that are no candidate, bool (B, K); None if all are."""
        absent = None
        if self.same_image == 'exclude':
            absent = self.queue.index == index.unsqueeze(1)
        if self.empty == 'exclude':
            vacant = (self.queue.index < 0).unsqueeze(0)
            absent = vacant.expand(len(index), -1) if absent is None else absent | vacant
        return absent


def _frozen_copy(module: nn.Module) -> nn.Module:
    return copy.deepcopy(module).requires_grad_(False)
