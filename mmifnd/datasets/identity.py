"""Which images are the same: by file, and by content where the sizes of two files agree."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Hashable

import numpy as np

from mmifnd.shortage import ShortageError, raise_shortage

from .annotations import leaf_name
from .file_bytes import tried_again
from .leaf_files import RealPaths, leaf_path
from .load_image import LoadImageFromFile
from .sample_index import Origin
from .tensor_images import TensorImages

#: Bytes of a content hash.
DIGEST = 16


class ImageIdentity:
    """What tells the images of a data set apart: files, their sizes, and their content, which is hashed when it is asked for.

    Positions count the images of ``origin``; of ``IndexedDataset.identity()`` they are the stable indices.

    Args:
        origin (Origin): where the images are.
        read (Callable): path to pixels, uint8 (H, W, 3); default: :class:`LoadImageFromFile`.
    """

    def __init__(self, origin: Origin, read: Callable[[str], np.ndarray] | None = None) -> None:
        self.origin = origin
        self._read = read or _pixels
        self._real = RealPaths()
        self._digests: dict[int, bytes | None] = {}

    def __len__(self) -> int:
        return len(self.origin.leaf)

    def name(self, position: int) -> str | None:
        """The path of an image relative to its data root; None if it comes from no file."""
        return leaf_name(*self._source(position))

    def file(self, position: int) -> str | None:
        """The real path of an image's file, all links followed; None if it comes from no file."""
        path = leaf_path(*self._source(position))
        return None if path is None else self._real(path)

    def size(self, position: int) -> int | None:
        """Bytes of an image's file or of its pixels in memory; None if the file cannot be looked at.

        Images of different size are never compared by content.
        """
        path = self.file(position)
        if path is None:
            pixels = _in_memory(*self._source(position))
            return None if pixels is None else pixels.nbytes
        try:
            return os.stat(path).st_size
        except OSError as error:
            raise_shortage(error)
            return None

    def content(self, position: int) -> bytes | None:
        """Hash of an image's pixels, :data:`DIGEST` bytes, kept once it is known; None if they cannot be read."""
        if position not in self._digests:
            self._digests[position] = self._digest(position)
        return self._digests[position]

    def note_content(self, position: int, digest: bytes) -> None:
        """Take a hash that another pass over the images has computed (:func:`pixel_digest`)."""
        self._digests[position] = digest

    def _digest(self, position: int) -> bytes | None:
        path = self.file(position)
        if path is None:
            pixels = _in_memory(*self._source(position))
            return None if pixels is None else pixel_digest(pixels)
        try:
            return pixel_digest(tried_again(lambda: self._read(path)))
        except ShortageError:
            raise
        except (OSError, ValueError):
            return None

    def _source(self, position: int) -> tuple:
        return self.origin.leaves[self.origin.leaf[position]], int(self.origin.position[position])


def pixel_digest(pixels: np.ndarray) -> bytes:
    """Hash of an image's shape, type and values, :data:`DIGEST` bytes."""
    pixels = np.ascontiguousarray(pixels)
    digest = hashlib.blake2b(f'{pixels.dtype.str} {pixels.shape}'.encode(), digest_size=DIGEST)
    digest.update(pixels)
    return digest.digest()


def image_keys(*sets: ImageIdentity, content: bool = True) -> list[np.ndarray]:
    """Number the images of several sets so that equal numbers mean the same image, within a set and across.

    Two images are the same if they have one file, all links followed, or, with ``content``, equal pixels. Pixels are hashed
    only where two different files have equally many bytes; images in memory are hashed if their shapes agree. The same
    picture in two encodings is not found.

    Returns:
        list[np.ndarray]: int64 (N,) for each of ``sets``; numbers count from 0 in the order of first occurrence.

    Example:
        >>> import torch
        >>> from mmifnd.datasets import IndexedDataset, TensorImages
        >>> images = torch.arange(4, dtype=torch.uint8).view(4, 1, 1, 1)
        >>> training, testing = (IndexedDataset(TensorImages(part)).identity() for part in (images[:3], images[2:]))
        >>> train, test = image_keys(training, testing)
        >>> np.isin(test, train)  # which test images are also training images
        array([ True, False])
    """
    places = [(identity, position) for identity in sets for position in range(len(identity))]
    files = [_file_key(*place) for place in places]
    keys: list[Hashable] = list(files)
    if content:
        for rows in _of_equal_size(places, files):
            for row in rows:
                digest = places[row][0].content(places[row][1])
                if digest is not None:
                    keys[row] = digest
    numbers: dict[Hashable, int] = {}
    flat = np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)
    return np.split(flat, np.cumsum([len(identity) for identity in sets])[:-1])


def _file_key(identity: ImageIdentity, position: int) -> Hashable:
    """The file of an image, or its place in a data set that has no files."""
    path = identity.file(position)
    if path is not None:
        return path
    leaf, position = identity._source(position)
    return id(leaf), position


def _of_equal_size(places: list[tuple[ImageIdentity, int]], files: list[Hashable]) -> list[list[int]]:
    """Rows of images whose sizes agree, if they stand for at least two different files."""
    sizes: defaultdict[Hashable, list[int]] = defaultdict(list)
    size_of_file: dict[Hashable, int | None] = {}
    for row, (place, file) in enumerate(zip(places, files)):
        if file not in size_of_file:
            size_of_file[file] = place[0].size(place[1])
        if size_of_file[file] is not None:
            sizes[isinstance(file, str), size_of_file[file]].append(row)
    return [rows for rows in sizes.values() if len({files[row] for row in rows}) > 1]


def _in_memory(leaf, position: int) -> np.ndarray | None:
    """The pixels of an image that a data set holds as an array."""
    if isinstance(leaf, TensorImages):
        return leaf.images[position].numpy()
    pixels = leaf.get_data_info(position).get('img') if hasattr(leaf, 'get_data_info') else None
    return pixels if isinstance(pixels, np.ndarray) else None


def _pixels(path: str) -> np.ndarray:
    return LoadImageFromFile().transform(dict(img_path=path))['img']
