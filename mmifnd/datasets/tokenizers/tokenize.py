"""Token ids of a caption, in a pipeline."""

import multiprocessing
import random
from typing import Any

import torch
from mmcv.transforms import BaseTransform

from mmifnd.registry import TOKENIZER, TRANSFORMS

from .base import Tokenizer

CHOICES = ('draw', 'first')


def build_tokenizer(config: dict | Tokenizer) -> Tokenizer:
    """A tokenizer from its config."""
    return TOKENIZER.build(config) if isinstance(config, dict) else config


def tokenizer_in(config: Any) -> Tokenizer | None:
    """The first tokenizer that the config of a data set names, at any depth; None if it names none."""
    if isinstance(config, dict):
        if isinstance(config.get('tokenizer'), dict):
            return build_tokenizer(config['tokenizer'])
        config = list(config.values())
    parts = config if isinstance(config, (list, tuple)) else ()
    return next((tokenizer for part in parts if (tokenizer := tokenizer_in(part)) is not None), None)


@TRANSFORMS.register_module()
class Tokenize(BaseTransform):
    """Adds ``text``, the token ids of one of the image's captions; ``PackInputs(meta_keys=('text',))`` hands it on.

    Args:
        tokenizer (dict): config of a tokenizer.
        caption (str): of several captions, ``'draw'`` one by (seed, epoch, image), or take the ``'first'``, for evaluation.

    Raises:
        ValueError: if the choice is unknown.
    """

    def __init__(self, tokenizer: dict, caption: str = 'draw') -> None:
        if caption not in CHOICES:
            raise ValueError(f'caption={caption!r} of Tokenize is unknown; choose one of {", ".join(CHOICES)}')
        self.tokenizer, self.caption = build_tokenizer(tokenizer), caption
        self._cut = multiprocessing.Value('q', 0)  # shared with the loader's workers

    @property
    def num_cut(self) -> int:
        """Captions that were longer than the context so far, over all workers."""
        return self._cut.value

    def transform(self, results: dict) -> dict:
        """Add ``text``, int64 (L,).

        Raises:
            ValueError: if the image has no caption.
        """
        captions = results.get('captions')
        if not captions:
            raise ValueError('Tokenize found no captions; the data set must be one of pairs, such as ImageTextTable')
        # The generator was seeded from (seed, epoch, image) before the pipeline began.
        chosen = captions[random.randrange(len(captions))] if self.caption == 'draw' else captions[0]
        tokens, is_cut = self.tokenizer([chosen])
        if is_cut[0]:
            with self._cut.get_lock():
                self._cut.value += 1
        return dict(results, text=torch.from_numpy(tokens[0]))
