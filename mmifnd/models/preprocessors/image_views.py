"""Views that a pipeline has made, image by image."""

import torch
from mmpretrain.models import SelfSupDataPreprocessor
from torch import Tensor

from mmifnd.registry import MODELS


@MODELS.register_module()
class ImageViewsPreprocessor(SelfSupDataPreprocessor):
    """mmpretrain's preprocessor for self-supervised learning, which also hands on the index of each image.

    For per-image pipelines that end with ``MultiView`` and ``PackInputs``, and
    ``collate_fn=dict(type='default_collate')``. Arguments are those of mmpretrain's ``SelfSupDataPreprocessor``;
    ``mean`` and ``std`` in units of [0, 255].
    """

    def __init__(self, *args, non_blocking: bool = True, **kwargs) -> None:
        super().__init__(*args, non_blocking=non_blocking, **kwargs)

    def forward(self, data: dict, training: bool = False) -> dict:
        """Normalise the views.

        Args:
            data (dict): ``inputs``, a list of views (B, C, H, W), or one tensor of that shape; ``data_samples``, B
                samples with ``sample_idx``.
            training (bool): whether two views are needed.

        Returns:
            dict: ``inputs``, a list of views float32 (B, C, H, W); ``index`` int64 (B,). Both on the model's device.

        Raises:
            ValueError: if there are fewer than two views in training, or a sample has no ``sample_idx``.
        """
        samples = self._checked(data)
        views = data['inputs'] if isinstance(data['inputs'], (list, tuple)) else [data['inputs']]
        if training and len(views) < 2:
            raise ValueError(f'contrast needs two views of an image, got {len(views)}; put MultiView before PackInputs')
        index = self.cast_data(torch.tensor([sample.sample_idx for sample in samples], dtype=torch.int64))
        # Mixed precision is for the model; pixels are the same with and without it.
        with torch.autocast(index.device.type, enabled=False):
            return dict(inputs=[self._prepared(self.cast_data(view)) for view in views], index=index)

    @staticmethod
    def _checked(data: dict) -> list:
        """The samples of a batch, each with its index."""
        samples = data.get('data_samples') or []
        if not samples or any('sample_idx' not in sample for sample in samples):
            raise ValueError('samples came without sample_idx; the data set of the loader must be an IndexedDataset')
        return samples

    def _prepared(self, view: Tensor) -> Tensor:
        """One view in the model's order of channels, normalised; mmpretrain's way copies a list of channels to the device."""
        return self._normalized((view.flip(1) if self._channel_conversion else view).float())

    def _normalized(self, view: Tensor) -> Tensor:
        return (view - self.mean) / self.std if self._enable_normalize else view
