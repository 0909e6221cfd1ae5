"""Small pictures of images, read one by one when they are drawn."""

import copy
import os
from collections.abc import Sequence

import numpy as np

from mmifnd.shortage import ShortageError

from .image_data import Images, image_dataset
from .said import say_once

_FIELD, _CROSS = 225, 150  # grey
#: Files, at least, whose common folder is left out of the names.
_SAMPLED = 1000


class Thumbnails:
    """Looks to figures like an array of images, uint8 (N, C, H, W), and reads the image that is asked for.

    In place of an image that cannot be read there is a grey field with a cross; ``unread`` has the names of those that were
    asked for.

    Args:
        data: a folder, an array, or the config of a data set.
        size (int): side of those that come from files.
    """

    ndim, dtype = 4, np.dtype(np.uint8)

    def __init__(self, data: Images, size: int = 96) -> None:
        self.dataset = image_dataset(data, pipeline=[
            dict(type='LoadImageFromFile'), dict(type='ResizeEdge', scale=size, edge='short', backend='pillow'),
            dict(type='CenterCrop', crop_size=size), dict(type='PackInputs')], max_broken=None)
        self.rows = np.arange(len(self.dataset))
        self.unread: dict[str, None] = {}  # shared by all parts, in the order in which they were met
        shape = self[0].shape if self.dataset.in_tensors else (3, size, size)
        self.shape = (len(self.rows), *shape)

    def part(self, rows: Sequence[int]) -> 'Thumbnails':
        """The thumbnails of some of the images, renumbered."""
        part = copy.copy(self)
        part.rows = self.rows[np.asarray(rows)]
        part.shape = (len(part.rows), *self.shape[1:])
        return part

    @property
    def names(self) -> 'ImageNames | None':
        """Paths of the images' files below the folder that they share; None for images in memory."""
        return None if self.dataset.in_tensors else ImageNames(self)

    @property
    def class_names(self) -> dict[int, str] | None:
        """Label -> name, if the data set names its classes."""
        classes = self.dataset.metainfo.get('classes')
        return None if classes is None else {label: str(name) for label, name in enumerate(classes)}

    @property
    def captions(self) -> 'ImageCaptions | None':
        """The text of each image; None if the first one has none."""
        return ImageCaptions(self) if len(self) and self.dataset.captions_of(int(self.rows[0])) else None

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> np.ndarray:
        position = int(self.rows[int(index)])
        if self.dataset.in_tensors:
            return self.dataset[position]['inputs'].numpy()
        try:
            return self.dataset.read(position)['inputs'].numpy()[::-1]  # mmcv reads BGR
        except ShortageError:
            raise
        except Exception as error:
            self.unread[self.dataset.describe(position)] = None
            say_once(f'{self.dataset.describe(position)} cannot be drawn, a grey field replaces it: '
                     f'{" ".join(str(error).split())}')
            return _crossed(self.shape[-1])


def _crossed(size: int) -> np.ndarray:
    """uint8 (3, size, size)."""
    field = np.full((size, size), _FIELD, np.uint8)
    row, column = np.indices(field.shape)
    field[(abs(row - column) <= size // 48) | (abs(row + column - size + 1) <= size // 48)] = _CROSS
    return np.stack([field] * 3)


class ImageCaptions:
    """Captions of the images behind thumbnails, each looked up when it is asked for; several of an image are joined.

    Args:
        images (Thumbnails): of pairs.
    """

    def __init__(self, images: Thumbnails) -> None:
        self._images = images

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> str:
        row = int(self._images.rows[int(index)])
        text = ' / '.join(self._images.dataset.captions_of(row) or ())
        return ''.join(character if character.isprintable() else ' ' for character in text)


class ImageNames:
    """Names of the images behind thumbnails, each looked up when it is asked for.

    Args:
        images (Thumbnails): of files.
    """

    def __init__(self, images: Thumbnails) -> None:
        self._images = images
        paths = [images.dataset.path(int(row)) for row in images.rows[:: max(1, len(images.rows) // _SAMPLED)]]
        self._root = os.path.commonpath([os.path.dirname(path) for path in paths if path] or ['']) if all(paths) else ''

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> str:
        row = int(self._images.rows[int(index)])
        path = self._images.dataset.path(row)
        name = f'image {row}' if path is None else os.path.relpath(path, self._root or '/') if self._root else path
        return ''.join(character if character.isprintable() else '\N{REPLACEMENT CHARACTER}' for character in name)
