"""The training images behind runs, as figures show them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np


class Pictures(NamedTuple):
    """What is known of the training images; each part may be missing.

    Attributes:
        images: uint8 (N, C, H, W), C = 1 or 3, or what looks like it and reads the image that is asked for.
        labels: true classes (N,); to judge by, not used in training.
        class_names: label -> name; default: the label itself.
        names: name of each image, such as its file; default: its number.
        captions: of image-text pairs, the text of each image.
    """

    images: np.ndarray | None = None
    labels: np.ndarray | None = None
    class_names: Mapping[int, str] | None = None
    names: Sequence[str] | None = None
    captions: Sequence[str] | None = None
