"""The config of a pre-training, derived from the images and a few choices."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict

from mmifnd.configuration import derived
from mmifnd.configuration.command_line import set_loader_defaults
from mmifnd.configuration.config import load_config
from mmifnd.configuration.derived import Derived
from mmifnd.configuration.errors import UserError
from mmifnd.configuration.shipped import shipped_config
from mmifnd.datasets.group_files import DUPLICATES
from mmifnd.datasets.image_data import ImageFolder, image_dataset, read_folder
from mmifnd.datasets.pairs.pair_data import is_pair_data
from mmifnd.datasets.text_files import shown
from mmifnd.machine import available_cores

from .pretraining_arguments import Groups, check_arguments, groups_config
from .pretraining_pairs import pairs_config
from .pretraining_parts import (
    FRAMEWORKS,
    METHODS,
    RESNETS,
    SMALL,
    Backbone,
    backbone_config,
    detector_key,
    feature_width,
    set_method,
)
from .pretraining_watch import watch

#: What is measured besides kNN, NMI and detection: small folders have the time.
MEASURES = dict(
    linear=dict(type='LinearProbe', l2=1e-4), few_shot=dict(type='FewShotProbe', shots=(1, 5), num_draws=50, l2=1e-2))
VIEWS = 'train_dataloader.dataset.pipeline.1'
#: What groups do.
GROUPED = 'images of one group are false negatives of each other, and stay on one side of the holdout'
#: Steps of an epoch between two lines of the log, and between two that are scored, at most.
LOG_INTERVAL, SCORE_INTERVAL = 100, 50


def pretraining_config(data: str | Path | Sequence[str | Path], method: str, framework: str, backbone: Backbone, epochs: int,
                       batch_size: int | None, image_size: int, seed: int, num_workers: int | None,
                       holdout: float = 0.2, groups: Groups | None = None) -> tuple[Config, dict[str, Derived]]:
    """The config of :func:`pretrain`, and the settings that were derived, by their keys."""
    check_arguments(method, framework, backbone, epochs, batch_size, image_size, seed, num_workers, holdout)
    if framework == 'clip':
        return pairs_config(data, method, backbone, epochs, batch_size, image_size, seed, num_workers, holdout, groups)
    if is_pair_data(data):
        raise UserError(f"data={shown(str(data))} holds images with captions, and framework={framework!r} learns from images "
                        "alone; set framework='clip', or give a folder of images")
    folder = read_folder(data)
    grouping = groups_config(groups)
    train, test, division = _split(_grouped(folder, grouping), holdout, seed)
    if grouping.get('groups') == DUPLICATES and image_dataset(train).groups() is None:
        grouping, division['groups'] = {}, Derived(None, 'no image has the pixels of another one')
        train, test, _ = _split(folder, holdout, seed)
    elif grouping:
        division['groups'] = Derived(grouping['groups'], GROUPED)
    if METHODS[method].needs_labels and not folder.layout.classes:
        raise UserError(f'method={method!r} is told the classes of the images, and {_named(data)} has none; choose another '
                        'method')
    total = len(image_dataset(train))
    if total < 2:
        raise UserError(f'{_named(data)} holds one image to train on; contrastive learning compares images: give at least 2, '
                        'better hundreds')
    batch = derived.batch_of(total) if batch_size is None else Derived(batch_size, 'given')
    if batch.value > total:
        raise UserError(f'batch_size={batch.value} exceeds the {total} training images of {_named(data)}; give at most {total}')
    config = load_config(shipped_config(FRAMEWORKS[framework]))
    _set_data(config, train, test, image_size, min(8, available_cores()) if num_workers is None else num_workers)
    encoder = _set_model(config, method, framework, backbone, image_size, bool(grouping))
    settings = _derive(total, batch, epochs, method, framework, image_size, detector_key(bool(grouping)))
    config.merge_from_dict({key: setting.value for key, setting in settings.items()})
    settings |= watch(config, total, bool(folder.layout.classes), METHODS[method].clusters)
    config.merge_from_dict({key: setting.value for key, setting in settings.items()})
    config.default_hooks.cost = dict(type='CostHook')
    config.randomness = dict(seed=seed, deterministic=False)
    config.auto_scale_lr = dict(base_batch_size=batch.value, enable=True)
    return config, {**division, **encoder, **settings}


def _named(data: Any) -> str:
    return f'folder {data}' if isinstance(data, (str, os.PathLike)) else f'the list of {len(data)} folders or files'


def _derive(total: int, batch: Derived, epochs: int, method: str, framework: str, image_size: int,
            detector: str) -> dict[str, Derived]:
    per_epoch = total // batch.value
    steps = epochs * per_epoch
    settings = {
        'train_dataloader.batch_size': batch,
        'train_cfg.max_epochs': Derived(epochs, f'given: {steps} steps'),
        'default_hooks.logger.interval': derived.interval_within(per_epoch, LOG_INTERVAL, 2),
        'default_hooks.detection.interval': derived.interval_within(per_epoch, SCORE_INTERVAL, 4)}
    if framework == 'swav':
        settings |= _of_swav(total, batch.value, epochs, image_size)
    else:
        settings |= {
            'optim_wrapper.optimizer.lr': derived.learning_rate_of(batch.value),
            'param_scheduler.0.milestones': derived.milestones_of(epochs)}
    if framework == 'mocov2':
        settings |= {'model.queue_len': derived.queue_of(total, batch.value), 'model.momentum': derived.momentum_of(steps)}
    if 'alpha' in METHODS[method].detector:
        settings |= _of_quantiles(total, epochs, detector, METHODS[method].detector['type'] == 'QuantileThresholdDetector')
    if METHODS[method].clusters:
        hook = 'default_hooks.false_negative'
        settings |= {
            f'{hook}.num_clusters': derived.clusters_of(total),
            f'{hook}.interval': derived.interval_of(total, epochs),
            f'{hook}.kmeans.init': Derived('previous', 'k-means goes on from the clustering before, which is faster')}
        if not METHODS[method].acceptance:
            settings[f'{hook}.acceptance.full_at'] = derived.acceptance_of(steps)
    return settings


def _of_quantiles(total: int, epochs: int, detector: str, is_learned: bool) -> dict[str, Derived]:
    settings = {f'{detector}.alpha': derived.alpha_of(total), f'{detector}.start_epoch': derived.threshold_start_of(epochs)}
    if is_learned:
        settings[f'{detector}.initialization'] = Derived(
            'batch_quantile', "the quantile of an image's first batch; from 1, thresholds arrive late in short trainings")
    return settings


def _of_swav(total: int, batch_size: int, epochs: int, image_size: int) -> dict[str, Derived]:
    queue = derived.swav_queue_of(total, batch_size)
    settings = {
        'optim_wrapper.optimizer.lr': derived.learning_rate_of(batch_size, 0.6),
        'model.queue_len': queue,
        'model.queue_start_epoch': derived.queue_start_of(epochs) if queue.value else Derived(0, 'no queue'),
        'model.head.num_prototypes': derived.prototypes_of(queue.value, batch_size),
        'model.head.freeze_iterations': derived.freeze_of(total, batch_size)}
    if image_size < SMALL:
        return {**settings, f'{VIEWS}.num_views': Derived([2], f'no smaller crops of {image_size} pixels')}
    return {**settings, f'{VIEWS}.num_views': Derived([2, 4], "SwAV's"),
            f'{VIEWS}.transforms.1.0.scale': derived.small_crop_of(image_size)}


def _grouped(folder: ImageFolder, grouping: dict[str, Any]) -> ImageFolder:
    """The folder with data sets whose images know their groups, if there are any."""
    if not grouping:
        return folder
    types = dict(CustomDataset='GroupedFolder')
    train, test = (dict(images, type=types.get(images['type'], images['type']), **grouping)
                   for images in (folder.train, folder.test))
    return folder._replace(train=train, test=test)


def _split(folder: ImageFolder, holdout: float, seed: int) -> tuple[dict, dict, dict[str, Derived]]:
    """Configs of the images to train on and of those to judge by, and the setting that says how they were divided."""
    if folder.layout.kind == 'split':
        return folder.train, folder.test, {}
    if not folder.layout.classes:
        reason = 'no folders of classes: nothing is judged by labels, and nothing is held out'
        return folder.train, folder.test, dict(holdout=Derived(0., reason))
    train, test = (dict(folder.train, type='SplitFolder', split=split, holdout=holdout, split_seed=seed)
                   for split in ('trainval', 'test'))
    total = len(image_dataset(folder.train))
    num_held = len(image_dataset(test)) if holdout else 0
    reason = (f'{num_held} of {total} images are kept for judging: a share of each class, drawn by the seed' if num_held else
              'all images are trained on: probes and few-shot accuracy cannot be measured; kNN leaves each image out of its '
              'own neighbours')
    return train, test, dict(holdout=Derived(holdout, reason))


def _set_data(config: Config, train: dict, test: dict, size: int, num_workers: int) -> None:
    for loader, images in ((config.train_dataloader, train), (config.test_dataloader, test)):
        loader.dataset = ConfigDict(images, pipeline=loader.dataset.pipeline)
        loader.num_workers = num_workers
    set_loader_defaults(config)
    config.default_hooks.false_negative.num_workers = num_workers
    views = config.train_dataloader.dataset.pipeline[1]
    views.transforms[0][0].scale = size  # of SwAV's small crops, see _of_swav
    if size < SMALL:
        views.transforms = [[step for step in views.transforms[0] if step.type != 'GaussianBlur']]
    resize, crop = config.test_dataloader.dataset.pipeline[1:3]
    resize.scale, crop.crop_size = round(size * 256 / 224), size
    config.test_cfg.measures.update(MEASURES)


def _set_model(config: Config, method: str, framework: str, backbone: Backbone, size: int,
               with_groups: bool) -> dict[str, Derived]:
    """Put the parts together; the settings that say what the encoder is."""
    model = config.model
    model.backbone = ConfigDict(backbone_config(backbone, size))
    is_known = isinstance(backbone, str) and backbone in RESNETS
    width = RESNETS[str(backbone)] if is_known else feature_width(model.backbone.to_dict(), size)
    model.neck.in_channels = model.neck.hidden_channels = width
    if framework == 'simclr':
        model.type = 'SimCLRAdapter'
        for key in ('queue_len', 'momentum', 'empty'):
            del model[key]
    set_method(model, config.default_hooks, method, with_groups)
    reason = 'given' if not is_known else (
        f"CIFAR's stem, for sides below {SMALL}" if size < SMALL else f"ImageNet's stem, for sides of {SMALL} and above")
    return {'model.backbone.type': Derived(model.backbone.type, f'{reason}; {width} channels for crops of {size} pixels')}
