"""Write the backbone of a checkpoint into a file that other projects read."""

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmifnd.checks import check_choice
from mmifnd.engine.checkpoints.checkpoint_format import AtomicFileBackend
from mmifnd.places import check_file

from .resnet import detectron2_name, plain_resnet
from .weights import backbone_weights

State = dict[str, Tensor]


def export_backbone(checkpoint: str | Path, out: str | Path, layout: str = 'mmpretrain', encoder: str = 'query') -> Path:
    """Write the backbone of one of our checkpoints in the layout of another project.

    The tensors are not changed, only their names and the container.

    Args:
        checkpoint: a ``.pth`` file of a training run, or an imported one.
        out: file to write; ``.pkl`` for Detectron2, ``.pth`` for the others.
        layout: one of :data:`LAYOUTS`: ``'mmpretrain'`` (names begin with ``backbone.``), ``'mmdetection'`` (without, so that
            a C4 detector finds its ``layer4`` too), ``'detectron2'``, ``'torchvision'``, ``'timm'``.
        encoder: ``'query'``, or ``'key'`` for MoCo's momentum encoder.

    Returns:
        Path: ``out``.

    Raises:
        FileNotFoundError: if the checkpoint does not exist.
        ValueError: if an argument is unknown, ``out`` has another suffix or cannot be written, or the backbone does not fit
            the layout.
    """
    check_choice('layout', layout, LAYOUTS)
    suffix = '.pkl' if layout == 'detectron2' else '.pth'
    if Path(out).suffix != suffix:
        raise ValueError(f'{out} must end in {suffix} for the layout {layout}')
    check_file(out)
    weights = backbone_weights(checkpoint, encoder)
    AtomicFileBackend().put(LAYOUTS[layout](weights, str(checkpoint)), out)
    return Path(out)


def _mmpretrain(weights: State, what: str) -> bytes:
    return torch_bytes(dict(state_dict={f'backbone.{name}': value for name, value in weights.items()}))


def _mmdetection(weights: State, what: str) -> bytes:
    return torch_bytes(dict(state_dict=weights))


def _torchvision(weights: State, what: str) -> bytes:
    return torch_bytes(plain_resnet(weights, what))


def _detectron2(weights: State, what: str) -> bytes:
    """Pickle arrays for Detectron2, which matches names by their ends if ``matching_heuristics`` is set."""
    model = {detectron2_name(name): value.numpy() for name, value in plain_resnet(weights, what).items()
             if not name.endswith('num_batches_tracked')}
    return pickle.dumps(dict(model=model, __author__='mmifnd', matching_heuristics=True))


def torch_bytes(value: Any) -> bytes:
    """Return what ``torch.save`` would write."""
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


#: Layouts by name. Each takes a backbone's tensors and their name in errors, and returns the bytes of a file.
LAYOUTS: dict[str, Callable[[State, str], bytes]] = dict(
    mmpretrain=_mmpretrain, mmdetection=_mmdetection, detectron2=_detectron2, torchvision=_torchvision, timm=_torchvision)
