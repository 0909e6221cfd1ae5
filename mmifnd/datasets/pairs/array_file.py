"""Small sets of pairs in one file of arrays."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from mmifnd.records.arrays import RecordError, read_arrays
from mmifnd.registry import DATASETS

from ..text_files import shown
from ..tokenizers import Tokenizer
from .tensor_pairs import TensorPairs

NEEDED = ('images', 'captions')
KNOWN = (*NEEDED, 'owner', 'labels', 'classes', 'groups', 'split')


@DATASETS.register_module()
class InMemoryPairs(TensorPairs):
    """Pairs of a ``.npz`` file, all in memory; nothing in the file is executed.

    Its arrays: ``images`` uint8 (N, C, H, W), red first; ``captions``, strings (M,); ``owner`` integers (M,), the image of each
    caption, by default one caption for each image; and, if known, ``labels`` integers (N,), ``classes`` strings, ``groups``
    integers (N,) and ``split`` strings (N,).

    Args:
        file (str): path of the ``.npz``.
        tokenizer (dict): config of a tokenizer, such as ``dict(type='HashTokenizer')``.
        split (str | Sequence[str], optional): take only images of this split, or of these.
        groups (str, optional): ``'caption'``: images that share a normalised caption are one group; ``'given'``: those of the
            file.

    Raises:
        FileNotFoundError: if the file does not exist.
        ValueError: if it is no such file, or the split does not occur.
    """

    def __init__(self, file: str, tokenizer: dict | Tokenizer, split: str | Sequence[str] | None = None,
                 groups: str | None = None) -> None:
        arrays = _read(file)
        total = len(arrays['images'])
        owner = arrays.get('owner', np.arange(len(arrays['captions'])))
        kept = _of_split(arrays.get('split'), split, total, file)
        captions: list[list[str]] = [[] for _ in range(total)]
        for image, caption in zip(owner.tolist(), arrays['captions'].tolist(), strict=True):
            captions[image].append(caption)
        labels = arrays.get('labels')
        built = TensorPairs.from_captions(
            torch.from_numpy(arrays['images'][kept]), [captions[image] for image in kept.tolist()], tokenizer,
            labels=None if labels is None else torch.from_numpy(labels[kept].astype(np.int64)),
            classes=arrays['classes'].tolist() if 'classes' in arrays else None,
            groups=_groups(groups, arrays, kept, file))
        self.__dict__.update(built.__dict__)


def _groups(groups: str | None, arrays: dict[str, np.ndarray], kept: np.ndarray, file: str) -> str | np.ndarray | None:
    if groups != 'given':
        return groups
    if 'groups' not in arrays:
        raise ValueError(f"groups='given' of InMemoryPairs: {shown(file)} has no array groups; use 'caption', or add it")
    return arrays['groups'][kept]


def _of_split(splits: np.ndarray | None, split: str | Sequence[str] | None, total: int, file: str) -> np.ndarray:
    """Positions of the images of a split."""
    if split is None:
        return np.arange(total)
    wanted = [split] if isinstance(split, str) else list(split)
    splits_present = [] if splits is None else sorted(set(splits.tolist()))
    missing = [name for name in wanted if name not in splits_present]
    if missing:
        raise ValueError(f'split={missing[0]!r} of InMemoryPairs does not occur in {shown(file)}; it has '
                         f'{", ".join(map(str, splits_present)) or "no splits"}')
    return np.flatnonzero(np.isin(splits, wanted))


def _read(file: str) -> dict[str, np.ndarray]:
    path = Path(file).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'file={shown(file)} of InMemoryPairs does not exist')
    try:
        arrays = read_arrays(path, wanted=KNOWN)
    except RecordError as error:
        raise ValueError(f'file={shown(file)} of InMemoryPairs is no .npz of plain arrays ({error}); write it with '
                         'numpy.savez') from None
    missing = [name for name in NEEDED if name not in arrays]
    if missing:
        raise ValueError(f'file={shown(file)} of InMemoryPairs has no array {missing[0]}; it needs {" and ".join(NEEDED)}')
    _check(arrays, file)
    return arrays


def _check(arrays: dict[str, np.ndarray], file: str) -> None:
    """Refuse arrays whose types or lengths do not fit together."""
    images, captions = arrays['images'], arrays['captions']
    total = len(images)
    if images.ndim != 4 or images.dtype != np.uint8:
        raise ValueError(f'images of {shown(file)} are {images.dtype} {images.shape}; they must be uint8 (N, C, H, W)')
    if captions.ndim != 1 or captions.dtype.kind != 'U':
        raise ValueError(f'captions of {shown(file)} are {captions.dtype} {captions.shape}; they must be strings (M,)')
    owner = arrays.get('owner', np.arange(total))
    is_index = owner.dtype.kind in 'iu' and (not len(owner) or 0 <= owner.min() <= owner.max() < total)
    if owner.shape != captions.shape or not is_index:
        raise ValueError(f'owner of {shown(file)} is {owner.dtype} {owner.shape}; it must be integers ({len(captions)},), the '
                         f'image of each caption, 0 to {total - 1}')
    for name in ('labels', 'groups', 'split'):
        if name in arrays and arrays[name].shape != (total,):
            raise ValueError(f'{name} of {shown(file)} has shape {arrays[name].shape}; it must be ({total},), one per image')
