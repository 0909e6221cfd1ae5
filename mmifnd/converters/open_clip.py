"""Write both towers of an image-text model into a file that open_clip reads."""

import json
import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmifnd.checks import check_divisor
from mmifnd.engine.checkpoints.checkpoint_format import AtomicFileBackend, load_plain
from mmifnd.errors import UserError
from mmifnd.places import check_file

from .export import torch_bytes

#: Where the towers are in our checkpoints.
IMAGE, TEXT = 'backbone.tower.', 'text_backbone.tower.'
#: CLIP's temperature at the start, which open_clip gives to a new model.
TEMPERATURE = 0.07


def export_open_clip(checkpoint: str | Path, out: str | Path, model: str | dict[str, Any],
                     temperature: float = TEMPERATURE) -> list[Path]:
    """Write image tower, text tower and temperature of a CLIPAdapter so that ``open_clip.create_model`` loads them.

    The tensors are not changed, only their names. ``open_clip.create_model(MODEL, pretrained=OUT)`` then gives the same
    features as the checkpoint. A model that open_clip does not know by name gets its config in a JSON file beside ``out``, for
    ``open_clip.add_model_config``. A learned bias (SigLIP) goes with such a config only; features do not depend on it.

    Args:
        checkpoint: a ``.pth`` file of a training run with ``OpenCLIPImage`` and ``OpenCLIPText``.
        out: file to write, ``.pth`` or ``.pt``.
        model: ``model`` of both towers, the name of an open_clip model or its config.
        temperature: of the training, if it was not learned; classification and retrieval do not depend on it.

    Returns:
        list[Path]: the files that were written: ``out``, and the config of a model that has no name.

    Raises:
        FileNotFoundError: if the checkpoint does not exist.
        UserError: if it holds no towers of open_clip, or layers between them and the loss, or ``out`` has another suffix.
    """
    if Path(out).suffix not in ('.pth', '.pt'):
        raise UserError(f'{out} must end in .pth or .pt for the layout open_clip')
    check_divisor('temperature', temperature)
    check_file(out)
    state = load_plain(str(checkpoint), map_location='cpu')['state_dict']
    weights, bias = _renamed(state, str(checkpoint), temperature), state.get('head.bias')
    if bias is not None and not isinstance(model, str):  # a model with a name has a bias, or none, by its own config
        weights, model = {**weights, 'logit_bias': bias}, dict(model, init_logit_bias=bias.item())
    AtomicFileBackend().put(torch_bytes(dict(state_dict=weights)), out)
    if isinstance(model, str):
        return [Path(out)]
    config = Path(out).with_suffix('.json')
    AtomicFileBackend().put_text(json.dumps(model, indent=4), config)
    return [Path(out), config]


def _renamed(state: dict[str, Tensor], what: str, temperature: float) -> dict[str, Tensor]:
    """The tensors by the names that open_clip gives them."""
    image, text = (_below(state, prefix) for prefix in (IMAGE, TEXT))
    if not image or not text:
        raise UserError(f'{what} holds no towers of open_clip ({IMAGE}*, {TEXT}*), and others do not fit into its models; '
                        'train with OpenCLIPImage and OpenCLIPText, or export the image backbone alone: --to mmpretrain')
    between = [name for name in state if name.startswith(('neck.', 'text_neck.'))]
    if between:
        raise UserError(f'{what} has layers behind the towers ({between[0]}), which open_clip has not; train with PassThrough '
                        'as neck and text_neck')
    # CLIP's own text tower stands beside the image tower, without a prefix; others are below "text".
    is_plain = 'text_projection' in text
    scale = state.get('head.learned_temperature.log_scale', torch.tensor(-math.log(temperature)))
    return {**{f'visual.{name}': value for name, value in image.items()},
            **{name if is_plain else f'text.{name}': value for name, value in text.items()}, 'logit_scale': scale}


def _below(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
