"""The backbone of a checkpoint as a module."""

from pathlib import Path

from torch import nn

from mmifnd.configuration.config import load_config
from mmifnd.configuration.errors import UserError
from mmifnd.converters import backbone_weights, describe_backbone
from mmifnd.registry import MODELS, default_scope


def load_backbone(checkpoint: str | Path, encoder: str = 'query', config: str | Path | None = None) -> nn.Module:
    """The backbone of one of our checkpoints, with its weights, in evaluation mode.

    It takes images as the training's preprocessor normalises them and returns a tuple of maps, as mmpretrain's backbones do;
    ``mmifnd.models.frameworks.base.pool`` averages the last one to (B, C).

    Args:
        checkpoint: a ``.pth`` file of a training run, or one that ``import_checkpoint.py`` wrote.
        encoder: ``'query'``, or ``'key'`` for MoCo's momentum encoder.
        config: of the training; needed only where the tensors do not tell the architecture (they do for ResNet,
            ResNet_CIFAR, SmallCNN and DeepClusterNet).

    Raises:
        FileNotFoundError: if there is no such checkpoint.
        ValueError: if it cannot be read, or its backbone is not the config's, or of another kind.

    Example:
        >>> import tempfile, torch
        >>> from mmifnd.models.backbones import SmallCNN
        >>> trained = SmallCNN(in_channels=1, widths=(4, 8)).eval()
        >>> weights = {f'backbone.{name}': value for name, value in trained.state_dict().items()}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     torch.save(dict(state_dict=weights), f'{folder}/last.pth')
        ...     backbone = load_backbone(f'{folder}/last.pth')
        >>> images = torch.randn(2, 1, 8, 8)
        >>> torch.equal(backbone(images)[0], trained(images)[0])
        True
    """
    weights = backbone_weights(checkpoint, encoder)
    backbone_config = describe_backbone(weights) if config is None else load_config(config).model.backbone.to_dict()
    if backbone_config is None:
        raise UserError(f'checkpoint {checkpoint}: its backbone is no ResNet, ResNet_CIFAR or SmallCNN, so say what it is: '
                        'config=CONFIG of its training')
    with default_scope():
        backbone: nn.Module = MODELS.build(backbone_config)
    try:
        backbone.load_state_dict(weights)
    except RuntimeError as error:
        raise UserError(f'checkpoint {checkpoint} does not fit {backbone_config["type"]}: '
                        f'{" ".join(str(error).split())[:200]}; use the config that it was trained with') from None
    backbone.eval()  # which returns nothing in mmpretrain's ResNet
    return backbone
