"""scikit-learn's handwritten digits: 1,797 grey images of 8 x 8 pixels, which come with the library."""

from functools import cache

import numpy as np
import torch

from mmifnd.registry import DATASETS

from .group_files import read_group_array
from .tensor_images import TensorImages

NUM_TEST, NUM_VAL = 500, 297
SPLITS = ('train', 'val', 'trainval', 'test')
_MAX_VALUE = 16  # of the data set


@DATASETS.register_module()
class Digits(TensorImages):
    """The digits in a fixed split, stratified by class: 1,000 train, 297 val, 500 test; trainval is the first two.

    Images are uint8 (N, 1, 8, 8), their values 0 to 16 spread over 0 to 255.

    Args:
        split (str): 'train', 'val', 'trainval' or 'test'.
        groups (str | None): ``.npy`` file of the split's groups, see :class:`TensorImages`.

    Raises:
        ValueError: for another split.
    """

    def __init__(self, split: str = 'train', groups: str | None = None) -> None:
        if split not in SPLITS:
            raise ValueError(f'split={split!r} of Digits; choose one of {SPLITS}')
        digits = _read()
        positions = split_positions(digits.target, split)
        images = np.rint(digits.images[positions] * (255 / _MAX_VALUE)).astype(np.uint8)
        super().__init__(
            torch.from_numpy(images).unsqueeze(1), torch.from_numpy(digits.target[positions]),
            classes=[str(digit) for digit in digits.target_names], groups=read_group_array(groups, len(images)))


@cache
def _read():
    """All digits as scikit-learn reads them; a run builds several data sets of them."""
    from sklearn.datasets import load_digits
    return load_digits()


def split_positions(labels: np.ndarray, split: str) -> np.ndarray:
    """Positions of a split among all digits, ascending.

    The images are put in an order in which each class is spread evenly, by a permutation of a fixed seed (the stream of
    ``RandomState`` is frozen); the first 500 of it are the test images, the next 297 the validation images.
    """
    shuffled = np.random.RandomState(0).permutation(len(labels))
    place = np.empty(len(labels))
    for label in np.unique(labels):
        members = shuffled[labels[shuffled] == label]
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
    order = shuffled[np.argsort(place[shuffled], kind='stable')]
    test, val, train = np.split(order, [NUM_TEST, NUM_TEST + NUM_VAL])
    parts = dict(test=test, val=val, train=train, trainval=np.concatenate([train, val]))
    return np.sort(parts[split])
