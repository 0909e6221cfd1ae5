"""Images and their texts, on the model's device."""

import torch

from mmifnd.registry import MODELS

from .image_views import ImageViewsPreprocessor
from .tensor_views import TensorViewsPreprocessor


@MODELS.register_module()
class ImageTextPreprocessor(ImageViewsPreprocessor):
    """Prepares pipelines that end with ``Tokenize`` and ``PackInputs(meta_keys=(..., 'text'))``: images and token ids.

    Arguments are those of :class:`ImageViewsPreprocessor`; one view of each image is enough.
    """

    def forward(self, data: dict, training: bool = False) -> dict:
        """Normalise the images and collect the texts.

        Args:
            data (dict): ``inputs``, images (B, C, H, W) or a list of views; ``data_samples`` with ``sample_idx`` and, for
                pairs, ``text`` int64 (L,).
            training (bool): whether texts are needed.

        Returns:
            dict: ``inputs``, a list of views float32 (B, C, H, W); ``index`` int64 (B,); ``text`` int64 (B, L) if the samples
            have it. All on the model's device.

        Raises:
            ValueError: if a sample has no ``sample_idx``, or no text in training.
        """
        batch = super().forward(data, training=False)  # two views are not needed: the text is the other one
        texts = [sample.get('text') for sample in data['data_samples']]
        if any(text is None for text in texts):
            if training:
                raise ValueError("samples came without texts; put dict(type='Tokenize', ...) before PackInputs, and "
                                 "meta_keys=('text',) into it")
            return batch
        return dict(batch, text=self.cast_data(torch.stack([torch.as_tensor(text) for text in texts])))


@MODELS.register_module()
class TensorPairsPreprocessor(TensorViewsPreprocessor):
    """:class:`TensorViewsPreprocessor` for :class:`mmifnd.datasets.TensorPairs`: one view of each image, and its text.

    Args:
        augmentation (dict | Sequence[dict]): steps, in order, as of :class:`TensorViewsPreprocessor`.
        **kwargs: see :class:`TensorViewsPreprocessor`; ``num_views`` is 1.
    """

    def __init__(self, augmentation=(), **kwargs) -> None:
        super().__init__(augmentation, **{'num_views': 1, **kwargs})

    def forward(self, data: dict, training: bool = False) -> dict:
        """Prepare a batch as :meth:`TensorViewsPreprocessor.forward` does, with ``text`` int64 (B, L), if there are texts.

        Raises:
            ValueError: also if a batch of the training has no texts.
        """
        batch = super().forward(data, training)
        if 'text' in data:
            return dict(batch, text=self.cast_data(data['text']).long())
        if training:
            raise ValueError('the batch has no texts; image-text training on tensors needs a TensorPairs data set')
        return batch
