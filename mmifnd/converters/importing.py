"""Read public checkpoints of MoCo, PCL, SwAV, DeepCluster and of the ResNets of torchvision and timm."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from mmifnd.engine.checkpoints.checkpoint_format import AtomicFileBackend, load_plain

from .deepcluster import deepcluster_net
from .export import torch_bytes
from .resnet import plain_resnet
from .weights import state_dict_of, without_prefix

#: For each layout: prefixes of its names and of ours, of which the first that matches counts; None if they are not used.
_RULES: dict[str, tuple[tuple[str, str | None], ...]] = dict(
    moco=(  # also PCL, whose code is MoCo's
        ('module.encoder_q.fc.', 'neck.mlp.'), ('module.encoder_q.', 'backbone.'),
        ('module.encoder_k.fc.', 'key_neck.mlp.'), ('module.encoder_k.', 'key_backbone.')),
    swav=(
        ('module.projection_head.', 'neck.mlp.'), ('module.prototypes.weight', 'head.prototypes.weight'),
        ('module.prototypes.', None),  # several sets, as in DeepCluster v2
        ('module.', 'backbone.')),
    deepcluster=(  # DataParallel holds the convolutions alone
        ('features.module.', 'backbone.features.'), ('features.', 'backbone.features.'),
        ('classifier.', 'backbone.classifier.'), ('sobel.', 'backbone.sobel.'), ('top_layer.', None)),
    resnet=(('fc.', None), ('', 'backbone.')))

#: For each layout: a name that only it has.
_TELLING = dict(moco='module.encoder_q.conv1.weight', swav='module.conv1.weight', deepcluster='sobel.0.weight',
                resnet='conv1.weight')


@dataclass(frozen=True)
class ImportedModel:
    """A public checkpoint whose tensors have our names.

    Attributes:
        layout (str): ``'moco'``, ``'swav'``, ``'deepcluster'`` or ``'resnet'``.
        state_dict (dict[str, Tensor]): ``backbone.*``, ``neck.*``, MoCo's ``key_*`` and ``queue.*``, SwAV's
            ``head.prototypes.*``, if the file has them.
        unused (tuple[str, ...]): tensors of the file that are not used.
    """

    layout: str
    state_dict: dict[str, Tensor]
    unused: tuple[str, ...]

    def save(self, path: str | Path) -> Path:
        """Write a checkpoint that ``load_backbone``, ``init_cfg`` and ``tools/test.py`` take."""
        AtomicFileBackend().put(torch_bytes(dict(meta=dict(imported=self.layout), state_dict=self.state_dict)), path)
        return Path(path)


def import_model(path: str | Path) -> ImportedModel:
    """Read a public checkpoint with ``weights_only=True`` and take nothing but its tensors.

    The layout is recognised by the names: MoCo v1 and v2 and PCL (``module.encoder_q.*``), SwAV (``module.*`` with
    ``projection_head`` and ``prototypes``; also DeepCluster v2), DeepCluster (AlexNet or VGG16 behind a Sobel filter),
    torchvision and timm (a bare ResNet). All of them take RGB images with ImageNet's mean and deviation, as our configs do.

    Raises:
        FileNotFoundError: if the file does not exist.
        ValueError: if the file is damaged, holds more than tensors and plain values, has none of these layouts, or its
            backbone is neither a plain ResNet nor DeepCluster's network.
    """
    state = state_dict_of(load_plain(str(path), map_location='cpu', keeps_names=True))
    layout = next((name for name, telling in _TELLING.items() if telling in state), None)
    if layout is None:
        raise ValueError(f'{path} has none of the known layouts (MoCo and PCL: {_TELLING["moco"]}; SwAV: {_TELLING["swav"]}; '
                         f'DeepCluster: {_TELLING["deepcluster"]}; '
                         f'torchvision and timm: {_TELLING["resnet"]}){_such_as(state)}')
    renamed = {name: _rename(name, layout) for name in state}
    ours = {new: state[name] for name, new in renamed.items() if new is not None}
    unused = [name for name, new in renamed.items() if new is None]
    for encoder in ('backbone.', 'key_backbone.'):
        weights = without_prefix(ours, encoder)
        if weights:
            form = deepcluster_net if layout == 'deepcluster' else plain_resnet
            ours |= {f'{encoder}{name}': value for name, value in form(weights, f'{path} ({encoder}*)').items()}
    if 'head.prototypes.weight' in ours:
        ours['head.step'] = torch.zeros((), dtype=torch.int64)
    if 'module.queue' in unused:
        ours |= _queue(state['module.queue'], state.get('module.queue_ptr'))
        unused = [name for name in unused if name not in ('module.queue', 'module.queue_ptr')]
    return ImportedModel(layout, ours, tuple(unused))


def _rename(name: str, layout: str) -> str | None:
    """Return our name of a tensor; None if it is not used."""
    for theirs, ours in _RULES[layout]:
        if name.startswith(theirs):
            rest = name[len(theirs):]
            if ours is not None and ours.endswith('.mlp.') and rest in ('weight', 'bias'):
                rest = f'0.{rest}'  # MoCo v1's single layer is not in a Sequential
            return None if ours is None else ours + rest
    return None


def _queue(features: Tensor, pointer: Tensor | None) -> dict[str, Tensor]:
    """Return MoCo's queue (D, K) as ours; the file does not say which images its keys belong to."""
    return {
        'queue.features': features.T.contiguous(),
        'queue.index': torch.full(features.shape[1:], -1),
        'queue.pointer': torch.zeros((), dtype=torch.int64) if pointer is None else pointer.reshape(()).long(),
        'step': torch.zeros((), dtype=torch.int64)}


def _such_as(state: dict[str, Tensor]) -> str:
    return f'; its first tensor is {next(iter(state))}' if state else '; it holds no tensors by name'
