"""What a pixel is after reading: alpha, depth, orientation, pages, palettes, CMYK, each against its right value."""

import io
import pickle
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings, strategies
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageOps

from mmifnd.datasets import IndexedDataset, LoadImageFromFile
from mmifnd.datasets.file_bytes import BrokenImageError, TooLargeError
from mmifnd.datasets.image_data import read_folder
from mmifnd.datasets.pixels import decode, read_header
from mmifnd.registry import TRANSFORMS

RAMP = np.linspace(0, 4095, 64).reshape(8, 8)


def stored(image, kind, **options) -> bytes:
    """The bytes of a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def rgb(content: bytes, **options) -> np.ndarray:
    return decode(content, **options)[0][..., ::-1]


def square() -> np.ndarray:
    """Red and opaque in the middle, transparent noise around it."""
    pixels = np.random.default_rng(0).integers(0, 255, (16, 16, 4), dtype=np.uint8)
    pixels[..., 3] = 0
    pixels[4:12, 4:12] = (255, 0, 0, 255)
    return pixels


@pytest.mark.parametrize('kind, options', [
    ('PNG', {}), ('TIFF', {}), ('WEBP', dict(lossless=True)), ('AVIF', dict(quality=100, subsampling='4:4:4'))])
@pytest.mark.parametrize('background', [(255, 255, 255), (0, 64, 128)])
def test_transparency_is_laid_on_the_background(kind, options, background):
    found = rgb(stored(Image.fromarray(square()), kind, **options), background=background)
    expected = np.empty((16, 16, 3), np.uint8)
    expected[:] = background
    expected[4:12, 4:12] = (255, 0, 0)
    tolerance = 6 if kind == 'AVIF' else 0
    assert np.abs(found.astype(int) - expected)[6:10, 6:10].max() <= tolerance
    assert np.abs(found.astype(int) - expected)[0].max() <= tolerance
    if not tolerance:
        assert np.array_equal(found, expected)


@settings(max_examples=25, deadline=None)
@given(arrays(np.uint8, (3, 5, 4)), strategies.tuples(*[strategies.integers(0, 255)] * 3))
def test_any_alpha_is_a_weighted_mean(pixels, background):
    found = rgb(stored(Image.fromarray(pixels), 'PNG'), background=background)
    alpha = pixels[..., 3:] / 255
    expected = pixels[..., :3] * alpha + np.array(background) * (1 - alpha)
    assert np.abs(found - expected).max() <= 1
    assert np.array_equal(found[pixels[..., 3] == 255], pixels[pixels[..., 3] == 255][:, :3])


def test_grey_with_alpha_palettes_and_one_transparent_colour():
    grey = Image.fromarray(np.full((4, 4, 2), (200, 128), np.uint8), 'LA')
    assert np.unique(rgb(stored(grey, 'PNG'))).tolist() == [227]  # 200 and 255 in equal parts
    palette = Image.new('P', (4, 4), 1)
    palette.putpalette([0, 0, 0, 0, 200, 0])
    palette.putpixel((0, 0), 0)
    for kind in ('PNG', 'GIF'):
        found = rgb(stored(palette, kind, transparency=0))
        assert found[0, 0].tolist() == [255] * 3 and found[1, 1].tolist() == [0, 200, 0]
    keyed = stored(Image.new('RGB', (2, 2), (9, 8, 7)), 'PNG', transparency=(9, 8, 7))
    assert rgb(keyed).min() == 255


@pytest.mark.parametrize('kind', ['PNG', 'TIFF'])
def test_sixteen_bits_by_the_range_of_the_type_or_of_the_data(kind):
    content = stored(Image.fromarray(RAMP.astype(np.uint16)), kind)
    pixels, header = decode(content)
    assert np.array_equal(pixels[..., 0], np.rint(RAMP.astype(int) * 255 / 65535)) and header.is_deep
    assert header.values[:2] == (0, 4095) and header.values.share < 1 / 16
    found = rgb(content, depth='data', data_range=(0, 4095))
    assert np.array_equal(found[..., 1], np.rint(RAMP.astype(int) * 255 / 4095)) and len(np.unique(found)) > 60


@pytest.mark.parametrize('suffix', ['.png', '.tiff', '.ppm'])
def test_sixteen_bits_of_colour(suffix):
    values = np.zeros((4, 4, 3), np.uint16)
    values[..., 2] = 1000  # red of OpenCV
    content = cv2.imencode(suffix, values)[1].tobytes()
    if suffix == '.ppm':  # which Pillow scales to 8 bits
        assert rgb(content)[0, 0].tolist() == [4, 0, 0]
    else:
        assert rgb(content, depth='data', data_range=(0, 2000))[0, 0].tolist() == [128, 0, 0]


def test_sixteen_bits_with_alpha():
    values = np.full((2, 2, 4), 65535, np.uint16)
    values[0, 0] = (0, 0, 0, 0)
    found = rgb(cv2.imencode('.png', values)[1].tobytes(), background=(10, 20, 30))
    assert found[0, 0].tolist() == [10, 20, 30] and found[1, 1].tolist() == [255] * 3


def test_floats_and_integers():
    unit = stored(Image.fromarray((RAMP / 4095).astype(np.float32)), 'TIFF')
    assert np.array_equal(rgb(unit)[..., 0], np.rint((RAMP / 4095).astype(np.float32).astype(float) * 255))
    hounsfield = stored(Image.fromarray(RAMP.astype(np.float32) - 1000), 'TIFF')
    with pytest.raises(BrokenImageError, match='float values from -1000 to 3095.*set depth="data"'):
        decode(hounsfield)
    assert rgb(hounsfield, depth='data', data_range=(-1000, 3095))[-1, -1].tolist() == [255] * 3
    integers = stored(Image.fromarray(RAMP.astype(np.int32)), 'TIFF')
    assert rgb(integers, depth='data', data_range=(0, 4095))[0, 0].tolist() == [0] * 3
    with pytest.raises(BrokenImageError, match='no finite value'):
        decode(stored(Image.fromarray(np.full((2, 2), np.nan, np.float32)), 'TIFF'))


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('kind', ['JPEG', 'PNG', 'WEBP', 'TIFF'])
def test_exif_orientation(photo, orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = dict(JPEG=dict(quality=95), WEBP=dict(lossless=True)).get(kind, {})
    content = stored(photo, kind, exif=exif, **options)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert('RGB'))
    found = rgb(content)
    assert found.shape == expected.shape and np.abs(found.astype(int) - expected).max() <= (3 if kind == 'JPEG' else 0)


@pytest.mark.parametrize('orientation', range(1, 9))
def test_exif_orientation_of_sixteen_bits(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray((np.arange(12) * 257).astype(np.uint16).reshape(3, 4))
    content = stored(image, 'PNG', exif=exif)
    bytes_of_it = stored(Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4)), 'PNG', exif=exif)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(bytes_of_it)))
    assert np.array_equal(rgb(content)[..., 0], np.asarray(expected))


def test_cmyk_one_bit_and_the_first_page(photo):
    content = stored(photo.convert('CMYK'), 'JPEG', quality=95)
    expected = np.asarray(Image.open(io.BytesIO(content)).convert('RGB')).astype(int)
    assert np.abs(rgb(content) - expected).mean() < 1.5
    tiff = stored(photo.convert('CMYK'), 'TIFF')
    assert np.array_equal(rgb(tiff), np.asarray(photo.convert('CMYK').convert('RGB')))
    assert np.unique(rgb(stored(Image.fromarray(RAMP > 2000), 'PNG'))).tolist() == [0, 255]
    frames = [Image.new('RGB', (4, 4), (value,) * 3) for value in (7, 120, 240)]
    for kind, options in dict(TIFF={}, GIF={}, WEBP=dict(lossless=True), PNG={}).items():
        content = stored(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        pixels, header = decode(content)
        assert header.has_pages and np.unique(pixels).tolist() == [7], kind
    assert not read_header(stored(photo, 'GIF')).has_pages


@pytest.mark.parametrize('kind, mode', [
    ('BMP', 'RGB'), ('PPM', 'RGB'), ('PPM', 'L'), ('PNG', 'L'), ('PNG', 'P'), ('PNG', 'RGB'), ('GIF', 'P'), ('TIFF', 'L'),
    ('JPEG2000', 'RGB'), ('WEBP', 'RGB'), ('AVIF', 'RGB'), ('JPEG', 'L')])
def test_every_other_kind_is_as_pillow_sees_it(photo, kind, mode):
    content = stored(photo.convert(mode), kind)
    expected = np.asarray(Image.open(io.BytesIO(content)).convert('RGB')).astype(int)
    assert np.abs(rgb(content) - expected).max() <= (3 if kind == 'JPEG' else 0)


def test_plain_pictures_are_read_as_before(photo):
    for kind in ('JPEG', 'PNG', 'BMP'):
        content = stored(photo, kind)
        assert np.array_equal(decode(content)[0], cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR))


@pytest.mark.parametrize('option, message', [
    (dict(background=(0, 0)), 'is no colour'), (dict(background=(0, 0, 256)), 'is no colour'),
    (dict(depth='half'), "depth='half' of LoadImageFromFile is unknown; choose one of full, data"),
    (dict(depth='data'), 'with data_range=None; give the least'), (dict(depth='data', data_range=(3, 3)), 'give the least')])
def test_options_of_the_loader(option, message):
    with pytest.raises(ValueError, match=message):
        TRANSFORMS.build(dict(type='LoadImageFromFile', **option))


def test_the_loader_takes_them_and_says_what_it_left_out_once(tmp_path, logged):
    Image.fromarray(square()).save(tmp_path / '0.png')
    for number in (1, 2):
        Image.fromarray(RAMP.astype(np.uint16)).save(tmp_path / f'{number}.png')
    frames = [Image.new('RGB', (4, 4), (value,) * 3) for value in (7, 120)]
    frames[0].save(tmp_path / '3.gif', save_all=True, append_images=frames[1:])
    loaded = LoadImageFromFile(background=(1, 2, 3))(dict(img_path=str(tmp_path / '0.png')))['img']
    assert loaded[0, 0].tolist() == [3, 2, 1]
    assert LoadImageFromFile(color_type='grayscale')(dict(img_path=str(tmp_path / '0.png')))['img'].shape == (16, 16)
    pipeline = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]
    dataset = IndexedDataset(dict(type='CustomDataset', data_root=str(tmp_path), with_label=False, pipeline=pipeline,
                                  extensions=('.png', '.gif')))
    for _ in range(2):
        for view in (dataset, dataset.evaluation_view()):
            list(map(view.__getitem__, range(4)))
    text = logged()
    assert text.count('values from 0 to 4095') == 1 and 'image 1 (1.png)' in text and 'set depth="data"' in text
    assert text.count('of several pages or frames: the first one is taken') == 1 and 'image 3 (3.gif)' in text


def photoshop(pixels: np.ndarray) -> bytes:
    """A document without layers: 8 bits, (H, W, 3) or (H, W, 4), each channel as it is."""
    height, width, channels = pixels.shape
    header = struct.pack('>4sH6xHIIHH', b'8BPS', 1, channels, height, width, 8, 3)
    return header + bytes(12) + struct.pack('>H', 0) + pixels.transpose(2, 0, 1).tobytes()


def test_the_picture_of_a_photoshop_document(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (6, 9, 3), dtype=np.uint8)
    content = photoshop(pixels)
    assert np.array_equal(rgb(content), pixels)
    assert np.array_equal(rgb(photoshop(square()))[4:12, 4:12], square()[4:12, 4:12, :3])
    for length in (3, 20, 30, len(content) - 1):
        with pytest.raises(BrokenImageError):
            decode(content[:length])
    (tmp_path / 'a.PSD').write_bytes(content)
    assert read_folder(tmp_path).layout.num_images == 1


def test_a_broken_image_names_its_file_however_it_is_read(tmp_path):
    """In a pipeline, by the loader alone, as an archive hands it over, and when it is resized."""
    path = str(tmp_path / 'a b.png')
    loader = TRANSFORMS.build(dict(type='LoadImageFromFile'))
    old = TRANSFORMS.build(dict(type='LoadImageFromFile', color_type='unchanged'))
    for content, reason in ((b'text', 'the file is damaged, or no image'), (b'', 'the file is empty'),
                            (stored(Image.new('L', (9, 9)), 'PNG')[:-9], 'the image is cut off: the end of its PNG data')):
        Path(path).write_bytes(content)
        reads = [lambda: loader(dict(img_path=path)), lambda: loader.decode(path), lambda: old(dict(img_path=path))]
        if content:
            reads.append(lambda content=content: loader(dict(img_path=path, img_bytes=content)))
        for read in reads:
            with pytest.raises(BrokenImageError) as error:
                read()
            assert str(error.value).startswith(f'{path}: {reason}') and error.value.reason.startswith(reason)
            copy = pickle.loads(pickle.dumps(error.value))
            assert (str(copy), copy.reason, copy.path) == (str(error.value), error.value.reason, path)
    resize = TRANSFORMS.build(dict(type='ResizeEdge', scale=9, edge='short', backend='pillow', max_pixels=80))
    with pytest.raises(TooLargeError, match='b.png: the image of 9 x 9 pixels would be resized'):
        resize(dict(img=np.zeros((9, 9, 3), np.uint8), img_path=path))


def test_a_format_that_only_opencv_knows():
    """OpenCV alone reads Radiance's HDR; the range of floats is 0 to 1."""
    colours = np.tile(np.float32([0.25, 0.5, 1.]), (6, 5, 1))
    content = cv2.imencode('.hdr', colours)[1].tobytes()
    pixels, header = decode(content)
    assert pixels.shape == (6, 5, 3) and np.allclose(pixels[3, 2], [64, 128, 255], atol=2)
    assert (header.format, header.size, header.is_deep, header.has_alpha) == ('unknown', (5, 6), True, False)
    assert read_header(content).format == 'unknown'
    with pytest.raises(TooLargeError, match='the image has 5 x 6 pixels, more than max_pixels=29'):
        decode(content, max_pixels=29)


def test_deep_pixels_that_opencv_cannot_unpack_are_damage(monkeypatch):
    content = stored(Image.fromarray(RAMP.astype(np.uint16)), 'PNG')
    assert decode(content)[1].is_deep
    deep = cv2.imencode('.png', np.full((4, 4, 3), 40000, np.uint16))[1].tobytes()
    monkeypatch.setattr(cv2, 'imdecode', lambda *_: None)
    with pytest.raises(BrokenImageError, match='the image is damaged'):
        decode(deep)
