"""The errors of a text tower about texts that do not fit it."""

from torch import Tensor, nn

#: Token id of what fills a text up to the context's length.
PADDING = 0


def check_shape(tower: nn.Module, text: Tensor) -> None:
    """Refuse what is no batch of token ids, or longer than the tower's context; shapes only, so nothing waits."""
    name = type(tower).__name__
    if text.dim() != 2 or text.is_floating_point():
        raise ValueError(f'{name} takes token ids int64 (B, L), got {text.dtype} {tuple(text.shape)}; the pipeline needs '
                         'Tokenize')
    if tower.context_length is not None and text.shape[1] > tower.context_length:
        raise ValueError(f'texts have {text.shape[1]} tokens, but context_length={tower.context_length} of {name}; give the '
                         'tokenizer and the tower the same context_length')
