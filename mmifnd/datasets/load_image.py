"""Reading an image file that somebody else has made."""

import io
import warnings

import mmcv
import numpy as np
from mmcv.transforms import LoadImageFromFile as _LoadImageFromFile
from mmengine import fileio
from PIL import Image, UnidentifiedImageError

from mmifnd.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadImageFromFile(_LoadImageFromFile):
    """mmcv's, except that an image of more than ``max_pixels`` is refused by its header, before it is unpacked.

    A file of a few kilobytes can unpack to many gigabytes.

    Args:
        max_pixels (int): limit; that of Pillow's warning unless given, 89 million.
        **kwargs: see ``mmcv.transforms.LoadImageFromFile``.
    """

    def __init__(self, max_pixels: int = Image.MAX_IMAGE_PIXELS, **kwargs) -> None:
        super().__init__(**kwargs)
        self.max_pixels = max_pixels

    def transform(self, results: dict) -> dict | None:
        """Add ``img``, ``img_shape`` and ``ori_shape``; None where nothing can be read and ``ignore_empty`` is set.

        Raises:
            ValueError: where the image has too many pixels.
        """
        try:
            content = fileio.get(results['img_path'], backend_args=self.backend_args)
            self._check_size(content)
            if not content:
                raise ValueError(f'{results["img_path"]} is empty')
            image = mmcv.imfrombytes(content, flag=self.color_type, backend=self.imdecode_backend)
            if image is None:
                raise ValueError(f'{results["img_path"]} is damaged, or no image')
        except Exception:
            if self.ignore_empty:
                return None
            raise
        if self.to_float32:
            image = image.astype(np.float32)
        results.update(img=image, img_shape=image.shape[:2], ori_shape=image.shape[:2])
        return results

    def _check_size(self, content: bytes) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter('ignore', Image.DecompressionBombWarning)
                with Image.open(io.BytesIO(content)) as header:
                    width, height = header.size
        except Image.DecompressionBombError as error:
            raise ValueError(f'the image is too large to be unpacked: {error}') from None
        except UnidentifiedImageError:
            return  # the decoder may know it, and has a limit of its own
        if width * height > self.max_pixels:
            raise ValueError(f'the image has {width} x {height} pixels, more than max_pixels={self.max_pixels} of '
                             'LoadImageFromFile; make it smaller, or raise the limit')
