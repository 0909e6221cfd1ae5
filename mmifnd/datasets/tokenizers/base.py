"""The contract of a tokenizer."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np


class Tokenizer(ABC):
    """Turns captions into token ids of one length.

    Attributes:
        vocab_size (int): ids are below it; that of the text tower must be as large.
        context_length (int): ids of a caption.
        padding (int): id that fills up short captions; text towers of this package expect 0.
    """

    vocab_size: int
    context_length: int
    padding: int = 0

    @abstractmethod
    def encode(self, caption: str) -> list[int]:
        """Ids of one caption, of any number, without padding; :meth:`__call__` cuts and pads them."""

    def shorten(self, ids: list[int]) -> list[int]:
        """The ids of a caption that is longer than the context."""
        return ids[:self.context_length]

    def __call__(self, captions: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Ids int64 (N, context_length), and bool (N,), which captions were too long and have been cut.

        Raises:
            TypeError: if a caption is no text.
        """
        tokens = np.full((len(captions), self.context_length), self.padding, dtype=np.int64)
        is_cut = np.zeros(len(captions), dtype=bool)
        for row, caption in enumerate(captions):
            if not isinstance(caption, str):
                raise TypeError(f'caption {row} is {caption!r}, no text; a caption must be a string')
            ids = self.encode(caption)
            if len(ids) > self.context_length:
                ids, is_cut[row] = self.shorten(ids), True
            tokens[row, :len(ids)] = ids
        return tokens, is_cut
