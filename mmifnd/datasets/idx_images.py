"""Images in the IDX files of MNIST and its relatives (Fashion-MNIST, KMNIST, ...)."""

import gzip
import math
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mmifnd.files import open_regular
from mmifnd.registry import DATASETS
from mmifnd.shortage import raise_shortage

from .group_files import read_group_array
from .tensor_images import TensorImages

_PREFIX = dict(train='train', test='t10k')
_UNSIGNED_BYTE = 8
_RESIZE_CHUNK = 4096  # images: bounds the float copy
_READ_CHUNK = 2**20  # bytes


@DATASETS.register_module()
class IDXImages(TensorImages):
    """Grey images of a folder with MNIST's four files, packed (.gz) or not.

    The files are ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``, ``t10k-images-idx3-ubyte`` and
    ``t10k-labels-idx1-ubyte``; those of labels may be missing.

    Args:
        data_root (str): the folder. Debian's package dataset-fashion-mnist has it at /usr/share/datasets/fashion-mnist.
        split (str): 'train' or 'test'.
        image_size (int | None): resize to this many pixels a side, with antialiasing; None keeps the size.
        max_images (int | None): the first so many images only; the last so many if it is negative.
        classes (Sequence[str] | None): names of the labels.
        groups (str | None): ``.npy`` file of the groups of all images of the split, see :class:`TensorImages`.

    Raises:
        FileNotFoundError: if the folder or its images are missing.
        ValueError: if the split is unknown or a file is damaged.
    """

    def __init__(self, data_root: str, split: str = 'train', image_size: int | None = None,
                 max_images: int | None = None, classes=None, groups: str | None = None) -> None:
        if split not in _PREFIX:
            raise ValueError(f'split={split!r} of IDXImages; choose one of {tuple(_PREFIX)}')
        root = Path(data_root).expanduser()
        if not root.is_dir():
            raise FileNotFoundError(f'no folder {root}; set data_root to the folder with the IDX files of the data set')
        image_file = find_file(root, f'{_PREFIX[split]}-images-idx3-ubyte')
        label_file = find_file(root, f'{_PREFIX[split]}-labels-idx1-ubyte')
        if image_file is None:
            raise FileNotFoundError(f'no {_PREFIX[split]}-images-idx3-ubyte[.gz] in {root}; check data_root')
        images = torch.from_numpy(read_idx(image_file, num_dimensions=3)).unsqueeze(1)
        labels = None if label_file is None else torch.from_numpy(read_idx(label_file, num_dimensions=1)).long()
        if labels is not None and len(labels) != len(images):
            raise ValueError(f'{label_file} holds {len(labels)} labels for the {len(images)} images of {image_file}')
        rows = images, labels, read_group_array(groups, len(images))
        part = slice(max_images, None) if max_images is not None and max_images < 0 else slice(max_images)
        images, labels, groups = (column if column is None else column[part] for column in rows)
        super().__init__(images if image_size is None else resize(images, image_size), labels, classes, groups)


def find_file(root: Path, name: str) -> Path | None:
    """The file of that name in ``root``, or the packed one, or None."""
    return next((path for path in (root / name, root / f'{name}.gz') if path.is_file()), None)


def read_idx(path: Path, num_dimensions: int) -> np.ndarray:
    """Read an IDX file of unsigned bytes (magic number 0, 0, 8, number of dimensions; big-endian sizes; values).

    No more is unpacked than the header asks for.

    Args:
        path (Path): packed if it ends in .gz.
        num_dimensions (int): 3 for images, 1 for labels.

    Returns:
        np.ndarray: uint8, in the shape of the header.

    Raises:
        ValueError: if the archive is damaged, or header and size disagree.
    """
    magic = bytes([0, 0, _UNSIGNED_BYTE, num_dimensions])
    try:
        with open_regular(path) as raw, (gzip.open(raw) if path.suffix == '.gz' else raw) as file:
            header = file.read(4 + 4 * num_dimensions)
            if header[:4] != magic or len(header) < 4 + 4 * num_dimensions:
                raise ValueError(f'{path} starts with {header[:4].hex()}, an IDX file of {num_dimensions} dimensions of '
                                 f'unsigned bytes with {magic.hex()}; is it the right file?')
            shape = tuple(np.frombuffer(header, '>u4', offset=4).tolist())
            values = _read_at_most(file, math.prod(shape) + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise_shortage(error)
        raise ValueError(f'{path} cannot be unpacked ({error}); fetch it again') from None
    surplus = len(values) - math.prod(shape)
    if surplus:
        content = 'more' if surplus > 0 else f'{len(header) + len(values)} bytes'
        raise ValueError(f'{path} holds {content}, its header {shape} asks for {len(header) + math.prod(shape)}; '
                         f'fetch it again')
    return np.frombuffer(values, np.uint8).reshape(shape)


def _read_at_most(file: BinaryIO, limit: int) -> bytearray:
    """The rest of ``file``, up to ``limit`` bytes; memory is taken for what is there, not for what was announced."""
    content = bytearray()
    while chunk := file.read(min(_READ_CHUNK, limit - len(content))):
        content += chunk
    return content


def resize(images: Tensor, size: int) -> Tensor:
    """Resize uint8 images (N, C, H, W) to (N, C, size, size), bilinear with antialiasing."""
    chunks = [
        F.interpolate(chunk.float(), size=(size, size), mode='bilinear', antialias=True).round().clamp(0, 255).byte()
        for chunk in images.split(_RESIZE_CHUNK)
    ]
    return torch.cat(chunks)
