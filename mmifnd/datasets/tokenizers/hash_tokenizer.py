"""Tokens without a vocabulary."""

import re
import unicodedata
import zlib
from collections.abc import Sequence

from mmifnd.registry import TOKENIZER

from .base import Tokenizer

_WORD = re.compile(r'\w+|[^\w\s]')


@TOKENIZER.register_module()
class HashTokenizer(Tokenizer):
    """Hashes words, and their character n-grams, into a fixed number of ids (fastText: Joulin et al., EACL 2017).

    Nothing has to be downloaded or fitted. Case does not count. An n-gram is marked where a word begins or ends, so that
    "<ca" of "cat" differs from "ca" of "location". Punctuation, emoji and signs are words of their own.

    Args:
        buckets (int): ids from 1 on; 0 is padding.
        ngrams (tuple[int, int], optional): shortest and longest n-grams; None takes whole words only, for a text tower that
            minds their order.
        context_length (int): ids of a caption; what exceeds it is cut.

    Raises:
        ValueError: if a number is out of range.

    Example:
        >>> tokenizer = HashTokenizer(buckets=1000, ngrams=None, context_length=4)
        >>> ids, is_cut = tokenizer(['A red fox', 'a RED fox!!'])
        >>> bool((ids[0, :3] == ids[1, :3]).all()), is_cut.tolist()
        (True, [False, True])
    """

    def __init__(self, buckets: int = 8192, ngrams: Sequence[int] | None = (3, 5), context_length: int = 128) -> None:
        if buckets < 1 or context_length < 1:
            raise ValueError(f'buckets={buckets} and context_length={context_length} of HashTokenizer must be at least 1')
        if ngrams is not None and (len(ngrams) != 2 or not 1 <= ngrams[0] <= ngrams[1]):
            raise ValueError(f'ngrams={ngrams} of HashTokenizer must be the shortest and the longest n-gram, such as 3, 5, '
                             'or None')
        self.buckets, self.ngrams, self.context_length = buckets, None if ngrams is None else tuple(ngrams), context_length
        self.vocab_size = buckets + 1
        self._ids_of_word: dict[str, list[int]] = {}

    def encode(self, caption: str) -> list[int]:
        """Ids of one caption: of each word, itself and then its n-grams."""
        return [number for word in _WORD.findall(unicodedata.normalize('NFKC', caption).casefold())
                for number in self._of_word(word)]

    def _of_word(self, word: str) -> list[int]:
        ids = self._ids_of_word.get(word)
        if ids is None:
            ids = [self._hash(piece) for piece in self._pieces(f'<{word}>')]
            if len(self._ids_of_word) < _CACHED_WORDS:
                self._ids_of_word[word] = ids
        return ids

    def _pieces(self, marked: str) -> list[str]:
        shortest, longest = self.ngrams or (1, 0)
        parts = [marked[start:start + size] for size in range(shortest, longest + 1)
                 for start in range(len(marked) - size + 1)]
        return [marked, *(part for part in parts if part != marked)]

    def _hash(self, piece: str) -> int:
        return 1 + zlib.crc32(piece.encode('utf-8', 'surrogatepass')) % self.buckets


_CACHED_WORDS = 100_000
