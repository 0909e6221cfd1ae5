"""What :func:`mmifnd.apis.pretrain` can be asked for: methods, frameworks and backbones, as parts of a config."""

from dataclasses import dataclass, field
from typing import Any

import torch
from mmengine.config import ConfigDict
from mmengine.registry import DefaultScope
from torch import nn

from mmifnd.configuration.errors import UserError, one_line
from mmifnd.models.backbones import give_backbone
from mmifnd.models.frameworks.base import pool
from mmifnd.registry import MODELS

CONTRASTIVE, ALL = ('mocov2', 'simclr'), ('mocov2', 'simclr', 'swav')


@dataclass(frozen=True)
class MethodParts:
    """A method as parts of a config.

    Attributes:
        detector (dict): who is a false negative.
        head (dict): keys of the head that differ from the framework's.
        model (dict): keys of the framework.
        frameworks (tuple[str, ...]): that it goes with.
        clusters (bool): whether pseudo labels are made.
        acceptance (dict): keys of the acceptance, where they are not the paper's.
        needs_labels (bool): whether it is told the classes: a control, not a method.
    """

    detector: dict[str, Any] = field(default_factory=lambda: dict(type='NoDetector'))
    head: dict[str, Any] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    frameworks: tuple[str, ...] = CONTRASTIVE
    clusters: bool = False
    acceptance: dict[str, Any] = field(default_factory=dict)
    needs_labels: bool = False


_PSEUDO, _ORACLE = dict(type='PseudoLabelDetector'), dict(type='GroundTruthDetector')
_BATCH, _LEARNED = (dict(type=kind, alpha=0.01) for kind in ('BatchQuantileDetector', 'QuantileThresholdDetector'))
METHODS = dict(
    none=MethodParts(frameworks=ALL),
    ifnd=MethodParts(_PSEUDO, frameworks=ALL, clusters=True),
    ifnd_attraction=MethodParts(_PSEUDO, dict(type='AttrContrastiveHead'), clusters=True),
    glofnd=MethodParts(_LEARNED, dict(type='GloFNDThresholdHead')),
    sogclr=MethodParts(head=dict(type='SogCLRHead')),
    sogclr_glofnd=MethodParts(_LEARNED, dict(type='SogCLRHead')),
    fnc=MethodParts(_BATCH),
    topk=MethodParts(dict(type='TopKDetector')),
    margin=MethodParts(dict(type='PositiveMarginDetector')),
    pcl=MethodParts(head=dict(type='ProtoNCEHead'), clusters=True, acceptance=dict(scheme='constant', end=1.)),
    sce=MethodParts(head=dict(type='SCEHead')),
    sane=MethodParts(head=dict(type='SANEHead'), model=dict(fresh_keys=True, mixup=dict(type='MomentumMixup')),
                     frameworks=('mocov2',)),
    random=MethodParts(dict(type='RandomDetector', rate=0.1), frameworks=ALL),
    oracle=MethodParts(_ORACLE, frameworks=ALL, needs_labels=True),
    supcon=MethodParts(_ORACLE, dict(type='AttrContrastiveHead'), needs_labels=True))
#: Frameworks, and the config that each starts from.
FRAMEWORKS = dict(
    mocov2='ifnd/ifnd_r50_folder.py', simclr='ifnd/ifnd_r50_folder.py',
    swav='ifnd/ifnd_swav_r50_8xb32-coslr_200e_in1k-160px-96px.py', clip='clip/clip_pairs.py')
#: Name of the method's detector beside that of the groups.
METHOD_PART = 'method'
#: ResNets by name, and the channels of their last map.
RESNETS = dict(resnet18=512, resnet34=512, resnet50=2048, resnet101=2048, resnet152=2048)
LIBRARIES = dict(timm='TimmBackbone', torchvision='TorchvisionBackbone')
#: Sides below this one are trained as CIFAR is: a 3 x 3 stem without pooling, no blur, no smaller crops.
SMALL = 48

Backbone = str | dict | nn.Module


def set_method(model: ConfigDict, hooks: ConfigDict, method: str, with_groups: bool = False) -> None:
    """Give ``model`` and ``hooks`` of a config what a method needs, in place.

    With groups, images of one group are false negatives of each other beside what the method detects.
    """
    parts = METHODS[method]
    model.head.detector = ConfigDict(detector_with_groups(parts.detector) if with_groups else parts.detector)
    if parts.head:
        kept = {key: model.head[key] for key in ('temperature', 'detector') if key in model.head}
        model.head = ConfigDict({**kept, **parts.head})
    model.update(parts.model)
    if parts.clusters:
        hooks.false_negative.acceptance.update(parts.acceptance)
    else:
        hooks.pop('false_negative')


def detector_with_groups(detector: dict[str, Any]) -> dict[str, Any]:
    """A detector that also detects images of one group."""
    groups = dict(type='GroupDetector')
    if detector['type'] == 'NoDetector':
        return groups
    return dict(type='UnionDetector', detectors={'groups': groups, METHOD_PART: detector})


def detector_key(with_groups: bool) -> str:
    """Key of the method's own detector in a config."""
    return f'model.head.detector.detectors.{METHOD_PART}' if with_groups else 'model.head.detector'


def backbone_config(backbone: Backbone, size: int) -> dict[str, Any]:
    """Config of a backbone.

    Args:
        backbone: the name of a ResNet, ``'timm/NAME'``, ``'torchvision/NAME'``, a config, or a module.
        size: side of the images.

    Raises:
        UserError: if the name is unknown.
    """
    if isinstance(backbone, nn.Module):
        return dict(type='GivenBackbone', name=give_backbone(backbone))
    if not isinstance(backbone, str):
        return dict(backbone)
    if backbone in RESNETS:
        kind = 'ResNet_CIFAR' if size < SMALL else 'ResNet'
        return dict(type=kind, depth=int(backbone.removeprefix('resnet')), norm_cfg=dict(type='BN', requires_grad=True),
                    zero_init_residual=False)
    library, slash, name = backbone.partition('/')
    if not slash or library not in LIBRARIES or not name:
        raise UserError(f"backbone={backbone!r} is unknown; choose one of {', '.join(RESNETS)}, 'timm/NAME' or "
                        "'torchvision/NAME', or give the config of a backbone, or a module")
    return dict(type=LIBRARIES[library], name=name)


def feature_width(config: dict[str, Any], size: int) -> int:
    """Channels of a backbone's pooled feature for images of ``size`` pixels; one image is encoded to find out.

    Raises:
        UserError: if the backbone cannot be built, or does not take such images.
    """
    try:
        with DefaultScope.overwrite_default_scope('mmifnd'), torch.random.fork_rng(devices=[]):
            backbone = MODELS.build(dict(config))
            backbone.eval()  # which returns nothing in mmpretrain's ResNet
    except (ImportError, KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise UserError(f'backbone={config} cannot be built: {one_line(error)}') from None
    try:
        with torch.no_grad():
            feature = pool(backbone(torch.zeros(1, 3, size, size)))
    except (ValueError, RuntimeError, AssertionError, TypeError) as error:
        raise UserError(f'backbone={config} does not take an image of {size} pixels: {one_line(error)[:200]}; choose another '
                        'image_size') from None
    if feature.dim() != 2:
        raise UserError(f'backbone={config} gives features of shape {tuple(feature.shape)}; expected maps (B, C, H, W) or '
                        'vectors (B, C)')
    return feature.shape[1]
