"""One way from the bytes of a file to pixels: 8 bits, BGR, upright, on a background, of the first page."""

import io
import struct
import threading
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from .bit_depth import Range, to_bytes, type_limits
from .end_markers import is_complete
from .file_bytes import BrokenImageError, TooLargeError

WHITE = (255, 255, 255)
#: Pixels of an image at most: those of Pillow's warning, 89 million.
MAX_PIXELS = 89_478_485

_WORD = 65535
_MANY_PAGES = ('GIF', 'WEBP', 'TIFF', 'PNG', 'AVIF')
_PNG_DEPTH, _TIFF_BITS = 24, 258  # a byte of the header; a tag
_ORIENTATION, _TURNED = 274, (5, 6, 7, 8)  # tag of EXIF, and its values that exchange width and height
_REDUCED = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}
_EXIF_OF_PNG = (b'eXIf', b'Raw profile type')
#: What begins as one of these, and is unknown to Pillow, is damaged: JPEG, PNG, WebP, TIFF, GIF, BMP.
_SIGNATURES = (b'\xff\xd8\xff', b'\x89PNG', b'RIFF', b'II*\0', b'MM\0*', b'GIF8', b'BM')
#: Formats that nothing else begins as; Pillow turns a JPEG of several images into an MPO by itself.
_FORMATS = {b'\xff\xd8\xff': ('JPEG',), b'\x89PNG': ('PNG',)}
_LOCK = threading.Lock()
#: Pillow's and OpenCV's ways to say that a file is damaged.
_DAMAGED = (SyntaxError, EOFError, OSError, ValueError, LookupError, ArithmeticError, TypeError, AttributeError, struct.error,
            zlib.error)


@dataclass(frozen=True)
class Header:
    """What a file says of its image.

    Attributes:
        format (str): such as ``'PNG'``; ``'unknown'`` if only OpenCV knows it.
        mode (str): Pillow's, such as ``'RGBA'``.
        size (tuple[int, int]): stored width and height; (0, 0) if unknown.
        has_alpha (bool): whether some of its pixels may be transparent.
        has_pages (bool): whether further pages or frames follow.
        is_deep (bool): whether it has more than 8 bits per channel.
        values (Range | None): of a deep image, once it is decoded.
    """

    format: str
    mode: str
    size: tuple[int, int]
    has_alpha: bool = False
    has_pages: bool = False
    is_deep: bool = False
    values: Range | None = None


def decode(content: bytes, background: Sequence[int] = WHITE, depth: str = 'full',
           data_range: tuple[float, float] | None = None, max_pixels: int = MAX_PIXELS,
           reduction: Callable[[int, int], int] | None = None) -> tuple[np.ndarray, Header]:
    """Pixels of the first page, uint8 (H, W, 3), BGR, and what the file says of them.

    Transparent pixels are laid on ``background``, EXIF orientation is followed, palettes, CMYK and grey become colours.

    Args:
        content: of a file.
        background: red, green and blue, 0 to 255.
        depth: how more than 8 bits become 8: ``'full'``, the range of the type, of floats 0 to 1; or ``'data'``, the range of
            the whole data set.
        data_range: least and largest value of the data set, for ``'data'``; default: those of the image.
        max_pixels: width times height; looked up in the header, before anything is unpacked.
        reduction: is given the width and height of a JPEG as it is seen upright, and gives 1, 2, 4 or 8, the divisor of both
            sides at which it is decoded. Images of other formats are decoded whole, and it is not called.

    Raises:
        BrokenImageError: if the file is no image, is damaged or cut off, or has too many pixels, in one line.
    """
    with _opened(content, max_pixels) as image:
        if image is None:
            return _by_opencv_alone(content, background, depth, data_range, max_pixels)
        header = _header(image, content)
        if header.is_deep:
            values = _deep_values(image, content)
            pixels, used = to_bytes(values, _limits(image, values), depth, data_range)
            return _finished(pixels, background), replace(header, values=used)
        if _is_for_opencv(header, content):
            divisor = 1 if reduction is None or header.format == 'PNG' else reduction(*_upright_size(image))
            pixels = cv2.imdecode(np.frombuffer(content, np.uint8), _REDUCED[divisor])
            if pixels is None:
                raise BrokenImageError('the image is damaged')
            return pixels, header
        return np.ascontiguousarray(_on_background(image, header, background)[..., ::-1]), header


def read_header(content: bytes, max_pixels: int = MAX_PIXELS) -> Header:
    """What a file says of its image, without unpacking it.

    Raises:
        BrokenImageError: as of :func:`decode`, as far as it shows without unpacking.
    """
    with _opened(content, max_pixels) as image:
        return Header('unknown', 'unknown', (0, 0)) if image is None else _header(image, content)


@contextmanager
def _opened(content: bytes, max_pixels: int) -> Iterator[Image.Image | None]:
    """The image as Pillow sees it, checked but not unpacked; None if Pillow does not know the format."""
    try:
        image = _open(content)
        if image is None:
            yield None
            return
        with image:
            _check_size(*image.size, max_pixels)
            if not is_complete(content, image):
                raise BrokenImageError(f'the image is cut off: the end of its {image.format} data is missing')
            yield image
    except BrokenImageError:
        raise
    except _DAMAGED as error:
        if getattr(error, 'errno', None):
            raise
        reason = 'its header cannot be read' if isinstance(error, UnidentifiedImageError) else ' '.join(str(error).split())
        raise BrokenImageError(f'the image is damaged: {reason}') from error


def _open(content: bytes) -> Image.Image | None:
    if not content:
        raise BrokenImageError('the file is empty')
    with _LOCK, warnings.catch_warnings():  # Pillow's limit is one for all, and could not be raised for this image
        warnings.simplefilter('ignore')
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(io.BytesIO(content), formats=_formats_of(content))
        except UnidentifiedImageError:
            if content.startswith(_SIGNATURES):
                raise
            return None
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _formats_of(content: bytes) -> tuple[str, ...] | None:
    """The only format that has this signature, so that Pillow does not try the others before it; None: try all."""
    return next((format for signature, format in _FORMATS.items() if content.startswith(signature)), None)


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise TooLargeError(f'the image has {width} x {height} pixels, more than max_pixels={max_pixels} of '
                            'LoadImageFromFile; make it smaller, or raise that limit in the first step of each pipeline of '
                            'the config (train_dataloader.dataset.pipeline.0.max_pixels)')


def _header(image: Image.Image, content: bytes) -> Header:
    has_alpha = image.mode in ('RGBA', 'LA', 'PA', 'RGBa', 'La') or 'transparency' in image.info
    has_pages = image.format in _MANY_PAGES and bool(getattr(image, 'is_animated', False))
    return Header(image.format, image.mode, image.size, has_alpha, has_pages, _is_deep(image, content))


def _is_for_opencv(header: Header, content: bytes) -> bool:
    """Whether OpenCV, whose decoders are faster, gives the same: JPEG, and PNG of 8 bits that needs no blending or turning."""
    if header.format == 'PNG' and header.mode in ('RGB', 'L') and not (header.has_alpha or header.has_pages):
        return not any(mark in content for mark in _EXIF_OF_PNG)
    return header.format in ('JPEG', 'MPO')


def _is_deep(image: Image.Image, content: bytes) -> bool:
    if image.mode in ('I', 'F') or image.mode.startswith('I;'):
        return True
    if image.format == 'PNG':
        return content[_PNG_DEPTH] > 8
    bits = image.tag_v2.get(_TIFF_BITS) if image.format == 'TIFF' else None  # type: ignore[attr-defined]
    return bits is not None and max(bits if isinstance(bits, tuple) else (bits,)) > 8


def _deep_values(image: Image.Image, content: bytes) -> np.ndarray:
    """Values (H, W) or (H, W, C), RGB, upright, of more than 8 bits."""
    orientation = image.getexif().get(_ORIENTATION, 1)
    if image.mode in ('I', 'F') or image.mode.startswith('I;'):
        values = np.asarray(image)
    else:  # Pillow keeps 8 bits of these
        values = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
        if values is None:
            raise BrokenImageError('the image is damaged')
        values = _swapped(values)
    return _upright(values, orientation)


def _limits(image: Image.Image, values: np.ndarray) -> tuple[float, float]:
    if image.mode == 'I' and image.format in ('PNG', 'PPM'):
        return 0., float(_WORD)
    return type_limits(values)


def _finished(pixels: np.ndarray, background: Sequence[int]) -> np.ndarray:
    """BGR of bytes (H, W), (H, W, 3) or (H, W, 4), RGB."""
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    if pixels.shape[2] == 4:
        pixels = np.asarray(_blended(Image.fromarray(pixels), background))
    return np.ascontiguousarray(pixels[..., ::-1])


def _on_background(image: Image.Image, header: Header, background: Sequence[int]) -> np.ndarray:
    """uint8 (H, W, 3), RGB."""
    image = ImageOps.exif_transpose(image)
    if header.has_alpha:
        image = _blended(image.convert('RGBA'), background)
    return np.asarray(image.convert('RGB'))


def _blended(image: Image.Image, background: Sequence[int]) -> Image.Image:
    return Image.alpha_composite(Image.new('RGBA', image.size, (*background, 255)), image).convert('RGB')


def _upright_size(image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    return (height, width) if image.getexif().get(_ORIENTATION, 1) in _TURNED else (width, height)


def _upright(values: np.ndarray, orientation: int) -> np.ndarray:
    """Turn and flip as EXIF's orientation, 1 to 8, says."""
    if orientation in _TURNED:
        values = values.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    return values


def _swapped(values: np.ndarray) -> np.ndarray:
    """RGB of OpenCV's BGR, with alpha last in both."""
    return values if values.ndim == 2 else values[..., (2, 1, 0, 3)[:values.shape[2]]]


def _by_opencv_alone(content: bytes, background: Sequence[int], depth: str, data_range: tuple[float, float] | None,
                     max_pixels: int) -> tuple[np.ndarray, Header]:
    values = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None:
        raise BrokenImageError('the file is damaged, or no image')
    height, width = values.shape[:2]
    _check_size(width, height, max_pixels)
    header = Header('unknown', 'unknown', (width, height), values.ndim == 3 and values.shape[2] == 4)
    values = _swapped(values)
    if values.dtype != np.uint8:
        values, used = to_bytes(values, type_limits(values), depth, data_range)
        header = replace(header, is_deep=True, values=used)
    return _finished(values, background), header
