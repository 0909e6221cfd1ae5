"""SwAV (Caron et al., NeurIPS 2020): crops predict each other's assignment to prototypes."""

import torch
from torch import Tensor

from mmifnd.distributed import gather_together, rank, world_size
from mmifnd.registry import MODELS

from ..assignment import AssignmentContrast, RowsOfCrops
from ..embedding import pool, unit_vectors
from ..heads.swav import SwAVHead
from .base import ContrastiveFramework, two_views
from .key_queue import KeyQueue
from .multi_crop import encode_crops


@MODELS.register_module()
class SwAVAdapter(ContrastiveFramework):
    """SwAV for any detector: ``inputs`` are crops of any sizes; neighbours of one size share a forward pass.

    The queue holds embeddings and image indices; labels are looked up when used. It is filled from ``queue_start_epoch``
    on, and used once it is full. Every process holds the whole queue, so that a checkpoint is complete and is resumed on
    any number of processes; each computes the codes of its batch and of its share of the queue.

    Args:
        head (dict): a :class:`SwAVHead`; its ``in_channels`` are the neck's ``out_channels``.
        crops_for_assign (Sequence[int]): crops that codes are computed of; all others only predict.
        queue_len (int): images kept, over all processes; 0 for none, else at least a batch.
        queue_start_epoch (int): first epoch (0-based) whose embeddings are kept.
        **kwargs: see :class:`ContrastiveFramework`. ``same_image='exclude'`` keeps detectors from judging further rows of an
            image; an accepted label joins those, too: one image, one label.

    Raises:
        ValueError: if a value is out of range, or the head is another one.
    """

    def __init__(self, backbone: dict, neck: dict, head: dict, crops_for_assign: tuple[int, ...] = (0, 1),
                 queue_len: int = 0, queue_start_epoch: int = 0, **kwargs) -> None:
        head_class = MODELS.get(head['type'])
        if head_class is None or not issubclass(head_class, SwAVHead):
            raise ValueError(f'head {head["type"]} has no prototypes; SwAVAdapter needs SwAVHead, which takes any detector')
        super().__init__(backbone, neck, {'in_channels': neck.get('out_channels'), **head}, **kwargs)
        if not crops_for_assign or len(set(crops_for_assign)) < len(crops_for_assign) or min(crops_for_assign) < 0:
            raise ValueError(f'crops_for_assign={tuple(crops_for_assign)} must be different numbers from 0; (0, 1) is usual')
        if queue_len < 0 or queue_start_epoch < 0:
            raise ValueError(f'queue_len={queue_len} and queue_start_epoch={queue_start_epoch} must not be negative')
        self.crops_for_assign, self.queue_start_epoch = tuple(crops_for_assign), queue_start_epoch
        # A row holds the embeddings of all assigned crops of an image, one after the other.
        self.queue = KeyQueue(queue_len, len(crops_for_assign) * self.neck.out_channels) if queue_len else None
        self._queued = 0  # images in the queue; counted here, since reading the buffer would wait for the device
        self._queue_is_open = queue_start_epoch == 0
        self._pending: tuple[Tensor, Tensor] | None = None
        self._has_checked_sizes = False

    def start_epoch(self, epoch: int, max_epochs: int) -> None:
        """Also open the queue when its epoch comes.

        Raises:
            ValueError: if it never would.
        """
        super().start_epoch(epoch, max_epochs)
        if self.queue is not None and self.queue_start_epoch >= max_epochs:
            raise ValueError(f'queue_start_epoch={self.queue_start_epoch} is beyond the training of {max_epochs} epochs; '
                             f'choose at most {max_epochs - 1}, or queue_len=0')
        self._queue_is_open = epoch >= self.queue_start_epoch

    def loss(self, inputs: list[Tensor], index: Tensor) -> dict[str, Tensor]:
        """Losses of two or more crops (B, 3, H, W) of images ``index`` (B,)."""
        if self._pending is not None:
            raise RuntimeError('the last embeddings were not pushed to the queue: call finish_step() after each update; '
                               "train_cfg=dict(type='EpochLoop', ...) does")
        self._check_crops(inputs)
        self._check_sizes(len(index) * world_size())
        features = encode_crops(lambda crops: pool(self.backbone(crops)), inputs)
        embedding = self.neck((features,))[0]
        self.remember(index, (features[:len(index)],), embedding[:len(index)])
        crops = unit_vectors(embedding).view(len(inputs), len(index), -1)
        assigned = torch.stack([crops[crop].detach() for crop in self.crops_for_assign], dim=1)
        assigned, images = gather_together(assigned, index)
        if self.training and self.queue is not None and self._queue_is_open:
            self._pending = assigned.flatten(1), images
        return self.head.loss(AssignmentContrast.of(crops, self.crops_for_assign, self._rows(assigned, images)))

    def finish_step(self) -> None:
        """Push the step's embeddings of all processes; after the backward pass, since they take part in it as rows."""
        super().finish_step()
        if self._pending is not None:
            self.queue.push(*self._pending)
            self._queued = min(self._queued + len(self._pending[1]), len(self.queue))
            self._pending = None

    def _rows(self, assigned: Tensor, images: Tensor) -> RowsOfCrops:
        """The queue, once it is full, and the batch of all processes, (M, E, D), of ``images`` (M,)."""
        kept = len(self.queue) if self.queue is not None and self._queued == len(self.queue) else 0
        shares = torch.arange(kept, device=images.device).tensor_split(world_size())
        batches = torch.arange(kept, kept + len(images), device=images.device).chunk(world_size())
        if kept:
            assigned = torch.cat([self.queue.features.view(kept, *assigned.shape[1:]).to(assigned.dtype), assigned])
            images = torch.cat([self.queue.index, images])
        return RowsOfCrops(assigned, images, shares[rank()], batches[rank()], self.same_image)

    def _check_crops(self, inputs: list[Tensor]) -> None:
        two_views(inputs)
        if max(self.crops_for_assign) >= len(inputs):
            raise ValueError(f'crops_for_assign={self.crops_for_assign} names crop {max(self.crops_for_assign)}, but the '
                             f'preprocessor makes {len(inputs)} crops, 0 to {len(inputs) - 1}; raise num_views or assign '
                             'others')

    def _check_sizes(self, batch: int) -> None:
        """Refuse, in the first step, what a batch of all processes does not fit."""
        if self._has_checked_sizes:
            return
        self._has_checked_sizes = True
        kept, prototypes = 0 if self.queue is None else len(self.queue), self.head.num_prototypes
        if self.queue is not None and kept < batch:
            raise ValueError(f'queue_len={kept} is below one batch of {batch} images; take a multiple of it, or 0 '
                             'for no queue')
        if prototypes > kept + batch:
            raise ValueError(f'num_prototypes={prototypes} exceeds the {kept + batch} images of queue and batch, which they '
                             'share evenly; choose fewer prototypes or a longer queue_len')

    def _load_from_state_dict(self, state_dict, prefix, *args, **kwargs) -> None:
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
        if prefix + 'queue.index' in state_dict:
            self._queued = int((state_dict[prefix + 'queue.index'] >= 0).sum())
