"""Backbones of torchvision and timm by name, and modules of one's own."""

import copy
import logging
from pathlib import Path

from mmengine.logging import print_log
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmifnd.checkpoint_file import can_replace, read_checkpoint
from mmifnd.errors import UserError
from mmifnd.registry import MODELS

#: Modules that were given in this process, by name.
_GIVEN: dict[str, nn.Module] = {}


@MODELS.register_module()
class TorchvisionBackbone(BaseModule):
    """A classifier of ``torchvision.models`` without its last linear layer.

    Args:
        name (str): such as ``'resnet50'`` or ``'convnext_tiny'``.
        weights (str, optional): file of a ``state_dict``, as torchvision's; nothing is downloaded.
        init_cfg (dict, optional): initialisation, as in mmengine.
        **kwargs: of the model's builder.

    Raises:
        UserError: if torchvision has no such model, or the weights do not fit.
    """

    def __init__(self, name: str, weights: str | None = None, init_cfg: dict | None = None, **kwargs) -> None:
        super().__init__(init_cfg)
        from torchvision import models
        if name not in models.list_models():
            raise UserError(f'torchvision has no model {name}; torchvision.models.list_models() names all')
        model = models.get_model(name, weights=None, **kwargs)
        load_weights(model, weights)
        self.model = without_last_linear(model, name)

    def forward(self, images: Tensor) -> tuple[Tensor]:
        """The features (B, C) that the classifier would see."""
        return self.model(images),


@MODELS.register_module()
class TimmBackbone(BaseModule):
    """A model of timm, pooled and without its classifier.

    Args:
        name (str): such as ``'vit_small_patch16_224'``.
        weights (str, optional): file of a ``state_dict``; nothing is downloaded.
        init_cfg (dict, optional): initialisation, as in mmengine.
        **kwargs: of ``timm.create_model``, such as ``img_size`` of a ViT.

    Raises:
        UserError: if timm is not installed or has no such model, or the weights do not fit.
    """

    def __init__(self, name: str, weights: str | None = None, init_cfg: dict | None = None, **kwargs) -> None:
        super().__init__(init_cfg)
        try:
            import timm
        except ImportError:
            raise UserError(f'backbone timm/{name} needs timm: pip install timm') from None
        if not timm.is_model(name):
            raise UserError(f'timm has no model {name}; timm.list_models() names all')
        self.model = timm.create_model(name, pretrained=False, num_classes=0, **kwargs)
        load_weights(self.model, weights)

    def forward(self, images: Tensor) -> tuple[Tensor]:
        """Pooled features (B, C)."""
        return self.model(images),


@MODELS.register_module()
class GivenBackbone(BaseModule):
    """A copy of a module that was given in this process (:func:`give_backbone`), which no config can describe.

    Args:
        name (str): as :func:`give_backbone` returned it.
        init_cfg (dict, optional): initialisation, as in mmengine.

    Raises:
        UserError: if no module of that name was given.
    """

    def __init__(self, name: str, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        if name not in _GIVEN:
            raise UserError(f'the backbone {name} was given as a module, which a config cannot hold; give it again in this '
                            f'process: mmifnd.models.backbones.give_backbone(module, {name!r})')
        self.model = copy.deepcopy(_GIVEN[name])

    def init_weights(self) -> None:
        """Keep the weights that the module was given with."""

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """What the module gives, in a tuple."""
        maps = self.model(images)
        return tuple(maps) if isinstance(maps, (tuple, list)) else (maps,)


def give_backbone(module: nn.Module, name: str | None = None) -> str:
    """Make a module known to configs of this process as ``dict(type='GivenBackbone', name=NAME)``; the name.

    Args:
        module: maps images (B, 3, H, W) to maps (B, C, H', W') or vectors (B, C).
        name: default: the class's name, followed by a number.
    """
    if name is None:
        name = f'{type(module).__name__}_{len(_GIVEN)}'
    _GIVEN[name] = module
    return name


def without_last_linear(model: nn.Module, name: str) -> nn.Module:
    """``model``, whose last linear layer is replaced, in place, by nothing.

    Raises:
        UserError: if it has none.
    """
    linear = [path for path, part in model.named_modules() if isinstance(part, nn.Linear)]
    if not linear:
        raise UserError(f'{name} ends in no linear layer, so that its features are not known; give its config or the module')
    holder, _, last = linear[-1].rpartition('.')
    setattr(model.get_submodule(holder), last, nn.Identity())
    return model


def load_weights(model: nn.Module, path: str | None) -> None:
    """Load the ``state_dict`` in a file; tensors of the classifier may be missing or of another shape.

    Raises:
        UserError: if there is no such file, or other tensors do not fit.
    """
    if path is None:
        return
    file = Path(path).expanduser()
    if not file.is_file():
        raise UserError(f'weights {path} do not exist; give a local file, nothing is downloaded')
    saved = read_checkpoint(file, 'cpu', lambda line: print_log(line, 'current', logging.WARNING), what='weights')
    saved = saved.get('state_dict', saved.get('model', saved)) if isinstance(saved, dict) else {}
    saved = saved if isinstance(saved, dict) else {}
    expected = model.state_dict()
    wrong = [key for key, value in expected.items() if not can_replace(saved.get(key), value)]
    names = [key for key, part in model.named_modules() if isinstance(part, nn.Linear)]
    classifier = f'{names[-1]}.' if names else '\0'
    if wrong := [key for key in wrong if not key.startswith(classifier)]:
        raise UserError(f'weights {path} do not fit: {len(wrong)} of {len(expected)} tensors are missing or have another '
                        f'shape, such as {wrong[0]}')
    fitting = {key: value for key, value in saved.items() if key in expected and can_replace(value, expected[key])}
    model.load_state_dict(fitting, strict=False)
