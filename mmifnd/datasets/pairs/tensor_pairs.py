"""Image-text pairs that fit into memory."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mmifnd.functional.counter_random import counter_hash

from ..tensor_images import TensorImages
from ..tokenizers import Tokenizer, build_tokenizer
from .caption_text import caption_hash, checked_caption
from .captioned import Captioned
from .joined_groups import joined_groups


class TensorPairs(TensorImages, Captioned):
    """Images in one tensor, each with one or several captions, whose token ids are in another.

    Args:
        images (Tensor): uint8 (N, C, H, W).
        tokens (Tensor): integers (M, L), token ids of all captions, 0 is padding.
        owner (Tensor): integers (M,), the image that each caption belongs to.
        captions (Sequence[str] | None): the captions as text, M of them, for sheets, evaluation and groups.
        vocab_size (int | None): ids are below it; default: one more than the largest there is.
        **kwargs: see :class:`TensorImages`; ``groups`` may also be ``'caption'``: images that share a caption are one group.

    Raises:
        ValueError: if shapes or types do not fit, or an image has no caption.
    """

    def __init__(self, images: Tensor, tokens: Tensor, owner: Tensor, captions: Sequence[str] | None = None,
                 vocab_size: int | None = None, groups: Sequence[int] | str | None = None, **kwargs) -> None:
        _check_shapes(images, tokens, owner, captions)
        order = owner.long().argsort(stable=True)
        counts = torch.bincount(owner.long(), minlength=len(images))
        if (counts == 0).any():
            missing = int((counts == 0).nonzero()[0])
            raise ValueError(f'image {missing} has no caption ({int((counts == 0).sum())} have none); leave such images out')
        self.tokens = tokens[order].to(torch.int32).contiguous()
        self.counts, self.starts = counts, counts.cumsum(0) - counts
        self.texts = None if captions is None else [captions[row] for row in order.tolist()]
        self.vocab_size = int(tokens.max()) + 1 if vocab_size is None else vocab_size
        if tokens.min() < 0 or tokens.max() >= self.vocab_size:
            raise ValueError(f'token ids run from {int(tokens.min())} to {int(tokens.max())}, outside vocab_size='
                             f'{self.vocab_size}')
        super().__init__(images, groups=None if isinstance(groups, str) else groups, **kwargs)
        if isinstance(groups, str):
            self.groups = self._groups_by(groups)

    @classmethod
    def from_captions(cls, images: Tensor, captions: Sequence[str | Sequence[str]], tokenizer: dict | Tokenizer,
                      **kwargs) -> 'TensorPairs':
        """Pairs of images (N, C, H, W) and N captions, or lists of captions.

        Raises:
            ValueError: if the numbers differ, or a caption is empty or no text.
        """
        if len(captions) != len(images):
            raise ValueError(f'there are {len(captions)} captions of {len(images)} images; give one, or a list, for each image')
        lists = [[own] if isinstance(own, str) else list(own) for own in captions]
        texts = [checked_caption(text, f'image {image}') for image, own in enumerate(lists) for text in own]
        owner = torch.tensor([image for image, own in enumerate(lists) for _ in own], dtype=torch.int64)
        if '' in texts:
            raise ValueError(f'image {int(owner[texts.index("")])} has an empty caption; write one, or leave the image out')
        tokenizer = build_tokenizer(tokenizer)
        tokens, is_cut = tokenizer(texts)
        pairs = cls(images, torch.from_numpy(tokens), owner, texts, vocab_size=tokenizer.vocab_size, **kwargs)
        pairs.num_cut, pairs.tokenizer = int(is_cut.sum()), tokenizer
        return pairs

    #: Captions that the tokenizer has cut.
    num_cut = 0
    #: What made the token ids, if that is known.
    tokenizer: Tokenizer | None = None

    @property
    def context_length(self) -> int:
        """Token ids of each caption."""
        return self.tokens.shape[1]

    def captions_at(self, position: int) -> list[str] | None:
        """The captions of an image; None if they are known as ids only."""
        start = int(self.starts[position])
        return None if self.texts is None else self.texts[start:start + int(self.counts[position])]

    def get_texts(self, positions: Tensor, draw: tuple[int, int, Tensor] | None = None) -> Tensor:
        """int32 (B, L), token ids of one caption of each image at ``positions`` (B,).

        Args:
            draw: seed, epoch and stable index (B,), whose hash draws among several captions; None takes the first.
        """
        rows = self.starts[positions]
        if draw is not None:
            rows = rows + (counter_hash(*draw) & _POSITIVE) % self.counts[positions]
        return self.tokens[rows]

    def content(self, positions: np.ndarray) -> bytes:
        """What a digest of the images at ``positions`` must not overlook besides their pixels."""
        rows = [slice(int(self.starts[position]), int(self.starts[position] + self.counts[position])) for position in positions]
        return b''.join(self.tokens[row].numpy().tobytes() + b'|' for row in rows)

    def _groups_by(self, name: str) -> np.ndarray:
        if name != 'caption' or self.texts is None:
            raise ValueError(f"groups={name!r} of TensorPairs: 'caption' joins images that share one, and needs the captions "
                             'as text; or give one integer for each image')
        return joined_groups([[caption_hash(text) for text in self.captions_at(image)] for image in range(len(self.counts))])


_POSITIVE = (1 << 63) - 1


def _check_shapes(images: Tensor, tokens: Tensor, owner: Tensor, captions: Sequence[str] | None) -> None:
    if tokens.ndim != 2 or tokens.is_floating_point() or not len(tokens):
        raise ValueError(f'tokens must be integers (M, L), got {tokens.dtype} {tuple(tokens.shape)}')
    if owner.shape != tokens.shape[:1] or owner.is_floating_point():
        raise ValueError(f'owner must be integers ({len(tokens)},), the image of each caption, got {owner.dtype} '
                         f'{tuple(owner.shape)}')
    if owner.min() < 0 or owner.max() >= len(images):
        raise ValueError(f'owner names images {int(owner.min())} to {int(owner.max())}, but there are {len(images)}, from 0 on')
    if captions is not None and len(captions) != len(tokens):
        raise ValueError(f'there are {len(captions)} captions but {len(tokens)} rows of tokens; give the same number')
