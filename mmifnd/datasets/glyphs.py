"""Characters of many fonts, as ``tools/dataset_converters/make_glyphs.py`` draws them."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mmifnd.records.arrays import RecordError, read_arrays
from mmifnd.registry import DATASETS

from .glyph_labels import DEPTHS, numbered_labels
from .tensor_images import TensorImages

_ARRAYS = ('images', 'character', 'font', 'family', 'part', 'characters', 'families', 'parts')


@DATASETS.register_module()
class Glyphs(TensorImages):
    """Grey images of characters, split by the family of the font, with a choice of classes, of labels and of how many.

    Classes are nested: those of 10 are among those of 62. Images are drawn for each class by itself, always the same ones, and
    the first n of a class are among the first n + 1.

    Args:
        data_file (str): the ``.npz`` file.
        split (str): 'train', 'val' or 'test'; no family is in two of them.
        num_classes (int | None): characters, the first so many of the file; None for all.
        depth (str): what the labels say, 'code_point', 'letter_case', 'letter' or 'script'
            (:func:`mmifnd.datasets.glyph_labels.label_at`). The images stay the same.
        max_images (int | None): images in all, as evenly spread over the characters as they are there.
        images_per_class (int | None): images of each character; give one of both, or none for all images.

    Raises:
        FileNotFoundError: where there is no such file.
        ValueError: where the file is another one, a number or name does not fit, or there are fewer images than asked for.
    """

    def __init__(self, data_file: str, split: str = 'train', num_classes: int | None = None, depth: str = 'code_point',
                 max_images: int | None = None, images_per_class: int | None = None) -> None:
        arrays = _read(data_file)
        parts, characters = arrays['parts'].tolist(), arrays['characters'].tolist()
        if split not in parts:
            raise ValueError(f'split={split!r} of Glyphs; {data_file} has {", ".join(parts)}')
        if depth not in DEPTHS:
            raise ValueError(f'depth={depth!r} of Glyphs; choose one of {", ".join(DEPTHS)}')
        count = len(characters) if num_classes is None else num_classes
        if not 2 <= count <= len(characters):
            raise ValueError(f'num_classes={num_classes} of Glyphs must be from 2 to {len(characters)}, the characters of '
                             f'{data_file}')
        chosen = _choose(arrays, parts.index(split), count, max_images, images_per_class)
        numbers, classes = numbered_labels(characters[:count], depth)
        self.character = torch.from_numpy(arrays['character'][chosen].astype(np.int64))
        super().__init__(torch.from_numpy(arrays['images'][chosen]).unsqueeze(1), torch.tensor(numbers)[self.character],
                         classes)
        self._characters = characters[:count]

    def labels_at(self, depth: str) -> Tensor:
        """Labels of the same images at another depth, int64 (N,)."""
        return torch.tensor(numbered_labels(self._characters, depth)[0])[self.character]


def _read(data_file: str) -> dict[str, np.ndarray]:
    path = Path(data_file).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'no glyphs at {path}; draw them with tools/dataset_converters/make_glyphs.py')
    try:
        arrays = read_arrays(path, _ARRAYS)
    except RecordError as error:
        raise ValueError(f'{path} is no file of make_glyphs.py ({error})') from None
    images, part, character = (arrays[name] for name in ('images', 'part', 'character'))
    fits = (images.dtype == np.uint8 and images.ndim == 3 and part.shape == character.shape == images.shape[:1]
            and part.dtype.kind == character.dtype.kind == 'i' and _are_names(arrays['parts'], part)
            and _are_names(arrays['characters'], character))
    if not fits:
        raise ValueError(f'{path} is no file of make_glyphs.py (its arrays do not fit one another); draw them anew')
    return arrays


def _are_names(names: np.ndarray, numbers: np.ndarray) -> bool:
    """Whether an array holds the text of each number."""
    return names.ndim == 1 and names.dtype.kind == 'U' and bool(((numbers >= 0) & (numbers < len(names))).all())


def _choose(arrays: dict[str, np.ndarray], part: int, num_classes: int, max_images: int | None,
            images_per_class: int | None) -> np.ndarray:
    """Positions of the images that are taken, ascending."""
    if max_images is not None and images_per_class is not None:
        raise ValueError(f'max_images={max_images} and images_per_class={images_per_class} of Glyphs: give one of them')
    available = np.flatnonzero((arrays['part'] == part) & (arrays['character'] < num_classes))
    draws = np.random.RandomState(0).permutation(len(arrays['part']))[available]
    order = available[np.argsort(draws, kind='stable')]
    character = arrays['character'][order]
    order = order[np.argsort(character, kind='stable')]
    sizes = np.bincount(character, minlength=num_classes)
    place = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    if images_per_class is not None:
        _check_enough('images_per_class', images_per_class, int(sizes.min()))
        order = order[place < images_per_class]
    elif max_images is not None:
        _check_enough('max_images', max_images, len(order))
        order = order[np.argsort(place, kind='stable')][:max_images]
    return np.sort(order)


def _check_enough(name: str, wanted: int, found: int) -> None:
    if not 1 <= wanted <= found:
        raise ValueError(f'{name}={wanted} of Glyphs must be from 1 to {found}, what this split has')
