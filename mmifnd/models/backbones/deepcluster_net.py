"""The networks of DeepCluster's released checkpoints: AlexNet and VGG16 on Sobel-filtered grey images."""

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmifnd.checks import check_choice
from mmifnd.registry import MODELS

#: For each network its convolutions (channels, window, stride, padding), with 'M' for a pooling; the window and stride of a
#: pooling; the side of its last map at 224 pixels; and the places of the two linear layers in its classifier.
NETWORKS = dict(
    alexnet=(((96, 11, 4, 2), 'M', (256, 5, 1, 2), 'M', (384, 3, 1, 1), (384, 3, 1, 1), (256, 3, 1, 1), 'M'),
             (3, 2), 6, (1, 4)),
    vgg16=(tuple('M' if width == 'M' else (width, 3, 1, 1) for width in (
        64, 64, 'M', 128, 128, 'M', 256, 256, 256, 'M', 512, 512, 512, 'M', 512, 512, 512, 'M')),
           (2, 2), 7, (0, 3)))
_KERNELS = [[[1., 0., -1.], [2., 0., -2.], [1., 0., -1.]], [[1., 2., 1.], [0., 0., 0.], [-1., -2., -1.]]]


@MODELS.register_module()
class DeepClusterNet(BaseModule):
    """DeepCluster's encoder (Caron et al., ECCV 2018, arXiv 1807.05520): fixed Sobel filter, convolutions, two linear layers.

    Its feature is what DeepCluster clusters: the second linear layer, before its ReLU. It is for checkpoints of
    facebookresearch/deepcluster, to be measured (IFND, Table 4: NMI). ``mmifnd import`` converts them.

    Args:
        arch (str): 'alexnet' or 'vgg16', both with batch normalisation.
        hidden_channels (int): of the two linear layers, 4,096 in the released files.
        init_cfg (dict, optional): initialisation, as in mmengine.

    Shapes: RGB images (B, 3, 224, 224), normalised as ImageNet's; the feature is a map (B, hidden_channels, 1, 1).

    Raises:
        ValueError: if the network is unknown, or images do not have 224 pixels.
    """

    def __init__(self, arch: str = 'vgg16', hidden_channels: int = 4096, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        check_choice('arch', arch, NETWORKS, 'DeepClusterNet')
        layout, pooling, self.side, places = NETWORKS[arch]
        self.sobel = _sobel()
        self.features = _convolutions(layout, pooling)
        channels = [step[0] for step in layout if step != 'M'][-1]
        layers = {places[0]: nn.Linear(channels * self.side**2, hidden_channels), places[0] + 1: nn.ReLU(inplace=True),
                  places[1]: nn.Linear(hidden_channels, hidden_channels)}
        # Dropout, which the released code has at the other places, does nothing to features.
        self.classifier = nn.Sequential(*[layers.get(place, nn.Identity()) for place in range(places[1] + 1)])

    def forward(self, images: Tensor) -> tuple[Tensor]:
        """The feature as a map of one pixel, in a tuple as mmpretrain's backbones give it."""
        maps = self.features(self.sobel(images))
        if maps.shape[2:] != (self.side, self.side):
            raise ValueError(f'DeepClusterNet takes images of 224 x 224 pixels, got {images.shape[2]} x {images.shape[3]}')
        return (self.classifier(maps.flatten(1))[:, :, None, None],)


def _sobel() -> nn.Sequential:
    """The mean of the three channels, then its gradients along both sides; neither learns."""
    grey, gradients = nn.Conv2d(3, 1, 1), nn.Conv2d(1, 2, 3, padding=1)
    with torch.no_grad():
        grey.weight.fill_(1 / 3)
        gradients.weight.copy_(torch.tensor(_KERNELS).unsqueeze(1))
        for layer in (grey, gradients):
            layer.bias.zero_()
    return nn.Sequential(grey, gradients).requires_grad_(False)


def _convolutions(layout: tuple, pooling: tuple[int, int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    channels = 2  # of the Sobel filter
    for step in layout:
        if step == 'M':
            layers.append(nn.MaxPool2d(*pooling))
        else:
            width, window, stride, padding = step
            layers += [nn.Conv2d(channels, width, window, stride, padding), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            channels = width
    return nn.Sequential(*layers)
