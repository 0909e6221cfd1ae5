"""Which images of a set, or of two, are the same: what a measure that needs disjoint sets, and a split, have to know."""

from dataclasses import dataclass

import numpy as np

from .identity import ImageIdentity, image_keys

#: Files whose pixels are compared at most; beyond them only paths are (decoding a million images takes hours).
MAX_FILES = 20_000


@dataclass(frozen=True)
class SharedImages:
    """Numbers of the images of two sets, equal where two images are the same.

    Attributes:
        train (ndarray): int64 (N,), of the training images; ``test`` (T,) likewise.
        example (str): the name of a test image that is also a training image; empty if none is.
        not_compared (int): files of equal size whose contents were not compared, since there are too many.
    """

    train: np.ndarray
    test: np.ndarray
    example: str = ''
    not_compared: int = 0

    @property
    def is_shared(self) -> np.ndarray:
        """The test images that are also training images, bool (T,)."""
        return np.isin(self.test, self.train)


def shared_images(train: ImageIdentity, test: ImageIdentity, max_files: int = MAX_FILES) -> SharedImages:
    """Compare two sets by file (all links followed), and by content where the sizes of two files, or two arrays, agree.

    Args:
        train: of the training images, N; ``test`` of the test images, T.
        max_files: above so many files of equal size, contents are not compared.
    """
    numbers, skipped = _numbered([train, test], max_files)
    shared = np.flatnonzero(np.isin(numbers[1], numbers[0]))
    example = '' if not len(shared) else test.name(int(shared[0])) or f'image {shared[0]}'
    return SharedImages(numbers[0], numbers[1], example, skipped)


def equal_images(images: ImageIdentity, max_files: int = MAX_FILES) -> np.ndarray:
    """Numbers of the images of one set, int64 (N,), equal where two images are the same; see :func:`shared_images`."""
    (numbers,), _ = _numbered([images], max_files)
    return numbers


def _numbered(sets: list[ImageIdentity], max_files: int) -> tuple[list[np.ndarray], int]:
    """Numbers of the images of each set, and how many files of equal size were too many to be compared."""
    numbers = image_keys(*sets, content=False)
    rows = _of_equal_size(sets, numbers)
    files = sum(part.file(position) is not None for part, chosen in zip(sets, rows) for position in chosen.tolist())
    if files > max_files:
        return numbers, files
    _unite(numbers, rows, image_keys(*(ImageIdentity(part.origin[chosen]) for part, chosen in zip(sets, rows))))
    return numbers, 0


def _of_equal_size(sets: list[ImageIdentity], numbers: list[np.ndarray]) -> list[np.ndarray]:
    """Images of each set with as many bytes as another image: of the same set if there is one set, else of each of them."""
    sizes = [[part.size(position) for position in range(len(part))] for part in sets]
    images: dict[int, set[int]] = {}
    for values, keys in zip(sizes, numbers):
        for size, key in zip(values, keys.tolist()):
            images.setdefault(size, set()).add(key)
    common = set.intersection(*map(set, sizes)) - {None}
    due = {size for size in common if len(images[size]) > 1}
    return [np.array([position for position, size in enumerate(values) if size in due], dtype=np.int64) for values in sizes]


def _unite(numbers: list[np.ndarray], rows: list[np.ndarray], contents: list[np.ndarray]) -> None:
    """Give images of equal content the smallest of their numbers, in place; ``contents`` number those of ``rows``."""
    owner: dict[int, int] = {}
    for values, chosen, content in zip(numbers, rows, contents):
        for position, key in zip(chosen.tolist(), content.tolist()):
            owner[key] = min(owner.get(key, int(values[position])), int(values[position]))
    for values, chosen, content in zip(numbers, rows, contents):
        values[chosen] = [owner[key] for key in content.tolist()]
