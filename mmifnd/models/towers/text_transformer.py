"""CLIP's text tower."""

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmifnd.registry import MODELS

from .check_tokens import PADDING, check_shape

POOLS = ('end', 'mean', 'first')


@MODELS.register_module()
class TextTransformer(BaseModule):
    """A pre-norm transformer with CLIP's initialisation (Radford et al., ICML 2021, section 2.4).

    CLIP's own has a width of 512, 12 layers, 8 heads, a context of 77 and 49,408 tokens.

    Args:
        vocab_size (int): token ids are below it; 0 is padding.
        width (int): channels.
        layers (int): residual blocks.
        heads (int): of the attention; they divide the width.
        context_length (int): most tokens of a text.
        pool (str): whose output is the text's feature: that of the ``'end'`` token, the ``'first'``, or the ``'mean'`` of all
            that are not padding.
        end_token (int, optional): id of the end token; default: the last one, as in CLIP's vocabulary.
        causal (bool): each token sees only those before it; otherwise all but padding.
        init_cfg (dict, optional): initialisation, as in mmengine.

    Raises:
        ValueError: if a number is below 1, the pool is unknown, or texts do not fit.
    """

    def __init__(self, vocab_size: int, width: int = 512, layers: int = 12, heads: int = 8, context_length: int = 77,
                 pool: str = 'end', end_token: int | None = None, causal: bool = True, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        if min(width, layers, heads, context_length) < 1 or vocab_size < 2 or width % heads:
            raise ValueError(f'width={width}, layers={layers}, heads={heads} and context_length={context_length} of '
                             f'TextTransformer must be at least 1, vocab_size={vocab_size} at least 2, and heads '
                             'divide the width')
        if pool not in POOLS:
            raise ValueError(f'pool={pool!r} of TextTransformer is unknown; choose one of {", ".join(POOLS)}')
        self.vocab_size, self.width, self.context_length, self.pool, self.causal = (
            vocab_size, width, context_length, pool, causal)
        self.end_token = vocab_size - 1 if end_token is None else end_token
        self.tokens = nn.Embedding(vocab_size, width)
        self.positions = nn.Parameter(torch.empty(context_length, width))
        self.blocks = nn.ModuleList(Block(width, heads, layers) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        nn.init.normal_(self.tokens.weight, std=0.02)
        nn.init.normal_(self.positions, std=0.01)

    def forward(self, text: Tensor) -> tuple[Tensor]:
        """Features (B, width) of token ids int64 (B, L), in a tuple as backbones give them."""
        check_shape(self, text)
        rows = self.tokens(text) + self.positions[:text.shape[1]]
        hidden = self._hidden(text)
        for block in self.blocks:
            rows = block(rows, hidden)
        return (self._pooled(self.norm(rows), text),)

    def _hidden(self, text: Tensor) -> Tensor:
        """The mask of hidden tokens, bool: (L, L) by position, or (B, 1, 1, L) by padding."""
        if self.causal:
            length = text.shape[1]
            return torch.ones(length, length, dtype=torch.bool, device=text.device).triu(1)
        # The first token stays in sight: a text without any token would otherwise have nothing to look at.
        hidden = (text == PADDING) & (torch.arange(text.shape[1], device=text.device) > 0)
        return hidden[:, None, None]

    def _pooled(self, rows: Tensor, text: Tensor) -> Tensor:
        if self.pool == 'first':
            return rows[:, 0]
        if self.pool == 'mean':
            counts = (text != PADDING).unsqueeze(2).to(rows.dtype)
            return (rows * counts).sum(dim=1) / counts.sum(dim=1).clamp(min=1)
        is_end = text == self.end_token
        torch._assert_async(is_end.any(dim=1).all(), f"a text has no end token {self.end_token}, which pool='end' of "
                            "TextTransformer looks for; set end_token to the tokenizer's, or pool='mean'")
        return rows[torch.arange(len(text), device=text.device), is_end.int().argmax(dim=1)]


class Block(nn.Module):
    """Attention and perceptron, each after a normalisation, with a shortcut around both."""

    def __init__(self, width: int, heads: int, layers: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.query_key_value, self.attended = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.perceptron = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        shortcut = width**-0.5 * (2 * layers)**-0.5
        for linear, deviation in ((self.query_key_value, width**-0.5), (self.attended, shortcut),
                                  (self.perceptron[0], (2 * width)**-0.5), (self.perceptron[2], shortcut)):
            nn.init.normal_(linear.weight, std=deviation)
            nn.init.zeros_(linear.bias)

    def forward(self, rows: Tensor, hidden: Tensor) -> Tensor:
        """Rows (B, L, width); ``hidden`` is true where a token may not look."""
        query, key, value = (
            part.unflatten(2, (self.heads, -1)).transpose(1, 2)
            for part in self.query_key_value(self.norms[0](rows)).chunk(3, dim=2))
        seen = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=~hidden)
        rows = rows + self.attended(seen.transpose(1, 2).flatten(2))
        return rows + self.perceptron(self.norms[1](rows))
