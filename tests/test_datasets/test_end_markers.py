"""Files that end too early, byte by byte."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from mmifnd.datasets.end_markers import is_complete

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)
START, END = b'\xff\xd8', b'\xff\xd9'


def encoded(kind, **options):
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, kind, **options)
    return file.getvalue()


def completeness(content):
    return is_complete(content, Image.open(io.BytesIO(content)))


JPEG = Image.open(io.BytesIO(encoded('JPEG')))


@pytest.mark.parametrize('kind, options', [
    ('JPEG', {}), ('JPEG', dict(progressive=True)), ('PNG', {}), ('WEBP', {}), ('TIFF', {}),
    ('TIFF', dict(compression='tiff_lzw'))])
def test_whole_files_are_complete_and_halves_are_not(kind, options):
    content = encoded(kind, **options)
    image = Image.open(io.BytesIO(content))
    assert is_complete(content, image) and is_complete(content + b'\0' * 9, image)
    assert not is_complete(content[:len(content) // 2], image)


def test_what_a_decoder_knows_itself_is_left_to_it():
    content = encoded('BMP')
    assert completeness(content)
    tiff = Image.open(io.BytesIO(encoded('TIFF')))
    del tiff.tag_v2[273]  # without strips or tiles there is nothing to compare
    assert is_complete(b'', tiff)


@pytest.mark.parametrize('between', [
    b'\0\0\0',                      # padding before the next marker
    b'\xff',                        # a fill byte
    b'\xff\x01',                    # a marker without a length
    b'\xff\xe0\x00\x04\xff\xd9'])  # a segment that holds an end marker
def test_what_stands_between_segments_is_stepped_over(between):
    content = encoded('JPEG')
    assert is_complete(START + between + content[2:], JPEG)
    assert not is_complete(START + between + content[2:-2], JPEG)


def test_headers_without_a_scan():
    assert is_complete(START + END + b'\0\0', JPEG) and not is_complete(START + b'\0' * 9, JPEG)
    assert not is_complete(START + b'\xff\xe0' + struct.pack('>H', 400) + b'\0' * 9, JPEG)
