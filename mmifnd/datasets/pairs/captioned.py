"""What a data set says of its images and captions without handing the images out."""

from abc import ABC, abstractmethod

import numpy as np


class Captioned(ABC):
    """A data set that knows the captions of each image by position, and digests its content itself."""

    @abstractmethod
    def captions_at(self, position: int) -> list[str] | None:
        """The captions of an image; None if they are known as token ids only."""

    @abstractmethod
    def content(self, positions: np.ndarray) -> bytes:
        """What a digest of the images at ``positions`` (n,) must not overlook, besides pixels in memory."""
