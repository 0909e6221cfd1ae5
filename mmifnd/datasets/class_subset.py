"""Folders of classes; only the listed ones are used."""

from pathlib import Path

from mmifnd.registry import DATASETS

from .custom import CustomDataset
from .folder import walk_folder
from .text_files import lines_of, read_text


@DATASETS.register_module()
class ClassSubset(CustomDataset):
    """:class:`CustomDataset` on some of the class folders, such as the 100 classes of ImageNet-100.

    Labels count the listed folders in sorted order, so that they do not depend on the order of the lines.

    Args:
        class_list (str, optional): text file with the name of one class folder a line; empty lines, and what follows a #, are
            skipped. The path is one for itself, not relative to ``data_root``. None, given explicitly, for all folders.
        data_root (str): see :class:`CustomDataset`.
        data_prefix (str): folder in ``data_root`` that holds the class folders.
        with_label (bool): whether samples have labels.
        **kwargs: see :class:`CustomDataset`; but ``ann_file``, which is the other way to say what belongs to the data set.

    Raises:
        FileNotFoundError: if there is no list, or not all of its folders.
        ValueError: if the list is empty or names a folder twice, its folders hold no images, or ``ann_file`` is given.
    """

    def __init__(self, class_list: str | None, data_root: str = '', data_prefix: str = '', with_label: bool = True,
                 **kwargs) -> None:
        if kwargs.get('ann_file'):
            raise ValueError(f'ann_file={kwargs["ann_file"]} of ClassSubset: it takes all images of the listed folders; '
                             'use CustomDataset for a list of images')
        self.class_list = class_list
        if class_list is not None:
            self.folders = read_class_list(class_list)
            kwargs['metainfo'] = dict(classes=tuple(self.folders), **(kwargs.get('metainfo') or {}))
        super().__init__(data_root=data_root, data_prefix=data_prefix, with_label=with_label, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Path and label of each image in the listed folders."""
        if self.class_list is None:
            return super().load_data_list()
        root = Path(self.img_prefix)
        missing = [folder for folder in self.folders if not (root / folder).is_dir()]
        if missing:
            raise FileNotFoundError(f'{len(missing)} of the {len(self.folders)} folders in {self.class_list} are not in '
                                    f'{root}, such as {missing[0]}; check data_root, data_prefix and class_list')
        samples = [(f'{folder}/{name}', label) for label, folder in enumerate(self.folders)
                   for name in walk_folder(str(root / folder), self.extensions).images]
        if not samples:
            raise ValueError(f'no images of {", ".join(self.extensions)} in the {len(self.folders)} folders of '
                             f'{self.class_list} in {root}')
        return [dict(img_path=str(root / name), **(dict(gt_label=label) if self.with_label else {}))
                for name, label in samples]


def read_class_list(path: str) -> list[str]:
    """Folder names in a class list, sorted.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is empty, names a folder twice, or holds a path.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise FileNotFoundError(f'no class list {path}; set class_list to a text file with one class folder a line')
    names = [name for line in lines_of(read_text(file, f'the class list {path}')) if (name := line.split('#')[0].strip())]
    if not names:
        raise ValueError(f'the class list {path} is empty; name one class folder a line')
    outside = [name for name in names if name in ('.', '..') or '/' in name or '\\' in name]
    if outside:
        raise ValueError(f'the class list {path} names {outside[0]}; give names of folders in the data root, not paths')
    twice = sorted(name for name in set(names) if names.count(name) > 1)
    if twice:
        raise ValueError(f'the class list {path} names {twice[0]} more than once')
    return sorted(names)
