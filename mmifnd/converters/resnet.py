"""Names of a ResNet's tensors, which mmpretrain, torchvision and timm share; Detectron2 has its own."""

import re

import torch
from torch import Tensor

from .architecture import describe_backbone

_COUNTER = 'num_batches_tracked'


def plain_resnet(weights: dict[str, Tensor], what: str) -> dict[str, Tensor]:
    """Return ``weights`` in the form of torchvision's ResNet of that depth, without ``fc``.

    A missing ``num_batches_tracked`` (in old files) becomes 0.

    Raises:
        ValueError: if they are not those of a plain ResNet (another stem, width, number of channels); it names ``what``.
    """
    expected = _expected(weights)
    if expected is None:
        raise ValueError(f'{what} is not a ResNet of depth 18, 34, 50, 101 or 152 with a 7 x 7 stem; only those fit the '
                         "layouts of torchvision, timm and Detectron2 (layout 'mmpretrain' takes any backbone)")
    filled = {name: weights.get(name, torch.zeros((), dtype=torch.int64) if name.endswith(_COUNTER) else None)
              for name in expected}
    wrong = [name for name, value in filled.items() if value is None or value.shape != expected[name]]
    wrong += sorted(set(weights) - set(expected))
    if wrong:
        raise ValueError(f'{what} is not a plain ResNet: {len(wrong)} tensors (such as {wrong[0]}) are missing, additional, or '
                         'have another shape than in torchvision')
    return filled


def _expected(weights: dict[str, Tensor]) -> dict[str, torch.Size] | None:
    """Return names and shapes of torchvision's ResNet of the same depth, without ``fc``; None for any other backbone."""
    from torchvision.models import get_model  # after the registry has made torchvision importable
    backbone = describe_backbone(weights)
    if backbone is None or backbone['type'] != 'ResNet':
        return None
    with torch.device('meta'):
        model = get_model(f'resnet{backbone["depth"]}', weights=None)
    return {name: value.shape for name, value in model.state_dict().items() if not name.startswith('fc.')}


def detectron2_name(name: str) -> str:
    """Return Detectron2's name of a tensor.

    Example:
        >>> detectron2_name('bn1.running_mean'), detectron2_name('layer1.0.downsample.0.weight')
        ('stem.conv1.norm.running_mean', 'res2.0.shortcut.weight')
    """
    name = name if name.startswith('layer') else f'stem.{name}'
    name = re.sub(r'^layer(\d)', lambda match: f'res{int(match[1]) + 1}', name)
    name = re.sub(r'\bbn(\d)', r'conv\1.norm', name)
    return name.replace('downsample.0', 'shortcut').replace('downsample.1', 'shortcut.norm')
