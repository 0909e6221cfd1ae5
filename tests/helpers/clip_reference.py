"""Worked examples of image-text losses: FastCLIP's and GloFND's released code, and float64 loops where no code exists.

``c4/*`` of tests/data/glofnd_golden.npz and ``c6/*`` of tests/data/bimodal_golden.npz. Names ending in ``_im`` are of image
anchors, those ending in ``_tt`` of text anchors.
"""

from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from mmifnd.contrast import Contrast

FILES = [Path(__file__).parent.parent / 'data' / name for name in ('glofnd_golden.npz', 'bimodal_golden.npz')]
NUM_SAMPLES = 9


@cache
def arrays():
    """All numbers of both files, as tensors."""
    found = {}
    for path in FILES:
        with np.load(path) as file:
            found |= {name: torch.from_numpy(np.asarray(file[name])) for name in file.files
                      if name.startswith(('c4/', 'c6/')) and file[name].dtype.kind != 'U'}
    return found


def examples(prefix):
    """Arrays by name of one step, or batch, of an example."""
    found = {name.removeprefix(prefix + '/'): value for name, value in arrays().items() if name.startswith(prefix + '/')}
    assert found, prefix
    return found


def embeddings_of(batch, dtype=torch.float32):
    """Raw embeddings of images and texts of batch 0 or 1, (6, 5) each, with gradient; and the index of each pair."""
    raw = [arrays()[f'c4/in{batch}/{name}'].to(dtype).clone().requires_grad_() for name in ('image', 'text')]
    return *raw, arrays()[f'c4/in{batch}/idx']


def contrast_of(batch, direction, dtype=torch.float32):
    """One direction of batch 0 or 1 as CLIPAdapter hands it on, and the raw embeddings of images and texts."""
    *raw, index = embeddings_of(batch, dtype)
    x, y = (F.normalize(rows, dim=1) for rows in raw)
    anchor, other = (x, y) if direction == 'image' else (y, x)
    return Contrast.build(anchor, other, other, index, index, torch.eye(len(index), dtype=torch.bool)), raw
