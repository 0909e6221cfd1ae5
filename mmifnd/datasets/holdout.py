"""Which images are held out of the training, to be judged: a seeded share of each class."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np


def hold_out(names: Sequence[str], labels: Sequence[int], share: float, seed: int = 0,
             together: Sequence[Sequence[int]] = ()) -> np.ndarray:
    """Choose a share of each class; what belongs together stays on one side.

    The choice follows from a hash of seed and names, so that it does not depend on the order of the images, and changes little
    where images are added.

    Args:
        names: one per image, (N,), such as its path.
        labels: integers, (N,).
        share: of each class, in [0, 1). A class keeps at least one image to train on, or what belongs together with it.
        seed: of the choice.
        together: groupings of the images, (N,) each, as integers: images with equal numbers stay on one side; those with
            numbers below 0 are in no group. Images that are linked through several of them stay together, too. They count for
            the class that most of them have.

    Returns:
        ndarray: bool (N,), true for images that are held out.

    Raises:
        ValueError: if ``share`` is out of range.

    Example:
        >>> names = [f'{number}.png' for number in range(10)]
        >>> int(hold_out(names, [0] * 5 + [1] * 5, share=0.2).sum())
        2
    """
    if not 0 <= share < 1:
        raise ValueError(f'holdout={share} is outside [0, 1); it is the share of the images that is kept for judging, '
                         'such as 0.2')
    is_held_out = np.zeros(len(names), dtype=bool)
    for units in _by_class(_units(len(names), together), labels).values():
        total = sum(map(len, units))
        units.sort(key=lambda unit: _rank(seed, min(names[image] for image in unit)))
        count = 0
        for unit in units:
            nearer = abs(count + len(unit) - share * total) < abs(count - share * total)
            if nearer and count + len(unit) < total:
                is_held_out[unit] = True
                count += len(unit)
    return is_held_out


def _units(count: int, together: Sequence[Sequence[int]]) -> list[list[int]]:
    """Images by what binds them: connected components of all groupings."""
    parent = list(range(count))

    def root(image: int) -> int:
        while parent[image] != image:
            parent[image] = image = parent[parent[image]]
        return image

    for numbers in together:
        first: dict[int, int] = {}
        for image, number in enumerate(np.asarray(numbers).tolist()):
            if number >= 0:
                parent[root(image)] = root(first.setdefault(number, image))
    units = defaultdict(list)
    for image in range(count):
        units[root(image)].append(image)
    return list(units.values())


def _by_class(units: list[list[int]], labels: Sequence[int]) -> dict[int, list[list[int]]]:
    """Units by the class that most of their images have; the lowest of equal ones."""
    classes = defaultdict(list)
    for unit in units:
        counts = Counter(int(labels[image]) for image in unit)
        classes[min(counts, key=lambda label: (-counts[label], label))].append(unit)
    return classes


def _rank(seed: int, name: str) -> bytes:
    return hashlib.sha256(f'{seed}\0{name}'.encode('utf-8', 'surrogateescape')).digest()
