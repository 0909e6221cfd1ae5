"""Reading an image file that somebody else has made."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import cv2
import mmcv
import numpy as np
from mmcv.transforms import LoadImageFromFile as _LoadImageFromFile

from mmifnd.registry import TRANSFORMS
from mmifnd.shortage import shortage_of

from .bit_depth import DEPTHS
from .file_bytes import MAX_BYTES, BrokenImageError, named, read_bytes
from .pixels import MAX_PIXELS, WHITE, Header, decode, read_header
from .reading_notes import note

#: A deep image that uses less than this share of its type's range is dark, or has fewer bits than its type.
LEAST_SHARE = 1 / 16


LOADER = 'LoadImageFromFile'


def loader_in(config: Any) -> dict[str, Any]:
    """Options of the first transform of a config, at any depth, that reads files; empty if there is none."""
    if isinstance(config, dict):
        if str(config.get('type')).rsplit('.', maxsplit=1)[-1] == LOADER:
            return {key: value for key, value in config.items() if key != 'type'}
        config = list(config.values())
    if isinstance(config, (list, tuple)):
        return next((options for value in config if (options := loader_in(value))), {})
    return {}


@TRANSFORMS.register_module()
class LoadImageFromFile(_LoadImageFromFile):
    """mmcv's transform with one way to read every format: see :func:`mmifnd.datasets.pixels.decode`.

    Transparency is laid on a background, EXIF orientation followed, the first page taken; files that are cut off, are no
    regular files, or unpack to too many pixels are refused before they are unpacked.

    Args:
        background (Sequence[int]): red, green and blue behind what is transparent.
        depth (str): how more than 8 bits become 8: ``'full'``, by the range of the type; ``'data'``, by ``data_range``.
        data_range (tuple[float, float], optional): least and largest value of the whole data set, as ``mmifnd.apis.inspect``
            finds them; needed with ``depth='data'``.
        max_pixels (int): limit; a file of a few kilobytes can unpack to many gigabytes.
        max_bytes (int): limit of the file.
        deferred (bool): hand on ``decode``, a function that decodes the file, instead of ``img``; for :class:`CutViews`, which
            then decodes no more than its views need.
        **kwargs: see ``mmcv.transforms.LoadImageFromFile``. With a ``color_type`` other than ``'color'`` or ``'grayscale'``, or
            an ``imdecode_backend`` other than ``'cv2'``, mmcv decodes what has been checked here.

    Raises:
        ValueError: if ``depth`` is unknown, lacks its range, a colour is none, or ``deferred`` comes with an option of
            mmcv's that changes pixels.
    """

    def __init__(self, background: Sequence[int] = WHITE, depth: str = 'full',
                 data_range: tuple[float, float] | None = None, max_pixels: int = MAX_PIXELS, max_bytes: int = MAX_BYTES,
                 deferred: bool = False, **kwargs) -> None:
        super().__init__(**kwargs)
        if len(background) != 3 or not all(0 <= value <= 255 for value in background):
            raise ValueError(f'background={background} of LoadImageFromFile is no colour; give red, green, blue, each 0 to 255')
        if depth not in DEPTHS:
            raise ValueError(f'depth={depth!r} of LoadImageFromFile is unknown; choose one of {", ".join(DEPTHS)}')
        if depth == 'data' and (data_range is None or not data_range[0] < data_range[1]):
            raise ValueError(f'depth="data" of LoadImageFromFile with data_range={data_range}; give the least and the largest '
                             'value of all images, as mmifnd.apis.inspect finds them')
        self.background, self.depth, self.data_range = tuple(background), depth, data_range
        self.max_pixels, self.max_bytes, self.deferred = max_pixels, max_bytes, deferred
        if deferred and (self.color_type != 'color' or self.imdecode_backend != 'cv2' or self.to_float32 or self.ignore_empty):
            raise ValueError("deferred=True of LoadImageFromFile reads colour images of 8 bits; leave out color_type, "
                             'imdecode_backend, to_float32 and ignore_empty')

    def transform(self, results: dict) -> dict | None:
        """Add ``img``, ``img_shape`` and ``ori_shape``, or ``decode`` alone; None if nothing can be read and that is ignored.

        Raises:
            BrokenImageError: if the file is no image, a damaged one, or too large.
        """
        path = results['img_path']
        if self.deferred:
            content = results.pop('img_bytes', None)
            content = read_bytes(path, self.backend_args, self.max_bytes) if content is None else content
            return dict(results, decode=partial(self._decoded_and_noted, content))
        try:
            image = self._read(path, results.pop('img_bytes', None))
        except Exception as error:
            if self.ignore_empty and shortage_of(error) is None:
                return None
            raise
        if self.to_float32:
            image = image.astype(np.float32)
        results.update(img=image, img_shape=image.shape[:2], ori_shape=image.shape[:2])
        return results

    def decode(self, path: str) -> tuple[np.ndarray, Header]:
        """Pixels of a file, uint8 (H, W, 3), BGR, by the options of this transform, and what the file says of them.

        Raises:
            BrokenImageError: as of :meth:`transform`.
        """
        content = read_bytes(path, self.backend_args, self.max_bytes)
        with named(path):
            return self._decoded(content)

    def _decoded(self, content: bytes, reduction: Callable[[int, int], int] | None = None) -> tuple[np.ndarray, Header]:
        return decode(content, self.background, self.depth, self.data_range, self.max_pixels, reduction)

    def _decoded_and_noted(self, content: bytes, reduction: Callable[[int, int], int] | None = None) -> np.ndarray:
        image, header = self._decoded(content, reduction)
        self._note(header)
        return image

    def _read(self, path: str, content: bytes | None = None) -> np.ndarray:
        if content is None:  # else it comes from an archive that the data set reads
            content = read_bytes(path, self.backend_args, self.max_bytes)
        with named(path):
            return self._pixels(content)

    def _pixels(self, content: bytes) -> np.ndarray:
        if self.color_type not in ('color', 'grayscale') or self.imdecode_backend != 'cv2':
            read_header(content, self.max_pixels)
            image = mmcv.imfrombytes(content, flag=self.color_type, backend=self.imdecode_backend)
            if image is None:
                raise BrokenImageError('the file is damaged, or no image')
            return image
        image = self._decoded_and_noted(content)
        return image if self.color_type == 'color' else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)

    def _note(self, header: Header) -> None:
        if header.has_pages:
            note('pages', f'a {header.format} file of several pages or frames: the first one is taken')
        used = header.values
        if used is not None and used.share < LEAST_SHARE and self.depth == 'full':
            note('depth', f'values from {used.low:g} to {used.high:g}, less than 1/{round(1 / LEAST_SHARE)} of the range up to '
                          f'{used.top:g}, so that it comes out dark: set depth="data" of LoadImageFromFile')
