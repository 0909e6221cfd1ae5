"""Views of a batch of tensors, made on the model's device."""

from collections.abc import Sequence

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from mmifnd.parts import DrawsBySeed
from mmifnd.registry import MODELS

from .view_augmentation import ViewAugmentation

_MAX_BYTE = 255


@MODELS.register_module()
class TensorViewsPreprocessor(BaseDataPreprocessor, DrawsBySeed):
    """Augments whole batches of uint8 images; each view is a function of (seed, epoch, image, number of the view).

    It is the same for any batch and number of processes, with and without mixed precision. In evaluation images are only
    scaled and normalised. Random numbers are drawn on the model's device; nothing is read back from it.

    Args:
        augmentation (dict | Sequence[dict] | Sequence[Sequence[dict]]): steps, in order, see
            :data:`mmifnd.models.preprocessors.augmentation_steps.STEPS`; or one such list for each entry of ``num_views``.
        num_views (int | Sequence[int]): how many views; a list with a list of ``augmentation`` gives groups, such as
            ``[2, 6]`` for two large and six small crops.
        mean (Sequence[float] | None): of each channel, in units of [0, 1]; None leaves images in [0, 1].
        std (Sequence[float] | None): likewise; given with ``mean``, or not at all.
        seed (int): of the draws.

    Raises:
        ValueError: if a step is unknown, or the arguments do not fit together.
    """

    def __init__(self, augmentation: dict | Sequence, num_views: int | Sequence[int] = 2,
                 mean: Sequence[float] | None = None, std: Sequence[float] | None = None, seed: int = 0) -> None:
        super().__init__(non_blocking=True)
        if (mean is None) != (std is None):
            raise ValueError(f'mean={mean} and std={std}: give both or neither')
        if mean is not None and (len(mean) != len(std) or not all(value > 0 for value in std)):
            raise ValueError(f'mean={mean} and std={std} must have one value a channel, those of std positive')
        self.views = ViewAugmentation(augmentation, num_views)
        self.seed = seed
        for name, values in (('mean', mean), ('std', std)):
            tensor = None if values is None else torch.tensor(values, dtype=torch.float32).view(-1, 1, 1)
            self.register_buffer(name, tensor, persistent=False)

    def seed_draws(self, seed: int) -> None:
        """Take the run's seed; the train loop calls this, also after a resume."""
        self.seed = seed

    def forward(self, data: dict, training: bool = False) -> dict:
        """Make the views.

        Args:
            data (dict): ``inputs`` uint8 (B, C, H, W); ``index`` int64 (B,), on the CPU; ``epoch`` int64 on the CPU, needed in
                training.
            training (bool): whether to augment.

        Returns:
            dict: ``inputs``, a list of views float32 (B, C, H', W'), one in evaluation; ``index`` int64 (B,). Both on
            the model's device.

        Raises:
            ValueError: if the batch has no index, or no epoch in training.
        """
        missing = {'inputs', 'index', *(['epoch'] if training else [])} - set(data)
        if missing:
            raise ValueError(f'the batch lacks {sorted(missing)}; the data set must be an IndexedDataset of tensors, '
                             "its loader with collate_fn=dict(type='keep_batch')")
        index = self.cast_data(data['index'])
        # Mixed precision is for the model: in half precision pixels would move by more than the augmentation means them to.
        with torch.autocast(index.device.type, enabled=False), torch.no_grad():
            images = self.cast_data(data['inputs']).float() / _MAX_BYTE
            if not training:
                return dict(inputs=[self._normalize(images)], index=index)
            epoch = int(data['epoch'].reshape(-1)[0])
            views = self.views([images] * len(self.views), index, data['index'], self.seed, epoch)
            return dict(inputs=[self._normalize(view) for view in views], index=index)

    def _normalize(self, images: Tensor) -> Tensor:
        return images if self.mean is None else (images - self.mean) / self.std
