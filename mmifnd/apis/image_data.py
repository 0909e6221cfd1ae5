"""Images as a caller in Python gives them: a folder, an array, or the config of a data set."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.dataset import default_collate
from torch import Tensor

from mmifnd.configuration.errors import UserError
from mmifnd.datasets import IndexedDataset
from mmifnd.datasets.collate import keep_batch
from mmifnd.datasets.tensor_images import TensorImages
from mmifnd.registry import DATASETS

#: What counts as an image in a folder, as in mmpretrain's ``CustomDataset``.
SUFFIXES = ('.jpg', '.jpeg', '.png', '.ppm', '.bmp', '.pgm', '.tif')

Images = str | Path | dict | np.ndarray | Tensor


def image_dataset(data: Images, labels: Sequence[int] | None = None, pipeline: list[dict] | None = None) -> IndexedDataset:
    """Each image of ``data`` once, position i is image i.

    Args:
        data: a folder, whose subfolders are classes where all images lie in at least two of them; uint8 (N, C, H, W); or
            the config of a data set, such as ``dict(type='Digits', split='test')``.
        labels: of an array, (N,); folders and data sets have their own.
        pipeline: transforms of images in files, which end with ``PackInputs``; those in memory have none.

    Raises:
        UserError: where the folder is missing or holds no image, or the array is none of images.
    """
    if isinstance(data, (str, Path)):
        dataset = DATASETS.build(folder_config(data))
    elif isinstance(data, dict):
        dataset = DATASETS.build(data)
    else:
        dataset = _in_memory(data, labels)
    indexed = IndexedDataset(dataset)
    return indexed.evaluation_view(None if indexed.in_tensors else pipeline)


def folder_config(folder: str | Path) -> dict:
    """Config of the data set of a folder's images, at any depth."""
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise UserError(f'folder {folder} does not exist; give a folder of images')
    inside = sorted({path.relative_to(root).parts[0] for path in root.rglob('*') if path.suffix.lower() in SUFFIXES})
    if not inside:
        raise UserError(f'folder {folder} holds no image ({", ".join(SUFFIXES)}) at any depth')
    classes = [name for name in inside if (root / name).is_dir()]
    return dict(type='CustomDataset', data_root=str(root), data_prefix='', with_label=classes == inside and len(classes) > 1)


def collate_of(dataset: IndexedDataset) -> Callable:
    """How samples of ``dataset`` become a batch."""
    return keep_batch if dataset.in_tensors else default_collate


def _in_memory(images: np.ndarray | Tensor, labels: Sequence[int] | None) -> TensorImages:
    try:
        return TensorImages(torch.as_tensor(images), None if labels is None else torch.as_tensor(labels))
    except (TypeError, ValueError) as error:
        raise UserError(f'data is neither a folder, nor the config of a data set, nor images: {error}') from None
