"""Take the tensors of a backbone out of one of our checkpoints."""

from pathlib import Path

from torch import Tensor

from mmifnd.checks import check_choice
from mmifnd.engine.checkpoints.checkpoint_format import load_plain

#: What an encoder's backbone is called in a checkpoint: the trained one, and MoCo's momentum encoder.
ENCODERS = dict(query='backbone.', key='key_backbone.')

State = dict[str, Tensor]


def backbone_weights(checkpoint: str | Path, encoder: str = 'query') -> State:
    """Return the tensors of the backbone by their names within it (``conv1.weight``).

    Args:
        checkpoint: a ``.pth`` file of a training run, or one that ``import_checkpoint.py`` wrote.
        encoder: ``'query'``, the encoder that is trained by the gradient, or ``'key'``, MoCo's momentum encoder.

    Raises:
        FileNotFoundError: if the file does not exist.
        ValueError: if ``encoder`` is unknown, or the file is damaged, holds more than tensors and plain values, or lacks
            that encoder.
    """
    check_choice('encoder', encoder, ENCODERS)
    state = state_dict_of(load_plain(str(checkpoint), map_location='cpu'))
    weights = without_prefix(state, ENCODERS[encoder])
    if weights:
        return weights
    encoders = [name for name, prefix in ENCODERS.items() if without_prefix(state, prefix)]
    foreign = 'convert files of other projects with `mmifnd import` first'
    remedy = f'it has the {encoders[0]} encoder' if encoders else foreign
    raise ValueError(f'checkpoint {checkpoint} has no {encoder} encoder ({ENCODERS[encoder]}*); {remedy}')


def state_dict_of(file: object) -> State:
    """Return the tensors of a loaded file by name, also from under ``state_dict`` or ``model``, and nothing else."""
    holder = file
    for key in ('state_dict', 'model'):
        if isinstance(file, dict) and isinstance(file.get(key), dict):
            holder = file[key]
            break
    return {name: value for name, value in holder.items() if isinstance(value, Tensor)} if isinstance(holder, dict) else {}


def without_prefix(state: State, prefix: str) -> State:
    """Return the tensors whose names begin with ``prefix``, without the prefix."""
    return {name[len(prefix):]: value for name, value in state.items() if name.startswith(prefix)}
