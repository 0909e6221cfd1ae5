"""What a run remembers of its images, so that another set under the same names is noticed when it goes on.

Remembered are number, names and order of the images, the size of every file, the content of a sample of them (of all where
they are few), labels, groups and captions. Times of files are not: data are copied to the disk of a node.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch

from mmifnd.files import read_regular
from mmifnd.functional.counter_random import counter_hash
from mmifnd.shortage import ShortageError, shortage_of

from .annotations import (
    as_labels,
    fingerprint_of,
    groups_of,
    labels_of,
    leaf_captions,
    leaf_name,
    name_bytes,
    naming_of,
    numbered_groups,
    unordered_fingerprint_of,
)
from .leaf_files import leaf_path
from .pairs.captioned import Captioned
from .pairs.shards import PairShards
from .sample_index import Origin
from .tensor_images import TensorImages

#: Bytes of files up to which the content of all of them is digested; otherwise that of so many files.
SMALL, SAMPLE = 1 << 28, 1000
_SEED = 16
_THREADS, _CHUNK = 8, 256

#: What :func:`describe` remembers besides number and order, and how a refusal calls it.
PARTS = dict(
    names='other names', captions='other captions', sizes='files of other sizes under the same names',
    contents='files of another content under the same names and sizes', labels='other labels', groups='other groups')


def describe(origin: Origin) -> dict[str, Any]:
    """Number, order and digests of the images of ``origin``, as a checkpoint keeps them; plain values.

    Returns:
        dict: ``count`` (int), ``ordered`` and ``unordered`` (digests of names, or of pixels in memory, and captions),
        ``sampled`` (int, files whose content was read), and for each of :data:`PARTS` a digest or None.
    """
    files = _Files(origin)
    sizes = files.sizes()
    chosen = _sample(len(origin.leaf), sizes)
    return dict(
        files.fingerprints(), count=len(origin.leaf), names=_sum(files.names), captions=_digest(files.captions),
        labels=_digest(files.labels), groups=_digest(files.groups), sampled=len(chosen),
        sizes=None if sizes is None else _sum(f'{name} {size}' for name, size in zip(files.names, sizes.tolist(), strict=True)),
        contents=_sum(f'{files.names[row]} {digest}' for row, digest in zip(chosen, files.contents(chosen), strict=True)))


def changes_between(then: dict[str, Any], now: dict[str, Any]) -> dict[str, str]:
    """What differs between two :func:`describe`, in words, by part; of what one of them does not say, nothing.

    Another number, other names and another order come alone: nothing else can be compared then.

    Example:
        >>> then = dict(count=2, ordered='a', unordered='b', labels='c')
        >>> changes_between(then, dict(then, labels='d'))
        {'labels': '2 images as then, but other labels'}
        >>> changes_between(then, dict(then, count=3))
        {'count': '2 images then, 3 now'}
    """
    if then['count'] != now['count']:
        return dict(count=f'{then["count"]} images then, {now["count"]} now')
    words = {part: f'{now["count"]} images as then, but {words}' for part, words in PARTS.items()}
    differ = [part for part in PARTS if None not in (then.get(part), now.get(part)) and then[part] != now[part]]
    if then.get('sampled') != now.get('sampled') and 'contents' in differ:
        differ.remove('contents')
    if 'names' in differ or then['unordered'] != now['unordered'] and 'captions' not in differ:
        return dict(names=f'{now["count"]} images as then, but other ones (their names, or, without names, their contents)')
    if then['ordered'] != now['ordered'] and 'captions' not in differ:
        return dict(order='the same images, but in another order')
    return {part: words[part] for part in differ}


class _Files:
    """Names and files of the images of an origin, and their annotations, each of which is unpacked once."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._places = list(zip(origin.leaf.tolist(), origin.position.tolist()))
        if all(_is_annotated(leaf) for leaf in origin.leaves):
            self._unpack()
            return
        self._paths = [None if isinstance(leaf, PairShards) else leaf_path(leaf, position) for leaf, position in self._leaves()]
        self.names = [leaf_name(leaf, position) or '' for leaf, position in self._leaves()]
        self._texts = [leaf_captions(leaf, position) for leaf, position in self._leaves()]
        self.labels, self.groups = labels_of(origin), groups_of(origin)

    def _leaves(self) -> Iterator[tuple[Any, int]]:
        return ((self._origin.leaves[number], position) for number, position in self._places)

    def _unpack(self) -> None:
        """Paths, names and annotations of data sets of mmengine's kind."""
        leaves, namings = self._origin.leaves, [naming_of(leaf) for leaf in self._origin.leaves]
        self._paths, self.names, self._texts, labels, groups = [], [], [], [], []
        for number, position in self._places:
            info = leaves[number].get_data_info(position)
            path = info.get('img_path')
            self._paths.append(path if isinstance(path, str) else None)
            self.names.append(namings[number](path) if isinstance(path, str) else '')
            for column, key in ((labels, 'gt_label'), (groups, 'group'), (self._texts, 'captions')):
                column.append(info.get(key))
        self.labels, self.groups = as_labels(labels), numbered_groups(self._origin, groups)

    @property
    def captions(self) -> list[list[str]] | None:
        """The captions of each image; None if one has none."""
        return None if any(texts is None for texts in self._texts) else self._texts

    def fingerprints(self) -> dict[str, str]:
        """``ordered`` and ``unordered``, as :mod:`mmifnd.datasets.annotations` computes them, without another look at names."""
        leaves = self._origin.leaves
        if any(isinstance(leaf, (TensorImages, PairShards)) for leaf in leaves) or not all(self.names):
            return dict(ordered=fingerprint_of(self._origin), unordered=unordered_fingerprint_of(self._origin))
        contents = [name_bytes(name, texts) for name, texts in zip(self.names, self._texts, strict=True)]
        ordered = hashlib.sha256(str(len(contents)).encode())
        for row in np.argsort(self._origin.leaf, kind='stable').tolist():
            ordered.update(contents[row])
        return dict(ordered=ordered.hexdigest()[:16], unordered=_sum(contents))

    def sizes(self) -> np.ndarray | None:
        """Bytes of each file, int64 (N,), -1 of one that cannot be looked at; None if no image is a file of its own."""
        if not any(path is not None and '://' not in path for path in self._paths):
            return None
        return np.array(_in_threads(_size, self._paths), dtype=np.int64)

    def contents(self, rows: Sequence[int]) -> list[str]:
        """Digests of some files."""
        return _in_threads(self._content, rows)

    def _content(self, row: int) -> str:
        leaf, position = self._origin.leaves[self._places[row][0]], self._places[row][1]
        if isinstance(leaf, PairShards):
            return _hash(leaf.get_data_info(position)['img_bytes'])
        path = self._paths[row]
        try:
            return '' if path is None or '://' in path else _hash(read_regular(path))
        except ShortageError:
            raise
        except (OSError, ValueError):  # a broken image, which training replaces
            return ''


def _is_annotated(leaf) -> bool:
    """Whether all that is known of an image is in its annotation."""
    return hasattr(leaf, 'get_data_info') and not isinstance(leaf, (TensorImages, PairShards, Captioned))


def _sample(total: int, sizes: np.ndarray | None) -> list[int]:
    """Rows whose content is digested: all of a small set, else those of the least hashes."""
    if sizes is not None and int(sizes.clip(min=0).sum()) <= SMALL:
        return list(range(total))
    order = torch.argsort(counter_hash(_SEED, torch.arange(total)), stable=True)
    return sorted(order[:SAMPLE].tolist())


def _size(path: str | None) -> int:
    if path is None or '://' in path:
        return -1
    try:
        return os.stat(path).st_size
    except OSError as error:
        if shortage := shortage_of(error):
            raise ShortageError.of(shortage, error) from error
        return -1


def _in_threads(function: Callable, values: Sequence) -> list:
    parts = [values[start:start + _CHUNK] for start in range(0, len(values), _CHUNK)]
    with ThreadPoolExecutor(_THREADS) as pool:
        return [result for part in pool.map(lambda part: list(map(function, part)), parts) for result in part]


def _sum(texts: Iterable[str | bytes]) -> str:
    """A digest that is the same for any order."""
    total = 0
    for text in texts:
        content = text.encode('utf-8', 'surrogateescape') if isinstance(text, str) else text
        total += int.from_bytes(hashlib.sha256(content).digest()[:8], 'big')
    return f'{total % (1 << 64):016x}'


def _digest(values: np.ndarray | list | None) -> str | None:
    if values is None:
        return None
    return _hash(values.astype('<i8').tobytes() if isinstance(values, np.ndarray) else repr(values).encode('utf-8',
                                                                                                        'surrogatepass'))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
