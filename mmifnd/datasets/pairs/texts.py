"""The token ids that come with the images of a data set."""

import numpy as np
import torch
from torch import Tensor

from ..sample_index import Origin
from ..tokenizers import Tokenize, Tokenizer
from .tensor_pairs import TensorPairs


def text_format_of(leaves: list) -> tuple[int, int] | None:
    """Vocabulary and length of the token ids that the data sets give, by themselves or by their pipelines; None for none.

    Raises:
        ValueError: if they differ.
    """
    formats = {_leaf_format(leaf) for leaf in leaves}
    if len(formats) > 1:
        raise ValueError(f'the data sets have token ids of {len(formats)} kinds, (vocabulary, length): '
                         f'{sorted(map(str, formats))}; give them one tokenizer')
    return formats.pop() if formats else None


def texts_in_tensors(origin: Origin, index: Tensor, draw: tuple[int, int] | None) -> Tensor:
    """int32 (B, L), the token ids of one caption of each image of ``origin``, all in :class:`TensorPairs`.

    Args:
        index (Tensor): int64 (B,), their stable indices.
        draw: seed and epoch, which draw one of several captions; None takes the first.
    """
    texts = torch.empty((len(index), origin.leaves[0].context_length), dtype=torch.int32)
    for number, leaf in enumerate(origin.leaves):
        rows = torch.from_numpy(np.flatnonzero(origin.leaf == number))
        texts[rows] = leaf.get_texts(torch.from_numpy(origin.position)[rows], None if draw is None else (*draw, index[rows]))
    return texts


def _leaf_format(leaf) -> tuple[int, int] | None:
    """Vocabulary and length of the token ids that a data set gives, by itself or by its pipeline; None if it gives none."""
    if isinstance(leaf, TensorPairs):
        return leaf.vocab_size, leaf.context_length
    step = tokenize_step(leaf)
    return None if step is None else (step.tokenizer.vocab_size, step.tokenizer.context_length)


def cut_captions(leaf) -> int:
    """Captions of a data set that were longer than the context so far."""
    if isinstance(leaf, TensorPairs):
        return leaf.num_cut
    step = tokenize_step(leaf)
    return 0 if step is None else step.num_cut


def tokenizer_of(leaves: list) -> Tokenizer | None:
    """The tokenizer of the data sets' captions; None if there is none."""
    for leaf in leaves:
        step = tokenize_step(leaf)
        tokenizer = getattr(leaf, 'tokenizer', None) if step is None else step.tokenizer
        if tokenizer is not None:
            return tokenizer
    return None


def tokenize_step(leaf) -> Tokenize | None:
    """The step of a data set's pipeline that makes token ids."""
    steps = getattr(getattr(leaf, 'pipeline', None), 'transforms', ())
    return next((step for step in steps if isinstance(step, Tokenize)), None)
