"""All captions of a data set's images, as token ids."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..sample_index import Origin
from ..tokenizers import Tokenizer
from .caption_text import caption_hash
from .tensor_pairs import TensorPairs


class CaptionTokens:
    """The captions of N images, M in all, in the order of the images; token ids are made when they are asked for.

    Args:
        texts (Sequence[str] | Tensor): the captions, M of them, or their token ids, integers (M, L).
        owner (Tensor): int64 (M,), the image of each caption, ascending.
        tokenizer (Tokenizer, optional): of captions that are given as text.

    Attributes:
        owner (Tensor): int64 (M,).
        group (Tensor): int64 (M,), equal for captions that are the same text; see
            :func:`mmifnd.datasets.pairs.normalized_caption`.
    """

    def __init__(self, texts: Sequence[str] | Tensor, owner: Tensor, tokenizer: Tokenizer | None = None) -> None:
        self.texts, self.owner, self.tokenizer = texts, owner, tokenizer
        self.group = _groups(texts)

    def __len__(self) -> int:
        return len(self.owner)

    def rows(self, positions: Tensor) -> Tensor:
        """Token ids int64 (m, L) of the captions at ``positions`` (m,)."""
        if isinstance(self.texts, Tensor):
            return self.texts[positions].long()
        assert self.tokenizer is not None
        return torch.from_numpy(self.tokenizer([self.texts[position] for position in positions.tolist()])[0])

    def of_images(self, is_kept: Tensor) -> 'CaptionTokens':
        """The captions of some of the images, bool (N,), which are counted anew."""
        rows = is_kept[self.owner].nonzero().squeeze(1)
        texts = self.texts[rows] if isinstance(self.texts, Tensor) else [self.texts[row] for row in rows.tolist()]
        return CaptionTokens(texts, (is_kept.cumsum(0) - 1)[self.owner[rows]], self.tokenizer)


def caption_tokens_of(origin: Origin, captions: list[list[str]] | None, tokenizer: Tokenizer | None,
                      most: int | None = None) -> CaptionTokens:
    """The captions of the images of ``origin``.

    Args:
        captions: of each image, as text; None if only token ids are known.
        most (int, optional): captions of an image, the first ones; default: all.

    Raises:
        ValueError: if the images have no captions, or nothing turns captions into token ids.
    """
    if all(isinstance(leaf, TensorPairs) for leaf in origin.leaves):
        return _in_tensors(origin, most)
    if captions is None:
        raise ValueError('the images have no captions; name a data set of pairs, such as ImageTextTable')
    if tokenizer is None:
        raise ValueError("nothing turns the captions into token ids; put dict(type='Tokenize', ...) into the pipeline")
    lists = [own[:most] for own in captions]
    owner = torch.arange(len(lists)).repeat_interleave(torch.tensor([len(own) for own in lists]))
    return CaptionTokens([text for own in lists for text in own], owner, tokenizer)


def _in_tensors(origin: Origin, most: int | None) -> CaptionTokens:
    tokens: list[Tensor] = []
    texts: list[str] = []
    counts = []
    for number, position in zip(origin.leaf.tolist(), origin.position.tolist()):
        leaf = origin.leaves[number]
        start, count = int(leaf.starts[position]), int(leaf.counts[position])
        count = count if most is None else min(most, count)
        tokens.append(leaf.tokens[start:start + count])
        texts += (leaf.captions_at(position) or [])[:count]
        counts.append(count)
    owner = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    found = CaptionTokens(torch.cat(tokens), owner)
    if len(texts) == len(owner):
        found.group = _groups(texts)
    return found


def _groups(texts: Sequence[str] | Tensor) -> Tensor:
    if isinstance(texts, Tensor):
        return texts.unique(dim=0, return_inverse=True)[1]
    return torch.from_numpy(np.unique([caption_hash(text) for text in texts], return_inverse=True)[1])
