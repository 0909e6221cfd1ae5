"""The smallest text tower: the mean of token embeddings, and a perceptron."""

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmifnd.registry import MODELS

from .check_tokens import PADDING, check_shape


@MODELS.register_module()
class TokenBag(BaseModule):
    """Mean embedding of a text's tokens, in no order, through one hidden layer; padding does not count.

    With :class:`mmifnd.datasets.HashTokenizer`, whose tokens are character n-grams, this is fastText's sentence vector (Joulin
    et al., EACL 2017). It trains on one core.

    Args:
        vocab_size (int): token ids are below it; 0 is padding.
        width (int): channels of embedding, hidden layer and feature.
        context_length (int, optional): most tokens of a text; None takes any number.
        init_cfg (dict, optional): initialisation, as in mmengine.

    Raises:
        ValueError: if a number is below 1, or texts do not fit.
    """

    def __init__(self, vocab_size: int, width: int = 128, context_length: int | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        if vocab_size < 2 or width < 1 or context_length is not None and context_length < 1:
            raise ValueError(f'vocab_size={vocab_size} of TokenBag must be at least 2, width={width} and context_length='
                             f'{context_length} at least 1')
        self.vocab_size, self.width, self.context_length = vocab_size, width, context_length
        self.tokens = nn.EmbeddingBag(vocab_size, width, mode='mean', padding_idx=PADDING)
        self.layers = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))

    def forward(self, text: Tensor) -> tuple[Tensor]:
        """Features (B, width) of token ids int64 (B, L), in a tuple as backbones give them."""
        check_shape(self, text)
        return (self.layers(self.tokens(text)),)
