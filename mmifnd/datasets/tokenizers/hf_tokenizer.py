"""Tokenizers of transformers, from local files."""

from pathlib import Path

from mmifnd.checks import check_at_least
from mmifnd.errors import UserError
from mmifnd.registry import TOKENIZER

from .base import Tokenizer


@TOKENIZER.register_module()
class HFTokenizer(Tokenizer):
    """A tokenizer in the format of Hugging Face, such as SigLIP's, where transformers is installed; read from local files.

    Args:
        path (str): folder with ``tokenizer.json``, or ``spiece.model`` and its config. The hub is never asked.
        context_length (int): ids of a caption, at least 1; one that is too long keeps its last id, which ends it.

    Raises:
        UserError: if transformers is not installed, or the folder holds no tokenizer.
    """

    def __init__(self, path: str, context_length: int = 64) -> None:
        check_at_least('context_length', context_length, 1, 'HFTokenizer')
        if not Path(path).expanduser().is_dir():
            raise UserError(f'path={path} of HFTokenizer is no folder; put tokenizer.json (or spiece.model and its config) '
                            'there, for nothing is fetched from the hub')
        try:
            from transformers import AutoTokenizer
        except ModuleNotFoundError:
            raise UserError('HFTokenizer needs transformers, which is not installed; pip install transformers, or use '
                            'CLIPTokenizer or HashTokenizer') from None
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(str(Path(path).expanduser()), local_files_only=True)
        except (OSError, ValueError, ImportError) as error:
            raise UserError(f'path={path} of HFTokenizer holds no tokenizer ({" ".join(str(error).split())[:200]})') from None
        self.context_length, self.vocab_size = context_length, len(self._tokenizer)
        self.padding = self._tokenizer.pad_token_id or 0

    def encode(self, caption: str) -> list[int]:
        """Ids of one caption with the tokenizer's own special tokens."""
        return list(self._tokenizer(caption, truncation=False)['input_ids'])

    def shorten(self, ids: list[int]) -> list[int]:
        """The first ids and the last one."""
        return [*ids[:self.context_length - 1], ids[-1]]
