"""Folders of small pictures."""

import numpy as np
from PIL import Image


def write_images(root, count=24, size=16, classes=2, seed=0):
    """``count`` pictures of noise around the colour of their class; in class folders unless there is one class only."""
    random = np.random.default_rng(seed)
    for number in range(count):
        group = number % classes
        colour = np.array([120 * group, 60, 120 - 120 * group % 121])
        path = root / (f'class_{group}' if classes > 1 else '.') / f'{number:03d}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((random.integers(0, 100, (size, size, 3)) + colour).astype(np.uint8)).save(path)
    return root
