"""A folder of images that come in groups."""

import os.path as osp

from mmifnd.registry import DATASETS

from .custom import CustomDataset
from .group_files import read_group_table


@DATASETS.register_module()
class GroupedFolder(CustomDataset):
    """:class:`CustomDataset` whose images know their group, for :class:`mmifnd.detectors.GroupDetector`.

    Images that the file does not name have no group. Each annotation gets its ``group``; any other data set of mmpretrain
    can have that key, too.

    Args:
        groups (str | None): ``.csv`` with a line of column names, or ``.txt`` of lines ``path group``. Paths are those below
            the folder of the images (``data_root/data_prefix``); the path of the file is one for itself. None: no groups.
        path_column (str): column of the image's path in the ``.csv``.
        group_column (str): column of the group's name.
        **kwargs: see :class:`CustomDataset`.

    Raises:
        FileNotFoundError: where there is no such file.
        ValueError: where it cannot be read, or names none of the images.
    """

    def __init__(self, groups: str | None, path_column: str = 'path', group_column: str = 'group', **kwargs) -> None:
        self.groups = groups
        self._table = None if groups is None else read_group_table(groups, path_column, group_column)
        super().__init__(**kwargs)

    def load_data_list(self) -> list[dict]:
        """Path, label and group of each image."""
        infos = super().load_data_list()
        if self._table is None:
            return infos
        names = [osp.relpath(info['img_path'], self.img_prefix) for info in infos]
        if infos and not any(name in self._table for name in names):
            raise ValueError(f'groups={self.groups} names none of the {len(infos)} images in {self.img_prefix}: it has paths '
                             f'like {next(iter(self._table))}, the folder like {names[0]}')
        return [dict(info, group=self._table.get(name)) for info, name in zip(infos, names)]
