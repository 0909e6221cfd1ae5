"""Which images are held out of the training, to be judged: a seeded share of each class."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

#: What is offered if a share holds out nothing.
_SHARES = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8)


def hold_out(names: Sequence[str], labels: Sequence[int], share: float, seed: int = 0,
             together: Sequence[Sequence[int]] = ()) -> np.ndarray:
    """Choose a share of each class; what belongs together stays on one side.

    The choice follows from a hash of seed and names, so that it does not depend on the order of the images, and changes little
    where images are added. Classes that are too small for a share of their own share one: of two images each, a share of 0.2
    holds out one image of four classes in ten.

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
    small_classes = []
    for units in _by_class(_units(len(names), together), labels).values():
        units.sort(key=lambda unit: _rank(seed, min(names[image] for image in unit)))
        total = sum(map(len, units))
        chosen = _nearest(units, share * total, total)
        for unit in chosen:
            is_held_out[unit] = True
        if not chosen and len(units) > 1:
            small_classes.append((min(units, key=len), total))
    small_classes.sort(key=lambda small: _rank(seed, min(names[image] for image in small[0])))
    total = sum(size for _, size in small_classes)
    for unit in _nearest([unit for unit, _ in small_classes], share * total, total):
        is_held_out[unit] = True
    return is_held_out


def share_that_works(names: Sequence[str], labels: Sequence[int], seed: int = 0,
                     together: Sequence[Sequence[int]] = ()) -> float | None:
    """The smallest round share of which :func:`hold_out` holds out any image; None if none does."""
    return next((share for share in _SHARES if hold_out(names, labels, share, seed, together).any()), None)


def _nearest(units: Sequence[list[int]], count: float, limit: int) -> list[list[int]]:
    """The units that, in their order, bring the number of images nearer to ``count``; always fewer than ``limit`` images."""
    chosen, number = [], 0
    for unit in units:
        is_nearer = abs(number + len(unit) - count) < abs(number - count)
        if is_nearer and number + len(unit) < limit:
            chosen.append(unit)
            number += len(unit)
    return chosen


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
