"""The towers of open_clip, an optional package: ``pip install 'mmifnd[clip]'``."""

import hashlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmifnd.errors import MissingExtra, near_matches
from mmifnd.registry import MODELS

from .check_tokens import check_shape

#: Within :func:`towers_of_one_model`: the towers that are built but not yet taken, by the model and its checkpoint.
_SPARE_TOWERS: ContextVar[dict[str, dict[str, tuple[nn.Module, int]]] | None] = ContextVar('spare_towers', default=None)


@contextmanager
def towers_of_one_model() -> Iterator[None]:
    """Within it, an image tower and a text tower of the same open_clip model are built together, once."""
    token = _SPARE_TOWERS.set({})
    try:
        yield
    finally:
        _SPARE_TOWERS.reset(token)


class _Tower(BaseModule):
    """One tower of an open_clip model, called ``part`` there; see the public classes for the arguments.

    Attributes:
        out_channels (int): dimension of the tower's embedding, for a :class:`PassThrough` neck.
    """

    part: str

    def __init__(self, model: str | dict = 'RN50', pretrained: str | None = None, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        spare = _SPARE_TOWERS.get()
        key = json.dumps([model, pretrained], sort_keys=True)
        towers: dict[str, tuple[nn.Module, int]] = {} if spare is None else spare.setdefault(key, {})
        if self.part not in towers:
            whole, out_channels = build_open_clip(model, pretrained)
            towers.update(visual=(whole.visual, out_channels), text=(whole.text, out_channels))
        self.tower, self.out_channels = towers.pop(self.part)

    def forward(self, inputs: Tensor) -> tuple[Tensor]:
        """Embeddings (B, D), not normalised, in a tuple as backbones give them."""
        features = self.tower(inputs)
        return (features[0] if isinstance(features, tuple) else features,)


@MODELS.register_module()
class OpenCLIPImage(_Tower):
    """The image tower of an open_clip model, which ends with its own projection; it takes images (B, 3, H, W).

    Args:
        model (str | dict): name of a model, such as ``'RN50'`` or ``'ViT-B-32'``, or a model config with ``embed_dim``,
            ``vision_cfg`` and ``text_cfg``.
        pretrained (str, optional): local checkpoint of the whole model; None starts with open_clip's initialisation.
        init_cfg (dict, optional): initialisation, as in mmengine.

    Raises:
        MissingExtra: if open_clip is not installed.
        ValueError: if the model is unknown, or the checkpoint no local file.
    """

    part = 'visual'


@MODELS.register_module()
class OpenCLIPText(_Tower):
    """The text tower of an open_clip model, which ends with its own projection; it takes token ids int64 (B, L).

    Arguments and errors are those of :class:`OpenCLIPImage`. :class:`CLIPAdapter` with both towers of one model builds the
    model once.
    """

    part = 'text'

    def __init__(self, model: str | dict = 'RN50', pretrained: str | None = None, init_cfg: dict | None = None) -> None:
        super().__init__(model, pretrained, init_cfg)
        self.vocab_size: int | None = getattr(self.tower, 'vocab_size', None)
        self.context_length: int | None = getattr(self.tower, 'context_length', None)

    def forward(self, text: Tensor) -> tuple[Tensor]:
        """Embeddings (B, D), not normalised, in a tuple as backbones give them."""
        check_shape(self, text)
        return super().forward(text)


def build_open_clip(model: str | dict, pretrained: str | None = None) -> tuple[nn.Module, int]:
    """An open_clip model with two separate towers, ``visual`` and ``text``, and the dimension of its embedding.

    Raises:
        MissingExtra: if open_clip is not installed.
        ValueError: if the model is unknown, or the checkpoint no local file.
    """
    open_clip = import_open_clip()
    name = model if isinstance(model, str) else _registered(open_clip, model)
    config = open_clip.get_model_config(name)
    if config is None:
        raise ValueError(f'model={name!r} is not among the models of open_clip{near_matches(name, open_clip.list_models())}')
    if pretrained is not None and not Path(pretrained).expanduser().is_file():
        raise ValueError(f'pretrained={pretrained!r} is no file; download the checkpoint of {name} and give its path (names of '
                         'weights would be fetched from the hub)')
    path = None if pretrained is None else str(Path(pretrained).expanduser())
    built = open_clip.create_model(name, pretrained=path, force_custom_text=True, require_pretrained=path is not None)
    return built, int(config['embed_dim'])


def import_open_clip() -> Any:
    """The package, or one line that says how to install it.

    Raises:
        MissingExtra: if it is not installed.
    """
    try:
        import open_clip
    except ModuleNotFoundError as error:
        raise MissingExtra.of(error) or error from None
    return open_clip


def _registered(open_clip: Any, config: dict) -> str:
    """The name under which open_clip knows a model config from now on."""
    text = json.dumps(config, sort_keys=True)
    name = f'mmifnd-{hashlib.sha256(text.encode()).hexdigest()[:12]}'
    if open_clip.get_model_config(name) is None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f'{name}.json'
            path.write_text(text)
            open_clip.add_model_config(path)
    return name
