"""CLIP's byte pair encoding, from open_clip."""

from mmifnd.checks import check_at_least
from mmifnd.errors import MissingExtra
from mmifnd.registry import TOKENIZER

from .base import Tokenizer


@TOKENIZER.register_module()
class CLIPTokenizer(Tokenizer):
    """CLIP's tokenizer with its vocabulary of 49,408 tokens, which comes with open_clip: nothing is downloaded.

    Captions begin and end with a token of their own; one that is too long keeps its end token.

    Args:
        context_length (int): ids of a caption, at least 3.

    Raises:
        MissingExtra: if open_clip is not installed: ``pip install 'mmifnd[clip]'``.
    """

    def __init__(self, context_length: int = 77) -> None:
        check_at_least('context_length', context_length, 3, 'CLIPTokenizer')
        try:
            from open_clip.tokenizer import SimpleTokenizer
        except ModuleNotFoundError as error:
            raise MissingExtra.of(error) or error from None
        self.context_length = context_length
        self._tokenizer = SimpleTokenizer(context_length=context_length)
        self.vocab_size = self._tokenizer.vocab_size

    def encode(self, caption: str) -> list[int]:
        """Ids of one caption between the start and the end token."""
        return [self._tokenizer.sot_token_id, *self._tokenizer.encode(caption), self._tokenizer.eot_token_id]

    def shorten(self, ids: list[int]) -> list[int]:
        """The first ids and the end token."""
        return [*ids[:self.context_length - 1], self._tokenizer.eot_token_id]
