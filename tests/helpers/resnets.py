"""ResNets in which every tensor differs, so that no two can change places unnoticed."""

from pathlib import Path

import torch
from mmengine.config import Config

from mmifnd.registry import MODELS

SWAV = Path(__file__).resolve().parents[2] / 'configs' / '_base_' / 'models' / 'swav_r50.py'


def shuffle_weights(model, seed=0):
    """Give batch statistics, too, values of their own; the model, in evaluation mode."""
    generator = torch.Generator().manual_seed(seed)
    for value in model.state_dict().values():
        if value.is_floating_point():
            noise = torch.rand(value.shape, generator=generator)
            value.copy_(noise + 0.5 if value.ndim == 1 else (noise - 0.5) * 3 / value[0].numel() ** 0.5)
    model.eval()  # which returns nothing in mmpretrain's ResNet
    return model


def resnet(depth=18, kind='ResNet', seed=0, **options):
    """mmpretrain's ResNet with weights of ``seed``."""
    return shuffle_weights(MODELS.build(dict(type=kind, depth=depth, **options)), seed)


def swav(seed=0, **options):
    """SwAV of our configs, but for a ResNet-18, with weights of ``seed``."""
    model = Config.fromfile(str(SWAV)).model
    model.backbone.depth, model.neck.in_channels = 18, 512
    return shuffle_weights(MODELS.build({**model, **options}), seed)


def save_as_ours(path, **modules):
    """A checkpoint with the tensors of ``modules`` under their names."""
    state = {f'{name}.{key}': value for name, module in modules.items() for key, value in module.state_dict().items()}
    torch.save(dict(meta={}, state_dict=state), path)
    return path


def images(size=64, channels=3, seed=0):
    """Two images of noise."""
    return torch.randn(2, channels, size, size, generator=torch.Generator().manual_seed(seed))
