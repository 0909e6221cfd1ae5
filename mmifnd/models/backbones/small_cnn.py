"""A backbone for images of a few pixels, trained in seconds on one core."""

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmifnd.registry import MODELS


@MODELS.register_module()
class SmallCNN(BaseModule):
    """3 x 3 convolutions with batch normalisation and ReLU; every layer but the first halves the resolution.

    Args:
        in_channels (int): 1 for grey images, 3 for colour.
        widths (tuple[int, ...]): channels of each layer.
        patch (int, optional): the first layer takes patches of so many pixels, side by side, instead of 3 x 3 windows; with 4,
            the net costs a tenth on images of 32 pixels.
        first_stride (int): of the first layer's windows: 1 keeps the resolution, 2 halves it, which is a quarter of the work.
        init_cfg (dict, optional): initialisation, as in mmengine.

    Raises:
        ValueError: if a number is below 1, the stride is another one, or the images have another number of channels.
    """

    def __init__(self, in_channels: int = 1, widths: tuple[int, ...] = (16, 32, 64), patch: int | None = None,
                 first_stride: int = 1, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        if not widths or min(in_channels, *widths) < 1:
            raise ValueError(f'in_channels={in_channels} and widths={tuple(widths)} of SmallCNN must be at least 1; 1 or 3, '
                             'and (16, 32, 64), are usual')
        if patch is not None and patch < 1:
            raise ValueError(f'patch={patch} of SmallCNN must be at least 1; 4 is usual')
        if first_stride not in (1, 2) or patch is not None and first_stride != 1:
            raise ValueError(f'first_stride={first_stride} of SmallCNN must be 1 or 2, and 1 with patch={patch}')
        self.in_channels = in_channels
        first = dict(kernel_size=3, stride=first_stride, padding=1) if patch is None else dict(kernel_size=patch, stride=patch)
        windows = [first] + [dict(kernel_size=3, stride=2, padding=1)] * (len(widths) - 1)
        channels = [in_channels, *widths]
        self.layers = nn.Sequential(*[
            nn.Sequential(nn.Conv2d(fan_in, fan_out, bias=False, **window), nn.BatchNorm2d(fan_out), nn.ReLU(inplace=True))
            for window, fan_in, fan_out in zip(windows, channels, channels[1:])
        ])

    def forward(self, images: Tensor) -> tuple[Tensor]:
        """The last map (B, C, H, W), in a tuple as mmpretrain's backbones give it."""
        if images.shape[1] != self.in_channels:
            raise ValueError(f'in_channels={self.in_channels} of SmallCNN, but the images have {images.shape[1]}; set '
                             f'model.backbone.in_channels={images.shape[1]}')
        return (self.layers(images),)
