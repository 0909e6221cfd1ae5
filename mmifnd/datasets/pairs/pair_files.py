"""Images in files, with captions: what all sources of pairs share."""

import logging
import os
import os.path as osp
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from mmengine.dataset import BaseDataset

from mmifnd.checks import check_choice

from ..image_list import Listed, check_listed
from ..said import say_once
from ..text_files import shown
from .caption_text import caption_hash, checked_caption
from .joined_groups import joined_groups

CAPTIONS = ('joined', 'each')
GROUPS = ('given', 'caption', 'image', 'either')
PARTS = ('train', 'val', 'trainval', 'test', 'all')


class Row(NamedTuple):
    """An image and captions of it, as a file has them.

    Attributes:
        path (str): of the image, relative to the folder of the images.
        captions (list): of any type; checked here.
        line (int): where the file says so, for messages.
        label (int | None): true class of the image.
        group (str | None): what the image belongs to.
    """

    path: str
    captions: list
    line: int
    label: int | None = None
    group: str | None = None


class PairFiles(BaseDataset):
    """Base of the data sets of images in files with captions; each item has ``img_path`` and ``captions``, a list.

    Args:
        ann_file (str): the file that names images and captions, relative to ``data_root``.
        data_root (str): folder of file and images.
        data_prefix (str | dict): folder of the images in ``data_root``.
        pipeline (Sequence[dict]): transforms: an image loader, ``Tokenize``, ``PackInputs(meta_keys=('text',))``.
        captions (str): ``'joined'``: an image is one item with all of its captions, of which each epoch draws one.
            ``'each'``: each caption is an item of its own, with state of its own.
        groups (str, optional): what items of one group share: their ``'caption'`` (normalised), their ``'image'``,
            ``'either'``, directly or through others, or the group that is ``'given'`` in the file; None for no groups.
        skip_empty (bool): leave out images without a caption, and empty captions; otherwise they are refused.
        part (str): ``'test'``, a share of the items that is held out; ``'trainval'``, all others; ``'val'``, the same share of
            the latter, and ``'train'``, the rest; ``'all'``. Items that share a caption or an image, and images of equal
            content, are in one part.
        holdout (float): that share, of each class if there are labels, in [0, 1).
        split_seed (int): of the choice, a hash of seed and paths.
        **kwargs: see ``mmengine.dataset.BaseDataset``.

    Raises:
        FileNotFoundError: if the file, or most of its images, do not exist.
        ValueError: if the file cannot be used, with the line.
    """

    METAINFO: dict[str, Any] = {}

    def __init__(self, ann_file: str, data_root: str = '', data_prefix: str | dict = '', pipeline: Sequence[dict] = (),
                 captions: str = 'joined', groups: str | None = None, skip_empty: bool = False, part: str = 'all',
                 holdout: float = 0.2, split_seed: int = 0, **kwargs) -> None:
        check_choice('captions', captions, CAPTIONS, type(self).__name__)
        if groups is not None:
            check_choice('groups', groups, GROUPS, type(self).__name__)
        check_choice('part', part, PARTS, type(self).__name__)
        self.captions, self.groups, self.skip_empty = captions, groups, skip_empty
        self.part, self.holdout, self.split_seed = part, holdout, split_seed
        self.files_are_distinct = captions == 'each'  # items of one image have an index each
        prefix = data_prefix if isinstance(data_prefix, dict) else dict(img_path=data_prefix)
        super().__init__(ann_file=ann_file, data_root=data_root, data_prefix=prefix, pipeline=list(pipeline), **kwargs)

    @abstractmethod
    def read_rows(self) -> Iterator[Row]:
        """Images and captions in the order of the file."""

    @property
    def what(self) -> str:
        """How messages name the file."""
        return f'ann_file={shown(self.ann_file)}'

    def load_data_list(self) -> list[dict]:
        """Path and captions of each item, its label and group if there are any."""
        if not osp.isfile(self.ann_file):
            raise FileNotFoundError(f'{self.what} of {type(self).__name__} does not exist; check data_root and ann_file')
        rows = self._with_captions(self._joined(self.read_rows()))
        if not rows:
            raise ValueError(f'{self.what} names no image with a caption')
        root = self.data_prefix.get('img_path', '')
        check_listed([Listed(row.path, None, row.line) for row in rows], root, self.what, False)
        if self.captions == 'each':
            rows = [row._replace(captions=[caption]) for row in rows for caption in row.captions]
        groups = self._groups(rows)
        items = [self._item(row, root, group) for row, group in zip(rows, groups, strict=True)]
        return items if self.part == 'all' or not self.holdout else self._part_of(items, rows)

    def _part_of(self, items: list[dict], rows: list[Row]) -> list[dict]:
        from ..split_folder import positions_of_part  # this module is among those that split_folder imports
        chosen = positions_of_part(
            items, self.data_prefix.get('img_path', ''), [item.get('gt_label', 0) for item in items], self.part, self.holdout,
            self.split_seed, joined_groups(_keys(rows, 'either')))
        if not len(chosen):
            raise ValueError(f'holdout={self.holdout} leaves no pair for part={self.part!r} of the {len(items)} in '
                             f'{self.what}: pairs that share a caption or an image stay together; choose a larger share, '
                             'or holdout=0')
        return [items[position] for position in chosen]

    def _joined(self, rows: Iterator[Row]) -> list[Row]:
        """One row for each image, in the order of first occurrence; paths and captions checked."""
        joined: dict[str, Row] = {}
        for row in rows:
            path = self._checked_path(row)
            captions = [checked_caption(caption, f'line {row.line} of {self.what}') for caption in row.captions]
            earlier = joined.get(path)
            if earlier is None:
                joined[path] = row._replace(path=path, captions=captions)
            else:
                self._check_same(earlier, row)
                earlier.captions.extend(captions)
        return list(joined.values())

    def _checked_path(self, row: Row) -> str:
        path = osp.normpath(row.path.strip()) if isinstance(row.path, str) and row.path.strip() else ''
        if not path or '\0' in path:
            raise ValueError(f'line {row.line} of {self.what} names no image')
        if osp.isabs(path) or path.split(os.sep)[0] == os.pardir:
            raise ValueError(f'line {row.line} of {self.what} names {shown(row.path)}, which is absolute or outside of the '
                             'folder of the images; write paths relative to data_root/data_prefix')
        return path

    def _check_same(self, earlier: Row, row: Row) -> None:
        for name in ('label', 'group'):
            if getattr(earlier, name) != getattr(row, name):
                raise ValueError(f'{shown(row.path)} has {name} {getattr(earlier, name)!r} in line {earlier.line} of '
                                 f'{self.what} and {getattr(row, name)!r} in line {row.line}; give an image one')

    def _with_captions(self, rows: list[Row]) -> list[Row]:
        """Rows without their empty captions, and only those that have a caption left."""
        empty = sum(row.captions.count('') + (not row.captions) for row in rows)
        if not empty:
            return rows
        first = next(row for row in rows if '' in row.captions or not row.captions)
        if not self.skip_empty:
            raise ValueError(f'{self.what} has {empty} images or rows without a caption, such as {shown(first.path)} in line '
                             f'{first.line}; fill them in, or set skip_empty=True to leave them out')
        kept = [row._replace(captions=[caption for caption in row.captions if caption]) for row in rows]
        kept = [row for row in kept if row.captions]
        say_once(f'{self.what}: {empty} empty captions are left out, and with them {len(rows) - len(kept)} of {len(rows)} '
                 'images', logging.WARNING)
        return kept

    def _groups(self, rows: list[Row]) -> list:
        if self.groups is None or self.groups == 'given':
            return [row.group for row in rows]
        groups = joined_groups(_keys(rows, self.groups)).tolist()
        say_once(f'{self.what}: {len(groups)} items in {len(set(groups))} groups by {self.groups}', logging.INFO)
        return groups

    def _item(self, row: Row, root: str, group) -> dict:
        item = dict(img_path=osp.join(root, row.path), captions=row.captions)
        if row.label is not None:
            item['gt_label'] = row.label
        return item if group is None or self.groups is None else dict(item, group=group)


def _keys(rows: list[Row], groups: str) -> list[list[tuple[str, Any]]]:
    """What makes items one group: their captions, their image, or either."""
    return [[*(('caption', caption_hash(text)) for text in row.captions if groups != 'image'),
             *([('image', row.path)] if groups != 'caption' else [])] for row in rows]
