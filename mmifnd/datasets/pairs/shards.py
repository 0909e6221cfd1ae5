"""Pairs in tar shards, as img2dataset writes them, read at random by an index of offsets."""

import bisect
import glob
import itertools
import logging
import os
import re
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from mmengine.dataset import BaseDataset

from mmifnd.checks import check_choice
from mmifnd.distributed import rank, world_size
from mmifnd.errors import UserError
from mmifnd.registry import DATASETS

from ..said import say_once
from ..text_files import shown
from .captioned import Captioned
from .shard_index import ShardIndex, build_index, index_file, load_index, read_caption
from .tar_members import BLOCK, is_header_of

_RANGE = re.compile(r'\{(\d+)\.\.(\d+)\}')
_GROUPS = ('caption',)
_OPEN_FILES = 256


@DATASETS.register_module()
class PairShards(BaseDataset, Captioned):
    """Images and captions in uncompressed tar files: ``KEY.jpg`` (jpeg, png, webp) with ``KEY.txt`` or ``KEY.json``.

    Every pair has a position, so that resume, thresholds and groups work as with files; webdataset's streams have none. The
    first use reads all headers and captions and keeps an index of offsets for each shard, see
    :mod:`mmifnd.datasets.pairs.shard_index`; ``tools/dataset_converters/index_shards.py`` does that beforehand, on many cores.

    Args:
        shards (str | Sequence[str]): paths with ``{00000..00331}`` or ``*``, or a list of such.
        data_root (str): folder that relative paths start from.
        index (str): ``'auto'`` makes or renews an index that is missing or older than its shard; ``'ready'`` refuses those.
        index_dir (str, optional): folder of the indices; default: beside the shards.
        pipeline (Sequence[dict]): transforms: an image loader, ``Tokenize``, ``PackInputs(meta_keys=('text',))``.
        groups (str, optional): ``'caption'``: pairs with the same normalised caption are one group.
        skip_empty (bool): leave out samples without an image or without a caption, and say how many; otherwise they are
            refused.

    Raises:
        FileNotFoundError: if no shard fits a pattern.
        ValueError: if a shard cannot be used.
    """

    METAINFO: dict = {}
    files_are_distinct = True

    def __init__(self, shards: str | Sequence[str], data_root: str = '', index: str = 'auto', index_dir: str | None = None,
                 pipeline: Sequence[dict] = (), groups: str | None = None, skip_empty: bool = True, **kwargs) -> None:
        check_choice('index', index, ('auto', 'ready'), 'PairShards')
        if groups is not None:
            check_choice('groups', groups, _GROUPS, 'PairShards')
        self.index, self.index_dir, self.groups_by, self.skip_empty = index, index_dir, groups, skip_empty
        self.shards = expand_shards(shards, data_root)
        self._files: OrderedDict[int, int] = OrderedDict()
        super().__init__(data_root=data_root, pipeline=list(pipeline), serialize_data=False, **kwargs)

    def full_init(self) -> None:
        """Load the indices, once."""
        if self._fully_initialized:
            return
        indices = self._load_indices()
        self._check_left_out(indices)
        self.pairs = np.concatenate([index.pairs for index in indices])
        self.starts = np.cumsum([0, *(len(index.pairs) for index in indices)]).tolist()
        if not len(self.pairs):
            raise ValueError(f'{self.shards[0]}, and {len(self.shards) - 1} further shards, hold no image with a caption')
        self._groups = None
        if self.groups_by:
            self._groups = np.unique(self.pairs['caption'], return_inverse=True)[1]
            say_once(f'{shown(self.shards[0])}, ...: {len(self.pairs)} pairs with {int(self._groups.max()) + 1} different '
                     'captions', logging.INFO)
        self._fully_initialized = True

    def __len__(self) -> int:
        return len(self.pairs)

    def get_data_info(self, position: int) -> dict:
        """``img_path`` (a name in the shard), ``img_bytes`` and ``captions`` of a pair, and its group."""
        position = int(position) % len(self)
        shard, (offset, size, text, text_size, _) = self._place(position)
        content = self._member(shard, offset, size)  # with the header, for the name
        info = dict(img_path=self._path(shard, content), captions=[self._caption(shard, offset + text, text_size)],
                    sample_idx=position, img_bytes=content[BLOCK:])
        return info if self._groups is None else dict(info, group=int(self._groups[position]))

    def captions_at(self, position: int) -> list[str]:
        """The caption of a pair, without its image."""
        shard, (offset, _, text, text_size, _) = self._place(int(position))
        return [self._caption(shard, offset + text, text_size)]

    def name_at(self, position: int) -> str:
        """The name of a pair's image in its shard, without a look at its content."""
        shard, (offset, *_) = self._place(int(position))
        return self._path(shard, os.pread(self._open(shard), BLOCK, offset - BLOCK))

    def group_at(self, position: int) -> int | None:
        """The group of a pair."""
        return None if self._groups is None else int(self._groups[position])

    def content(self, positions: np.ndarray) -> bytes:
        """What a digest of the pairs at ``positions`` has to know: places and captions, not the time of the files."""
        shard = np.searchsorted(self.starts, positions, side='right') - 1
        names = '\0'.join(os.path.basename(self.shards[number]) for number in np.unique(shard))
        return names.encode('utf-8', 'surrogateescape') + np.asarray(shard, '<i8').tobytes() + self.pairs[positions].tobytes()

    def shard_sizes(self) -> list[int]:
        """Pairs of each shard, in order."""
        return [end - start for start, end in itertools.pairwise(self.starts)]

    def _load_indices(self) -> list[ShardIndex]:
        indices: dict[int, ShardIndex] = {}
        total = len(self.shards)
        begin = rank() * total // world_size()  # each process begins with other shards, and finds the rest done by then
        for number in [(begin + step) % total for step in range(total)]:
            indices[number] = self._index_of(self.shards[number])
        return [indices[number] for number in range(total)]

    def _index_of(self, shard: str) -> ShardIndex:
        index = load_index(shard, self.index_dir)
        if index is not None:
            return index
        file = index_file(shard, self.index_dir)
        if self.index == 'ready':
            state = 'is older than its shard' if file.is_file() else 'does not exist'
            raise ValueError(f'{file} {state}; run tools/dataset_converters/index_shards.py, or set index="auto"')
        try:
            return build_index(shard, self.index_dir)
        except OSError as error:
            raise ValueError(f'the index {file} cannot be written ({error.strerror}); set index_dir to a folder that can be '
                             'written to') from None

    def _check_left_out(self, indices: list[ShardIndex]) -> None:
        no_image, no_caption = (sum(getattr(index, name) for index in indices) for name in ('no_image', 'no_caption'))
        if not no_image and not no_caption:
            return
        text = f'{len(self.shards)} shards have {no_image} samples without an image and {no_caption} without a caption'
        if not self.skip_empty:
            raise ValueError(f'{text}; set skip_empty=True to leave them out')
        say_once(f'{text}: they are left out', logging.WARNING)

    def _place(self, position: int) -> tuple[int, tuple[int, int, int, int, int]]:
        """The shard of a pair, and its record."""
        return bisect.bisect_right(self.starts, position) - 1, self.pairs[position].item()

    def _caption(self, shard: int, offset: int, size: int) -> str:
        content = self._member(shard, offset, abs(size))[BLOCK:]
        return read_caption(content, size < 0, self.shards[shard]) or ''

    def _member(self, shard: int, offset: int, size: int) -> bytes:
        """Header and content of a file in a shard; raises UserError if the index says what the shard does not."""
        content = os.pread(self._open(shard), BLOCK + size, offset - BLOCK)
        if len(content) < BLOCK + size or not is_header_of(content[:BLOCK], size):
            index = index_file(self.shards[shard], self.index_dir)
            raise UserError(f'{shown(self.shards[shard])} has no file of {size} bytes at byte {offset}, where '
                            f'{shown(str(index))} names one; remove the index, so that it is made anew')
        return content

    def _path(self, shard: int, header: bytes) -> str:
        """The shard and the name in a header, of which at most 100 bytes are there."""
        name = header[:100].split(b'\0', 1)[0].decode('utf-8', 'replace')
        return f'{self.shards[shard]}/{name}'

    def _open(self, shard: int) -> int:
        """A descriptor of a shard; it is read at offsets, so that processes may share it."""
        descriptor = self._files.get(shard)
        if descriptor is None:
            while len(self._files) >= _OPEN_FILES:
                os.close(self._files.popitem(last=False)[1])
            descriptor = self._files[shard] = os.open(self.shards[shard], os.O_RDONLY)
        return descriptor

    def __getstate__(self) -> dict:
        return dict(self.__dict__, _files=OrderedDict())  # another process opens for itself


def expand_shards(shards: str | Sequence[str], data_root: str = '') -> list[str]:
    """Paths of shards, ranges and wildcards written out.

    Raises:
        FileNotFoundError: if no file fits a pattern, or a shard of a range is missing.
        ValueError: if a path is a stream.

    Example:
        >>> import tempfile, pathlib
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> for number in (0, 1, 2):
        ...     (folder / f'{number:03}.tar').touch()
        >>> [pathlib.Path(path).name for path in expand_shards('{000..001}.tar', str(folder))]
        ['000.tar', '001.tar']
    """
    found: list[str] = []
    for pattern in [shards] if isinstance(shards, str) else list(shards):
        if '://' in pattern or pattern.startswith('pipe:'):
            raise ValueError(f'shards={pattern} is a stream, which cannot be read at random; copy the shards to a disk first')
        pattern = os.path.join(data_root, pattern)
        ranged = _ranges(pattern)
        paths = sorted(glob.glob(pattern)) if ranged is None and glob.has_magic(pattern) else ranged or [pattern]
        missing = [path for path in paths if not os.path.isfile(path)]
        if not paths:
            raise FileNotFoundError(f'shards={shown(pattern)} fits no file; check data_root and the pattern')
        if missing:
            example = f', such as {shown(missing[0])}' if missing and len(paths) > 1 else ''
            raise FileNotFoundError(f'shards={shown(pattern)}: {len(missing)} of {len(paths)} files do not exist{example}; '
                                    'check data_root and the pattern')
        found += paths
    if len(set(found)) < len(found):
        raise ValueError(f'shards names {next(path for path in found if found.count(path) > 1)} twice; name each once')
    return found


def _ranges(pattern: str) -> list[str] | None:
    """All paths of a pattern with ``{000..123}``; None if it has none."""
    match = _RANGE.search(pattern)
    if match is None:
        return None
    first, last = match.groups()
    numbers = range(int(first), int(last) + 1)
    paths = [pattern[:match.start()] + str(number).zfill(len(first)) + pattern[match.end():] for number in numbers]
    return [path for part in paths for path in (_ranges(part) or [part])]
