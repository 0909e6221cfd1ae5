"""Images in folders, or named by a list: mmpretrain's data set on one walk and one reader of lists."""

import logging
import os.path as osp
from collections.abc import Sequence

from mmifnd.checks import check_choice
from mmifnd.registry import DATASETS  # first: mmpretrain's data sets need its torchvision shim

from mmpretrain.datasets import CustomDataset as _CustomDataset  # isort: skip

from .folder import Layout, readable_suffixes, remarks, walk_folder
from .image_list import check_listed, read_listed, with_slashes
from .said import say_once
from .text_files import shown


@DATASETS.register_module()
class CustomDataset(_CustomDataset):
    """mmpretrain's ``CustomDataset``, which reads all formats that the installed libraries read.

    Folders are walked as everywhere here (:func:`mmifnd.datasets.folder.walk_folder`): links are followed, hidden names and
    folders of training runs skipped, and what is left out is logged in one line. Labels, names and order of plain folders
    are those of mmpretrain.

    Args:
        extensions (Sequence[str], optional): suffixes to take; default: :func:`readable_suffixes`.
        first_label (int, optional): number of the first class in ``ann_file``, subtracted from all its labels; None takes them
            as they are.
        outside_links (str): ``'follow'`` links of images that lead out of the data root, and say how many there are, or
            ``'refuse'`` them.
        **kwargs: see ``mmpretrain.datasets.CustomDataset``.

    Raises:
        ValueError, FileNotFoundError: if the folder holds no image, or the list cannot be used; in one line.
    """

    def __init__(self, *args, extensions: Sequence[str] | None = None, first_label: int | None = 0,
                 outside_links: str = 'follow', **kwargs) -> None:
        check_choice('outside_links', outside_links, ('follow', 'refuse'), 'CustomDataset')
        self.first_label, self.outside_links = first_label, outside_links
        super().__init__(*args, extensions=tuple(sorted(readable_suffixes() if extensions is None else extensions)), **kwargs)

    def load_data_list(self) -> list[dict]:
        """Path of each image, and its label if there are any."""
        if not self.ann_file:
            return super().load_data_list()
        what = f'ann_file={self.ann_file}'
        first = None if self.CLASSES and not self.first_label else self.first_label  # names tell how many classes there are
        listed = read_listed(self.ann_file, what, self.with_label, first)
        if '://' not in self.img_prefix:
            listed = with_slashes(listed, self.img_prefix)
            check_listed(listed, self.img_prefix, what, self.with_label)
        paths = [dict(img_path=osp.join(self.img_prefix, image.path)) for image in listed]
        return [dict(path, gt_label=image.label) if self.with_label else path for path, image in zip(paths, listed)]

    def _find_samples(self) -> list:
        if '://' in self.img_prefix:
            return super()._find_samples()
        files = walk_folder(self.img_prefix, self.extensions)
        if not self.with_label:
            samples, layout = list(files.images), None
        else:
            samples = self._labelled(files.images, files.folders)
            loose = tuple(name for name in files.images if '/' not in name)
            layout = Layout('classes', files.folders, '', '', len(samples), loose)
        said = '; '.join(remarks(files, layout))
        if not samples:
            raise ValueError(f'{self.img_prefix} holds no image{" in a class folder" if self.with_label else ""}'
                             f'{f" ({said})" if said else ""}')
        if said:
            is_loss = files.left_out or files.unreadable or files.runs or layout is not None and layout.loose
            say_once(f'{shown(self.img_prefix)}: {said}', logging.WARNING if is_loss else logging.INFO)
        self.files_are_distinct = not files.has_links
        return samples

    def _labelled(self, images: Sequence[str], folders: Sequence[str]) -> list[tuple[str, int]]:
        """Images and labels, one class folder after the other."""
        self.folder_to_idx = {folder: label for label, folder in enumerate(folders)}
        if self.CLASSES is None:
            self._metainfo['classes'] = tuple(folders)
        elif len(self.CLASSES) != len(folders):
            raise ValueError(f'{self.img_prefix} has {len(folders)} folders, and metainfo names {len(self.CLASSES)} classes; '
                             'give as many, or leave the names out')
        samples = [(name, self.folder_to_idx[name.split('/')[0]]) for name in images if '/' in name]
        return sorted(samples, key=lambda sample: (sample[1], sample[0]))
