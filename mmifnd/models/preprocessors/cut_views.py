"""The device's half of an augmentation whose parts of images workers have cut."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mmifnd.parts import DrawsBySeed
from mmifnd.registry import MODELS

from .image_views import ImageViewsPreprocessor
from .view_augmentation import ViewAugmentation

_MAX_BYTE = 255


@MODELS.register_module()
class CutViewsPreprocessor(ImageViewsPreprocessor, DrawsBySeed):
    """Augments views that come from :class:`mmifnd.datasets.CutViews`, in batches, on the model's device.

    For pipelines that end with ``CutViews`` and ``PackInputs``, and ``collate_fn=dict(type='default_collate')``. A view is a
    function of (seed, epoch, image, number of the view). In evaluation images are only normalised.

    Args:
        augmentation (dict | Sequence[dict] | Sequence[Sequence[dict]]): steps, in order, see
            :data:`mmifnd.models.preprocessors.augmentation_steps.STEPS`; or one such list for each entry of ``num_views``. They
            see RGB in [0, 1] if ``to_rgb`` is set.
        num_views (int | Sequence[int]): those of ``CutViews``.
        mean (Sequence[float] | None): of each channel, in units of [0, 255].
        std (Sequence[float] | None): likewise.
        to_rgb (bool): whether images come as BGR and leave as RGB.
        seed (int): of the draws.

    Raises:
        ValueError: if a step is unknown, or the arguments do not fit together.
    """

    def __init__(self, augmentation: dict | Sequence, num_views: int | Sequence[int] = 2, mean: Sequence[float] | None = None,
                 std: Sequence[float] | None = None, to_rgb: bool = False, seed: int = 0) -> None:
        super().__init__(mean=mean, std=std, to_rgb=to_rgb)
        self.views = ViewAugmentation(augmentation, num_views)
        self.seed = seed

    def seed_draws(self, seed: int) -> None:
        """Take the run's seed; the train loop calls this, also after a resume."""
        self.seed = seed

    def forward(self, data: dict, training: bool = False) -> dict:
        """Make the views.

        Args:
            data (dict): ``inputs``, a list of views uint8 (B, 3, H, W), or in evaluation one tensor of that shape;
                ``data_samples``, B samples with ``sample_idx`` and, in training, ``epoch``.
            training (bool): whether to augment.

        Returns:
            dict: ``inputs``, a list of views float32 (B, 3, H, W); ``index`` int64 (B,). Both on the model's device.

        Raises:
            ValueError: if a sample has no ``sample_idx``, or there are not as many views as the augmentation has.
        """
        if not training:
            return super().forward(data)
        samples, views = self._checked(data), data['inputs']
        if not isinstance(views, (list, tuple)) or len(views) != len(self.views):
            count = len(views) if isinstance(views, (list, tuple)) else 1
            raise ValueError(f'the batch has {count} views of an image, the augmentation is for {len(self.views)}; give '
                             'CutViews and CutViewsPreprocessor the same num_views')
        host_index = torch.tensor([sample.sample_idx for sample in samples], dtype=torch.int64)
        index = self.cast_data(host_index)
        with torch.autocast(index.device.type, enabled=False), torch.no_grad():
            images = [self._scaled(self.cast_data(view)) for view in views]
            views = self.views(images, index, host_index, self.seed, samples[0].epoch)
            return dict(inputs=[self._normalized(view.mul_(_MAX_BYTE)) for view in views], index=index)

    def _scaled(self, view: Tensor) -> Tensor:
        return (view.flip(1) if self._channel_conversion else view).float().div_(_MAX_BYTE)
