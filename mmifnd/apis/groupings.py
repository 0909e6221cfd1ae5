"""The groupings of classes that a config's probes are measured on, and the images behind them."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mmengine.registry import DefaultScope

from mmifnd.configuration.checking import Task
from mmifnd.configuration.config import load_config
from mmifnd.configuration.errors import UserError
from mmifnd.datasets.thumbnails import Thumbnails
from mmifnd.registry import METRICS


class GroupedImages(NamedTuple):
    """Images and their classes, and groups of these.

    Attributes:
        images (Thumbnails): small pictures of the N images.
        labels (ndarray): classes, int64 (N,).
        classes (tuple[str, ...]): their names.
        groupings (dict[str, dict[str, str]]): by name, the group of every class.
    """

    images: Thumbnails
    labels: np.ndarray
    classes: tuple[str, ...]
    groupings: dict[str, dict[str, str]]


def grouped_images(config: str | Path, options: dict[str, Any] | None = None) -> GroupedImages:
    """The images that the probes of ``config`` learn from, with the groupings of all its measures that have some.

    Args:
        config: with a ``GroupProbe`` or ``WordNetDepthProbe`` among ``test_cfg.measures``.
        options: overrides by dotted keys, as of ``--cfg-options``.

    Raises:
        UserError: if no measure has groupings, or the images have no classes.
    """
    loaded = load_config(config, options, Task(('test_cfg',), ('test_cfg', 'train_dataloader')))
    with DefaultScope.overwrite_default_scope('mmifnd'):
        measures = [METRICS.build(measure) for measure in (loaded.test_cfg.get('measures') or {}).values() if measure]
    groupings = {name: groups for measure in measures for name, groups in getattr(measure, 'groups', {}).items()}
    if not groupings:
        raise UserError(f'{config}: no measure of test_cfg.measures groups the classes; add a GroupProbe, or a '
                        'WordNetDepthProbe for folders of ImageNet')
    data = loaded.test_cfg.get('train_dataset') or loaded.train_dataloader.dataset
    images = Thumbnails(data.to_dict())
    labels, classes = images.dataset.labels(), tuple(images.dataset.metainfo.get('classes') or ())
    if labels is None or not classes:
        raise UserError(f'{config}: the training images have no classes with names, of which there could be groups')
    return GroupedImages(images, labels, classes, groupings)
