"""The tensors of DeepCluster's networks."""

import torch
from torch import Tensor

from mmifnd.registry import MODELS

from .architecture import describe_backbone

_COUNTER = 'num_batches_tracked'


def deepcluster_net(weights: dict[str, Tensor], what: str) -> dict[str, Tensor]:
    """Return ``weights`` in the form of :class:`mmifnd.models.backbones.DeepClusterNet`.

    A missing ``num_batches_tracked`` (in old files) becomes 0.

    Raises:
        ValueError: if they are not exactly those of AlexNet or VGG16 as DeepCluster has them; it names ``what``.
    """
    config = describe_backbone(weights)
    if config is None or config['type'] != 'DeepClusterNet':
        raise ValueError(f"{what} is neither AlexNet nor VGG16 as DeepCluster has them: it lacks features.0.weight")
    with torch.device('meta'):
        expected = MODELS.build({**config, 'type': 'mmifnd.DeepClusterNet'}).state_dict()
    filled = {name: weights.get(name, torch.zeros((), dtype=torch.int64) if name.endswith(_COUNTER) else None)
              for name in expected}
    wrong = [name for name, value in filled.items() if value is None or value.shape != expected[name].shape]
    wrong += sorted(set(weights) - set(expected))
    if wrong:
        raise ValueError(f'{what} is not {config["arch"]} as DeepCluster has it: {len(wrong)} tensors (such as {wrong[0]}) are '
                         'missing, additional, or have another shape')
    return filled
