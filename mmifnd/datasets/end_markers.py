"""Whether an image file is complete: its end marker is looked for here, since decoders differ in what they fill in."""

import re
import struct

from PIL import Image

_MARK, _START_OF_SCAN, _END_OF_IMAGE = 0xff, 0xda, 0xd9
_SCAN, _END = b'\xff\xda', b'\xff\xd9'
_STANDALONE = {0x01, *range(0xd0, 0xd8)}
#: A marker within the data of a scan: neither a stuffed 0xff nor a restart marker.
_AFTER_SCAN = re.compile(rb'\xff+[^\x00\xff\xd0-\xd7]')
_PNG_SIGNATURE = 8
_OFFSETS = ((273, 279), (324, 325))  # TIFF: strips and their bytes, tiles and their bytes


def is_complete(content: bytes, image: Image.Image) -> bool:
    """Whether the file holds all of its first image; bytes after the end are no damage.

    Args:
        content (bytes): JPEG, PNG, WebP or TIFF; of other formats the decoder knows.
        image (Image): the same file, opened by Pillow.
    """
    if image.format in ('JPEG', 'MPO'):
        return _jpeg_ends(content)
    if image.format == 'PNG':
        return _png_ends(content)
    if image.format == 'WEBP':
        return len(content) >= 8 + struct.unpack_from('<I', content, 4)[0]
    if image.format == 'TIFF':
        return _tiff_ends(content, image)
    return True


def _jpeg_ends(content: bytes) -> bool:
    """Whether an end marker follows the first scan.

    The segments before it are stepped over: thumbnails inside of them have end markers of their own. Within the data of a scan
    there is none: a 0xff is followed by a zero there, or by the number of a restart.
    """
    at = 2
    while at + 4 <= len(content):
        if content[at] != _MARK:
            at = content.find(b'\xff', at)  # padding between segments
            if at < 0:
                return False
            continue
        marker = content[at + 1]
        if marker == _END_OF_IMAGE:
            return True
        if marker in (0x00, _MARK):  # stuffed, or a fill byte
            at += 1 if marker else 2
        elif marker in _STANDALONE:
            at += 2
        else:
            at += 2 + struct.unpack_from('>H', content, at + 2)[0]
            if marker == _START_OF_SCAN:
                return _scans_end(content, at)
    return False


def _scans_end(content: bytes, start: int) -> bool:
    """Whether an end marker follows, which does not stand in a table between two scans."""
    if content.endswith(_END) and start <= len(content) - 2:  # nearly all files
        return True
    end = content.find(_END, start)
    while end >= 0:
        scan = content.rfind(_SCAN, start, end)
        last = start if scan < 0 else scan + 2 + struct.unpack_from('>H', content, scan + 2)[0]
        marker = _AFTER_SCAN.search(content, last)
        if marker is not None and marker.end() - 2 == end:
            return True
        end = content.find(_END, end + 1)
    return False


def _png_ends(content: bytes) -> bool:
    at = _PNG_SIGNATURE
    while at + 12 <= len(content):
        length, kind = struct.unpack_from('>I4s', content, at)
        if kind == b'IEND':
            return True
        at += 12 + length
    return False


def _tiff_ends(content: bytes, image: Image.Image) -> bool:
    for offsets, sizes in _OFFSETS:
        starts, lengths = image.tag_v2.get(offsets), image.tag_v2.get(sizes)  # type: ignore[attr-defined]  # of a TIFF
        if starts and lengths and len(starts) == len(lengths):
            return all(start + length <= len(content) for start, length in zip(starts, lengths))
    return True
