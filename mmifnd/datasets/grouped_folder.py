"""A folder of images that come in groups."""

import logging
import os.path as osp

from mmifnd.registry import DATASETS

from .custom import CustomDataset
from .group_files import DUPLICATES, GroupTable, read_group_table
from .load_image import LoadImageFromFile, loader_in
from .look import equal_contents, look_at
from .said import say_once
from .text_files import shown


@DATASETS.register_module()
class GroupedFolder(CustomDataset):
    """:class:`CustomDataset` whose images know their group, for :class:`mmifnd.detectors.GroupDetector`.

    Images that the file does not name have no group; how many there are, and how many lines match no image, is logged. Each
    annotation gets its ``group``; any other data set of mmpretrain can have that key, too.

    Args:
        groups (str, optional): ``.csv`` with a line of column names, or ``.txt`` of lines ``path group``. Paths are those below
            the folder of the images (``data_root/data_prefix``), or below ``data_root``; the path of the file is one for
            itself. Or ``'duplicates'``: images of equal pixels; all images are read for that. None for no groups.
        path_column (str): column of the image's path in the ``.csv``.
        group_column (str): column of the group's name.
        min_matched (float): least share, in [0, 1], of the lines that name an image of the folder.
        **kwargs: see :class:`CustomDataset`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it cannot be read, or too few of its lines name an image.
    """

    def __init__(self, groups: str | None, path_column: str = 'path', group_column: str = 'group', min_matched: float = 0.9,
                 **kwargs) -> None:
        if not 0 <= min_matched <= 1:
            raise ValueError(f'min_matched={min_matched} of GroupedFolder is no share; give 0 to 1')
        self.groups, self.min_matched = groups, min_matched
        self._table = None if groups in (None, DUPLICATES) else read_group_table(groups, path_column, group_column)
        self._loader = loader_in(kwargs.get('pipeline'))
        super().__init__(**kwargs)

    def load_data_list(self) -> list[dict]:
        """Path, label and group of each image."""
        infos = super().load_data_list()
        if self.groups == DUPLICATES:
            return self._with_duplicates(infos)
        if self._table is None or not infos:
            return infos
        names = [self._name_in_table(info['img_path'], self._table) for info in infos]
        self._check_matched(infos, names, self._table)
        return [dict(info, group=self._table.groups.get(name)) for info, name in zip(infos, names)]

    def _name_in_table(self, path: str, table: GroupTable) -> str | None:
        """What the table calls an image; None if it does not."""
        names = (osp.relpath(path, self.img_prefix), osp.relpath(path, self.data_root or self.img_prefix), osp.abspath(path))
        return next((name for name in names if name in table.groups), None)

    def _check_matched(self, infos: list[dict], names: list[str | None], table: GroupTable) -> None:
        """Refuse a file of other images; say what it does not tell."""
        used = set(names)
        lost = [name for name in table.groups if name not in used]
        roots = (self.img_prefix, self.data_root)  # images of another split are no mistake
        lost = [name for name in lost if not any(osp.isfile(osp.join(root, name)) for root in roots)]
        example = f', such as {shown(lost[0])}' if lost else ''
        total = len(table.groups)
        if total - len(lost) < self.min_matched * total or not used - {None}:
            raise ValueError(f'groups={self.groups}: {len(lost)} of its {total} paths name none of the {len(infos)} images in '
                             f'{self.img_prefix}{example}; there are paths like '
                             f'{shown(osp.relpath(infos[0]["img_path"], self.img_prefix))}. Correct them, or lower '
                             f'min_matched={self.min_matched}')
        without = names.count(None)
        groups = len({table.groups[name] for name in used if name is not None})
        said = (f'groups={self.groups}: {groups} groups; {without} of {len(infos)} images have no group; {len(lost)} lines '
                f'match no image{example}; {table.without} lines have no group')
        say_once(said, logging.WARNING if lost or without or table.without else logging.INFO)

    def _with_duplicates(self, infos: list[dict]) -> list[dict]:
        looks = look_at([info['img_path'] for info in infos], LoadImageFromFile(**self._loader))
        group = {position: str(number) for number, same in enumerate(equal_contents(looks)) for position in same}
        say_once(f'groups=duplicates: {len(group)} of {len(infos)} images in {self.img_prefix} have the pixels of another one')
        return [dict(info, group=group.get(position)) for position, info in enumerate(infos)]
