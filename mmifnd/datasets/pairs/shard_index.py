"""Where the pairs of a tar shard are: an index of offsets beside it."""

import os
from pathlib import Path

import numpy as np

from mmifnd.files import write_by
from mmifnd.foreign import parse_json
from mmifnd.records.arrays import RecordError, read_arrays

from .caption_text import caption_hash, checked_caption
from .tar_members import BLOCK, Member, members_of

IMAGES = ('jpg', 'jpeg', 'png', 'webp')
#: Offset and size of the image; offset of the caption after the image's, and its size, negative in a ``.json``; hash of the
#: normalised caption. 28 bytes per pair.
RECORD = np.dtype([('image', '<i8'), ('image_size', '<i4'), ('text', '<i4'), ('text_size', '<i4'), ('caption', '<i8')])
#: Pairs that are left out: samples without an image, and without a caption.
_VERSION = 1


class ShardIndex:
    """The pairs of one shard.

    Attributes:
        pairs (np.ndarray): :data:`RECORD` (n,).
        no_image (int): samples that are left out for want of an image.
        no_caption (int): samples that are left out for want of a caption.
    """

    def __init__(self, pairs: np.ndarray, no_image: int, no_caption: int) -> None:
        self.pairs, self.no_image, self.no_caption = pairs, no_image, no_caption


def index_file(shard: str, index_dir: str | None = None) -> Path:
    """Where the index of a shard is kept: ``SHARD.index.npz`` beside it, or in ``index_dir``."""
    name = f'{Path(shard).name}.index.npz'
    return Path(shard).with_name(name) if index_dir is None else Path(index_dir) / name


def load_index(shard: str, index_dir: str | None = None) -> ShardIndex | None:
    """The index of a shard; None if there is none, or the shard has changed since.

    Raises:
        ValueError: if the file is no index.
    """
    file = index_file(shard, index_dir)
    if not file.is_file():
        return None
    try:
        arrays = read_arrays(file, ('stamp', 'pairs', 'left_out'))
        stamp, pairs, left_out = arrays['stamp'], arrays['pairs'], arrays['left_out'].tolist()
    except RecordError as error:
        raise ValueError(f'{file} is no index of a shard ({error}); remove it') from None
    if stamp.tolist() != _stamp(shard) or pairs.dtype != RECORD:
        return None
    counts = arrays['left_out']
    is_sound = pairs.ndim == 1 and counts.shape == (2,) and counts.dtype == np.int64 and not (counts < 0).any()
    if not is_sound or not _fit(pairs, os.path.getsize(shard)):
        raise ValueError(f'{file} names places that its shard does not have; remove it')
    return ShardIndex(pairs, *left_out)


def _fit(pairs: np.ndarray, size: int) -> bool:
    """Whether all images and captions lie in a shard of ``size`` bytes."""
    start, length = pairs['image'], pairs['image_size'].astype(np.int64)
    text, text_length = start + pairs['text'], np.abs(pairs['text_size'].astype(np.int64))
    return bool((start >= BLOCK).all() and (length >= 0).all() and (start <= size - length).all()
                and (text >= BLOCK).all() and (text <= size - text_length).all())


def build_index(shard: str, index_dir: str | None = None) -> ShardIndex:
    """Read the headers and captions of a shard, and keep the index; written under another name first, then renamed.

    Raises:
        ValueError: if the shard cannot be used.
        OSError: if the index cannot be written.
    """
    stamp, index = _stamp(shard), read_shard(shard)
    arrays = dict(stamp=np.array(stamp, np.int64), pairs=index.pairs,
                  left_out=np.array([index.no_image, index.no_caption], np.int64))
    write_by(index_file(shard, index_dir), lambda file: np.savez(file, **arrays))
    return index


def read_shard(shard: str) -> ShardIndex:
    """The index of a shard in img2dataset's layout: ``KEY.jpg`` (jpeg, png, webp) and ``KEY.txt`` or ``KEY.json``.

    Raises:
        ValueError: if a key has two images or comes back, or the shard cannot be read.
    """
    records, no_image, no_caption = [], 0, 0
    with open(shard, 'rb') as file:
        for key, members in _samples(shard):
            image, text = _image_of(key, members, shard), members.get('txt') or members.get('json')
            caption = None if text is None else _caption(file.fileno(), shard, key, text)
            if image is None:
                no_image += 1
            elif not caption:
                no_caption += 1
            else:
                size = text.size if text is members.get('txt') else -text.size
                records.append((image.offset, image.size, text.offset - image.offset, size, caption_hash(caption)))
    return ShardIndex(np.array(records, RECORD), no_image, no_caption)


def read_caption(content: bytes, is_json: bool, where: str) -> str | None:
    """The caption of a ``.txt`` or a ``.json``; None if there is none.

    Raises:
        ValueError: if it is no text.
    """
    try:
        text = content.decode('utf-8-sig')
        caption = parse_json(text, 'the .json').get('caption') if is_json else text
    except (ValueError, AttributeError) as error:
        raise ValueError(f'{where}: the caption cannot be read ({error})') from None
    return None if caption is None else checked_caption(caption, where) or None


def _samples(shard: str) -> list[tuple[str, dict[str, Member]]]:
    """Members by suffix of each key, in the order of the archive."""
    samples: dict[str, dict[str, Member]] = {}
    last = None
    for member in members_of(shard):
        folder, _, name = member.name.rpartition('/')
        stem, _, suffix = name.partition('.')
        key = f'{folder}/{stem}' if folder else stem
        if key != last and key in samples:
            raise ValueError(f'{shard} has the key {key!r} twice; a shard needs one sample per key, its files '
                             'next to each other')
        suffix = suffix.lower()
        if suffix in samples.setdefault(key, {}):
            raise ValueError(f'{shard} has {member.name!r} twice; remove one')
        samples[key][suffix], last = member, key
    return list(samples.items())


def _image_of(key: str, members: dict[str, Member], shard: str) -> Member | None:
    suffixes = [suffix for suffix in IMAGES if suffix in members]
    if len(suffixes) > 1:
        raise ValueError(f'{shard} has {len(suffixes)} images of the key {key!r}, .{" and .".join(suffixes)}; keep one')
    return members[suffixes[0]] if suffixes else None


def _caption(descriptor: int, shard: str, key: str, text: Member) -> str | None:
    return read_caption(os.pread(descriptor, text.size, text.offset), text.name.endswith('.json'), f'{key} of {shard}')


def _stamp(shard: str) -> list[int]:
    """What changes when a shard changes."""
    status = os.stat(shard)
    return [_VERSION, status.st_size, status.st_mtime_ns]
