"""Images as a caller in Python gives them: a folder, an array, or the config of a data set."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.dataset import default_collate
from torch import Tensor

from mmifnd.errors import UserError

from .building import build_dataset
from .collate import keep_batch
from .folder import FolderFiles, Layout, describe_layout, layout_of, readable_suffixes, remarks, walk_folder
from .indexed import IndexedDataset
from .load_image import LOADER, loader_in
from .pairs.pair_data import is_pair_data, pair_config
from .split_folder import images_of
from .tensor_images import TensorImages
from .text_files import shown

Images = str | Path | dict | np.ndarray | Tensor


class ImageFolder(NamedTuple):
    """A folder of images: what is in it, what it means, and configs of its data sets.

    Attributes:
        files (FolderFiles): what a walk found.
        layout (Layout): flat, classes, or split for training and testing.
        train (dict): config of the training images.
        test (dict): config of the test images; those of the training if there are no others.
    """

    files: FolderFiles
    layout: Layout
    train: dict[str, Any]
    test: dict[str, Any]

    def describe(self) -> str:
        """How the folder is read, in one line."""
        return describe_layout(self.files, self.layout)


def image_dataset(data: Images, labels: Sequence[int] | None = None, pipeline: list[dict] | None = None,
                  max_broken: int | None = 0) -> IndexedDataset:
    """Each image of ``data`` once, position i is image i.

    Args:
        data: a folder, see :func:`read_folder`; uint8 (N, C, H, W); the config of a data set, such as
            ``dict(type='Digits', split='test')``; or image-text pairs, such as ``'pairs.csv'``.
        labels: of an array, (N,); folders and data sets have their own.
        pipeline: transforms of images in files, which end with ``PackInputs``; those in memory have none. If the data set has
            options of its own for reading files, such as a background, its first transform replaces that of ``pipeline``.
        max_broken: images that may turn out to be unreadable; None for any number.

    Raises:
        UserError: if the folder is missing or holds no image, or the array is none of images.
    """
    if isinstance(data, (str, Path)):
        data = pair_config(data) if is_pair_data(data) else folder_config(data)
    dataset = build_dataset(data) if isinstance(data, dict) else _in_memory(data, labels)
    indexed = IndexedDataset(dataset)
    indexed.broken_images.limit = len(indexed) if max_broken is None else max_broken
    return indexed.evaluation_view(None if indexed.in_tensors else with_loader_of(data, pipeline))


def with_loader_of(data: Images, pipeline: list[dict] | None) -> list[dict] | None:
    """``pipeline`` with the options by which the data set of a config reads its files: background, depth and limits."""
    if not isinstance(data, dict) or not pipeline or pipeline[0].get('type') != LOADER:
        return pipeline
    return [{**pipeline[0], **loader_in(data)}, *pipeline[1:]]


def read_folder(folder: str | Path | Sequence[str | Path]) -> ImageFolder:
    """Walk a folder, or a list of folders and files, and tell what it means; see :func:`mmifnd.datasets.folder.layout_of`.

    Raises:
        UserError: if it does not exist, holds no image, or has a name that configs cannot hold.
    """
    if isinstance(folder, (list, tuple)):
        return _read_sources(folder)
    root = Path(folder).expanduser().absolute()
    if root.is_file():
        raise UserError(f'{shown(str(folder))} is a file; give a folder of images, or a list of files')
    if not root.is_dir():
        raise UserError(f'folder {shown(str(folder))} does not exist; give a folder of images')
    if '{{' in str(root):
        raise UserError(f'folder {shown(str(root))} has {{{{ in its path, which configs take for a variable; rename the '
                        'folder, or give a link to it')
    files = walk_folder(str(root))
    if not files.images:
        said = '; '.join(remarks(files))
        raise UserError(f'folder {shown(str(folder))} holds no image ({" ".join(sorted(readable_suffixes()))}) at any depth'
                        f'{f": {said}" if said else ""}')
    layout = layout_of(files)
    config = dict(type='CustomDataset', data_root=str(root), with_label=bool(layout.classes))
    train, test = (dict(config, data_prefix=prefix) for prefix in (layout.train, layout.test))
    return ImageFolder(files, layout, train, test)


def _read_sources(paths: Sequence[str | Path]) -> ImageFolder:
    """The data of several folders and files: classes if all are folders of classes, else without labels."""
    sources = [str(Path(path).expanduser().absolute()) for path in paths]
    for given, source in zip(paths, sources, strict=True):
        if not os.path.exists(source):
            raise UserError(f'{shown(str(given))} does not exist; give folders of images, or files')
        if os.path.isfile(source) and not source.lower().endswith(tuple(readable_suffixes())):
            raise UserError(f'{shown(str(given))} is no image that can be read ({" ".join(sorted(readable_suffixes()))})')
        if '{{' in source:
            raise UserError(f'{shown(source)} has {{{{ in its path, which configs take for a variable; rename it')
    images, classes = images_of(sources)
    if not images:
        raise UserError(f'none of the {len(sources)} folders holds an image ({" ".join(sorted(readable_suffixes()))})')
    named = tuple(sorted({name for name in classes if name is not None}))
    labelled = len(named) > 1 and all(os.path.isdir(source) for source in sources) and None not in classes
    root = os.path.commonpath([os.path.dirname(image) for image in images])
    names = tuple(os.path.relpath(image, root) for image in images)
    files = FolderFiles(root, names, named, Counter(), 0, (), ())
    layout = Layout('classes' if labelled else 'flat', named if labelled else (), '', '', len(names))
    config = dict(type='SplitFolder', split='all', data_root=root, data_prefix='', with_label=labelled, sources=sources)
    return ImageFolder(files, layout, config, config)


def folder_config(folder: str | Path) -> dict:
    """Config of the data set of a folder's images that are trained on."""
    return read_folder(folder).train


def collate_of(dataset: IndexedDataset) -> Callable:
    """How samples of ``dataset`` become a batch."""
    return keep_batch if dataset.in_tensors else default_collate


def _in_memory(images: np.ndarray | Tensor, labels: Sequence[int] | None) -> TensorImages:
    try:
        return TensorImages(torch.as_tensor(images), None if labels is None else torch.as_tensor(labels))
    except (TypeError, ValueError) as error:
        raise UserError(f'data is neither a folder, nor the config of a data set, nor images: {error}') from None
