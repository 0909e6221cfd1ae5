"""The config of a pre-training on image-text pairs, derived from the pairs and a few choices."""

import hashlib
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict

from mmifnd.configuration import derived
from mmifnd.configuration.command_line import set_loader_defaults
from mmifnd.configuration.config import load_config
from mmifnd.configuration.derived import Derived
from mmifnd.configuration.errors import EXPECTED, UserError, one_line
from mmifnd.configuration.shipped import shipped_config
from mmifnd.datasets import IndexedDataset
from mmifnd.datasets.building import build_dataset
from mmifnd.datasets.pairs.pair_data import HOW, is_pair_data, pair_config
from mmifnd.datasets.pairs.shards import expand_shards
from mmifnd.datasets.text_files import shown
from mmifnd.machine import available_cores

from .pair_methods import PAIR_METHODS
from .pretraining_parts import (
    FRAMEWORKS,
    RESNETS,
    Backbone,
    backbone_config,
    detector_key,
    detector_with_groups,
    feature_width,
)
from .pretraining_watch import watch

#: What pairs of one group can share; ``'none'`` switches groups off.
PAIR_GROUPS = ('either', 'caption', 'image', 'given', 'none')
#: Measures that say nothing without classes.
OF_CLASSES = ('knn', 'linear', 'zero_shot', 'detection')
TRAIN_SPLIT, TEST_SPLITS = 'train', ('test', 'val')
LOG_INTERVAL, SCORE_INTERVAL = 100, 50
HOOK = 'default_hooks.false_negative'


def pairs_config(data: Any, method: str, backbone: Backbone, epochs: int, batch_size: int | None, image_size: int, seed: int,
                 num_workers: int | None, holdout: float, groups: Any) -> tuple[Config, dict[str, Derived]]:
    """The config of :func:`pretrain` on pairs, and the settings that were derived, by their keys.

    Raises:
        UserError: if ``data`` holds no pairs, too few, or does not fit the choices.
    """
    if not is_pair_data(data):
        raise UserError(f"framework='clip' learns from images and captions, and data={shown(str(data))} has none; {HOW}")
    train, test, division = _split(pair_config(data), holdout, seed)
    train, grouping = _with_groups(train, groups)
    pairs = _built(train)
    labels = pairs.labels()
    if PAIR_METHODS[method].needs_labels and labels is None:
        raise UserError(f'method={method!r} is told the classes of the images, and {shown(str(data))} has no column label; '
                        'choose another method')
    if len(pairs) < 2:
        raise UserError(f'{shown(str(data))} holds one pair to train on, which has no negatives; give at least 2, better '
                        'thousands')
    batch = derived.batch_of(len(pairs)) if batch_size is None else Derived(batch_size, 'given')
    if batch.value > len(pairs):
        raise UserError(f'batch_size={batch.value} exceeds the {len(pairs)} training pairs of {shown(str(data))}; give at most '
                        f'{len(pairs)}')
    has_groups = 'groups' in train
    if has_groups and not _repeats(pairs):
        train, has_groups = {key: value for key, value in train.items() if key != 'groups'}, False
        grouping = Derived(None, 'no two pairs share a caption or an image')
    config = load_config(shipped_config(FRAMEWORKS['clip']))
    _set_data(config, train, test, image_size, min(8, available_cores()) if num_workers is None else num_workers)
    encoder = _set_model(config, method, backbone, image_size, has_groups)
    settings = _derive(len(pairs), batch, epochs, method, detector_key(has_groups))
    _set_schedule(config, epochs)
    config.merge_from_dict({key: setting.value for key, setting in settings.items()})
    if labels is None:
        for name in OF_CLASSES:
            config.test_cfg.measures.pop(name)
    elif not pairs.metainfo.get('classes'):
        config.test_cfg.measures.pop('zero_shot')
    settings |= watch(config, len(pairs), labels is not None, PAIR_METHODS[method].clusters)
    config.merge_from_dict({key: setting.value for key, setting in settings.items()})
    config.default_hooks.cost = dict(type='CostHook')
    config.randomness = dict(seed=seed, deterministic=False)
    config.auto_scale_lr = dict(base_batch_size=batch.value, enable=True)
    return config, {**division, 'groups': grouping, **encoder, **settings}


def _built(config: dict[str, Any]) -> IndexedDataset:
    try:
        return IndexedDataset(build_dataset(config))
    except EXPECTED as error:
        raise UserError(one_line(error)) from None


def _split(config: dict[str, Any], holdout: float, seed: int) -> tuple[dict, dict, dict[str, Derived]]:
    """Configs of the pairs to train on and of those to judge by, and the setting that says how they were divided."""
    if config['type'] == 'KarpathyJson':
        return dict(config, split='train'), dict(config, split='test'), {}
    if config['type'] == 'ImageTextTable' and (splits := _splits_of(config)):
        names = f'split {splits[0]} is trained on, {splits[1]} is judged'
        return dict(config, split=splits[0]), dict(config, split=splits[1]), dict(
            holdout=Derived(0., f'the table says so: {names}'))
    if not holdout:
        reason = 'all pairs are trained on, and retrieval is measured on them: that says how well they are remembered'
        return config, config, dict(holdout=Derived(0., reason))
    if config['type'] == 'PairShards':
        return _split_shards(config, holdout, seed)
    train, test = (dict(config, part=part, holdout=holdout, split_seed=seed) for part in ('trainval', 'test'))
    held = len(_built(test))
    total = held + len(_built(train))
    reason = f'{held} of {total} images are kept for judging, drawn by the seed; equal captions stay together'
    return train, test, dict(holdout=Derived(holdout, reason))


def _splits_of(config: dict[str, Any]) -> tuple[str, str] | None:
    """The splits to train on and to test by that a table has in its column ``split``."""
    for test in TEST_SPLITS:
        try:
            for split in (TRAIN_SPLIT, test):
                build_dataset(dict(config, split=split))
            return TRAIN_SPLIT, test
        except ValueError as error:
            if 'split' not in str(error):
                raise UserError(one_line(error)) from None
        except EXPECTED as error:
            raise UserError(one_line(error)) from None
    return None


def _split_shards(config: dict[str, Any], holdout: float, seed: int) -> tuple[dict, dict, dict[str, Derived]]:
    """Whole shards are held out."""
    shards = [Path(path).name for path in expand_shards(config['shards'], config['data_root'])]
    ranked = sorted(shards, key=lambda name: hashlib.sha256(f'{seed}\0{name}'.encode()).digest())
    count = min(max(1, round(holdout * len(shards))), len(shards) - 1)
    if not count:
        return config, config, dict(holdout=Derived(0., 'there is one shard, and whole shards are held out: all is trained on'))
    held = set(ranked[:count])
    train, test = (dict(config, shards=[name for name in shards if (name in held) == is_test]) for is_test in (False, True))
    reason = f'{count} of {len(shards)} shards are kept for judging, drawn by the seed'
    return train, test, dict(holdout=Derived(holdout, reason))


def _with_groups(train: dict[str, Any], groups: Any) -> tuple[dict[str, Any], Derived]:
    """The training pairs with groups, and what they do."""
    if groups is not None and groups not in PAIR_GROUPS:
        raise UserError(f'groups={groups!r} is unknown for pairs; choose one of {", ".join(PAIR_GROUPS)}')
    if groups == 'none':
        return train, Derived('none', 'given')
    if train['type'] == 'PairShards':
        if groups not in (None, 'caption'):
            raise UserError(f"groups={groups!r} is not known of shards, which have one caption for each image; choose "
                            "'caption' or 'none'")
        groups = 'caption'
    chosen = groups or 'either'
    shared = dict(either='a caption or an image', caption='a caption', image='an image', given='a group of the table')[chosen]
    return dict(train, groups=chosen), Derived(chosen, f'pairs that share {shared} are false negatives of each other')


def _repeats(pairs: IndexedDataset) -> bool:
    groups = pairs.groups()
    if groups is None:
        return False
    known = groups[groups >= 0]
    return len(set(known.tolist())) < len(known)


def _set_data(config: Config, train: dict, test: dict, size: int, num_workers: int) -> None:
    for loader, pairs in ((config.train_dataloader, train), (config.test_dataloader, test)):
        loader.dataset = ConfigDict(pairs, pipeline=loader.dataset.pipeline)
        loader.num_workers = num_workers
    set_loader_defaults(config)
    config.train_dataloader.dataset.pipeline[1].scale = size
    resize, crop = config.test_dataloader.dataset.pipeline[1:3]
    resize.scale, crop.crop_size = round(size * 256 / 224), size


def _set_model(config: Config, method: str, backbone: Backbone, size: int, has_groups: bool) -> dict[str, Derived]:
    """Put the parts together; the setting that says what the encoder is."""
    model, parts = config.model, PAIR_METHODS[method]
    model.backbone = ConfigDict(backbone_config(backbone, size))
    is_known = isinstance(backbone, str) and backbone in RESNETS
    model.neck.in_channels = RESNETS[str(backbone)] if is_known else feature_width(model.backbone.to_dict(), size)
    detector = detector_with_groups(parts.detector) if has_groups else parts.detector
    model.head = ConfigDict({**parts.head, 'detector': detector})
    return {'model.backbone.type': Derived(
        model.backbone.type, f'{model.neck.in_channels} channels for crops of {size} pixels; text: '
        f'{model.text_backbone.type} on hashed words')}


def _set_schedule(config: Config, epochs: int) -> None:
    """Five per cent of the epochs warm up."""
    warm_up, cosine = config.param_scheduler
    warm_up.end = cosine.begin = max(1, epochs // 20)
    if epochs == 1:
        cosine.begin = 0
        config.param_scheduler = [cosine]


def _derive(total: int, batch: Derived, epochs: int, method: str, detector: str) -> dict[str, Derived]:
    per_epoch, parts = total // batch.value, PAIR_METHODS[method]
    settings = {
        'train_dataloader.batch_size': batch,
        'train_cfg.max_epochs': Derived(epochs, f'given: {epochs * per_epoch} steps'),
        'default_hooks.logger.interval': derived.interval_within(per_epoch, LOG_INTERVAL, 2),
        'default_hooks.detection.interval': derived.interval_within(per_epoch, SCORE_INTERVAL, 4)}
    if 'alpha' in parts.detector:
        settings |= {f'{detector}.alpha': derived.pair_alpha_of(total, batch.value),
                     f'{detector}.start_epoch': derived.pair_threshold_start_of(epochs)}
    if parts.clusters:
        settings |= {HOOK: Derived(dict(
            type='FalseNegativeHook', cluster_feature='t', num_clusters=derived.clusters_of(total).value,
            interval=derived.interval_of(total, epochs).value, acceptance=dict(
                type='ConfidenceAcceptance', scheme='linear', full_at=derived.acceptance_of(epochs * per_epoch).value)),
            'texts are clustered; numbers of clusters, interval and acceptance as for so many images')}
    return settings
