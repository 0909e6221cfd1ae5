"""A look at image files before anything is trained: what each of them is, how varied, and a hash of its content."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np

from mmifnd.machine import available_cores
from mmifnd.shortage import ShortageError

from .file_bytes import TooLargeError, read_bytes, reason_of, tried_again
from .identity import pixel_digest
from .load_image import LoadImageFromFile
from .pixels import Header, decode

#: Threads that decode; the libraries below release Python's lock meanwhile.
MAX_THREADS = 8
_CHUNK = 64


@dataclass(frozen=True)
class Look:
    """What a look at one file found.

    Attributes:
        header (Header | None): what the file says; None if it cannot be read.
        size (tuple[int, int]): width and height of the upright image; (0, 0) if it cannot be read.
        std (float): standard deviation of the pixel values, 0 to 255, the largest of three channels.
        digest (bytes | None): hash of the decoded pixels.
        problem (str): why it cannot be read; empty if it can.
        is_too_large (bool): whether that is a limit.
    """

    header: Header | None
    size: tuple[int, int] = (0, 0)
    std: float = 0.
    digest: bytes | None = None
    problem: str = ''
    is_too_large: bool = False


def look_at(paths: Sequence[str], loader: LoadImageFromFile | None = None, num_threads: int | None = None,
            report: Callable[[int], None] = lambda done: None) -> list[Look]:
    """Read each file once, in the order of ``paths``.

    Args:
        paths: of image files.
        loader: with the options of the run; default: those of :class:`LoadImageFromFile`.
        num_threads: default: one per core, at most :data:`MAX_THREADS`.
        report: called with the number of files done.

    Raises:
        ShortageError: if the machine, and not a file, is short of something.
    """
    loader = LoadImageFromFile() if loader is None else loader
    num_threads = num_threads or min(MAX_THREADS, available_cores())
    looks: list[Look] = []
    with ThreadPoolExecutor(num_threads) as pool:
        for start in range(0, len(paths), _CHUNK):
            looks += pool.map(lambda path: _look(path, loader), paths[start:start + _CHUNK])
            report(len(looks))
    return looks


def equal_contents(looks: Sequence[Look]) -> list[list[int]]:
    """Positions of images with equal pixels, at least two in each list, in the order of their first."""
    positions: dict[bytes, list[int]] = {}
    for position, look in enumerate(looks):
        if look.digest is not None:
            positions.setdefault(look.digest, []).append(position)
    return [group for group in positions.values() if len(group) > 1]


def _look(path: str, loader: LoadImageFromFile) -> Look:
    try:
        image, header = tried_again(lambda: _read(path, loader))
    except ShortageError:
        raise
    except Exception as error:
        return Look(None, problem=reason_of(error), is_too_large=isinstance(error, TooLargeError))
    std = float(np.max(cv2.meanStdDev(image)[1]))
    digest = pixel_digest(image)
    if header.values is not None:  # the pixels have been stretched
        digest = pixel_digest(np.frombuffer(digest + repr(header.values).encode(), np.uint8))
    return Look(header, (image.shape[1], image.shape[0]), std, digest)


def _read(path: str, loader: LoadImageFromFile) -> tuple[np.ndarray, Header]:
    """Pixels, by the image's own range if it has more than 8 bits."""
    content = read_bytes(path, loader.backend_args, loader.max_bytes)
    return decode(content, loader.background, 'data', None, loader.max_pixels)
