"""Recognise the backbone that a set of tensors belongs to."""

import re

from torch import Tensor

#: Blocks of each stage, and whether they are bottlenecks (three convolutions): the depth of a ResNet.
_DEPTHS = {
    ((2, 2, 2, 2), False): 18, ((3, 4, 6, 3), False): 34, ((3, 4, 6, 3), True): 50, ((3, 4, 23, 3), True): 101,
    ((3, 8, 36, 3), True): 152}


def describe_backbone(weights: dict[str, Tensor]) -> dict | None:
    """Return the config of the backbone that ``weights`` fit; None if it is of another kind.

    Recognised are ResNet, ResNet_CIFAR, SmallCNN and DeepClusterNet.

    A file of weights does not say everything. Which convolution of a bottleneck has the stride (``style``) leaves no trace in
    it; it is assumed to be 'pytorch', as in all our configs.

    Example:
        >>> from mmifnd.models.backbones import SmallCNN
        >>> describe_backbone(SmallCNN(in_channels=1, widths=(4, 8)).state_dict())
        {'type': 'SmallCNN', 'in_channels': 1, 'widths': (4, 8)}
    """
    if 'layers.0.0.weight' in weights:
        convolutions = [value for name, value in weights.items() if re.fullmatch(r'layers\.\d+\.0\.weight', name)]
        return dict(type='SmallCNN', in_channels=convolutions[0].shape[1], widths=tuple(len(w) for w in convolutions))
    if {'sobel.0.weight', 'features.0.weight'} <= set(weights):
        arch = 'alexnet' if len(weights['features.0.weight']) == 96 else 'vgg16'
        linear = [value for name, value in weights.items() if re.fullmatch(r'classifier\.\d\.weight', name)]
        return dict(type='DeepClusterNet', arch=arch, hidden_channels=len(linear[-1]) if linear else 4096)
    if {'conv1.weight', 'layer1.0.conv1.weight', 'layer1.0.conv2.weight'} <= set(weights):
        return _describe_resnet(weights)
    return None


def _describe_resnet(weights: dict[str, Tensor]) -> dict | None:
    blocks = tuple(len({name.split('.')[1] for name in weights if name.startswith(f'layer{stage}.')})
                   for stage in (1, 2, 3, 4))
    depth = _DEPTHS.get((blocks, 'layer1.0.conv3.weight' in weights))
    stem, base = weights['conv1.weight'], weights['layer1.0.conv2.weight']
    kind = {3: 'ResNet_CIFAR', 7: 'ResNet'}.get(stem.shape[-1])
    if depth is None or kind is None:
        return None
    return dict(type=kind, depth=depth, in_channels=stem.shape[1], stem_channels=len(stem), base_channels=len(base))
