"""The contestants that mmengine's Runner trains: ours, and mmpretrain's own models."""

import argparse
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

from .turns import train

ROOT = Path(__file__).resolve().parents[3]
CONFIGS = dict(moco='baselines/mocov2_r50_8xb32_200e_in1k.py', simclr='baselines/simclr_r50_8xb128-coslr_200e_in1k.py')
PIXELS = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
TEMPERATURE, WIDTH, DIM = 0.2, 512, 128
#: Of our own trainings: the source of the features that are clustered; none in the plain ones.
SOURCES = {'mmifnd': None, 'mmifnd, cut in two halves': None, 'mmifnd, IFND from the bank': 'bank',
           'mmifnd, IFND by a pass': 'extract'}


def ours(name: str, args: argparse.Namespace) -> None:
    """One of ``SOURCES``, from the config of the published recipe."""
    from mmifnd.configuration import build_runner, load_config
    config = load_config(ROOT / 'configs' / CONFIGS[args.framework])
    change(config, args)
    config.model.backbone.depth, config.model.head.temperature = 18, TEMPERATURE
    config.model.neck.update(in_channels=WIDTH, hidden_channels=WIDTH, out_channels=DIM, num_layers=2)
    config.sync_bn = None
    if args.framework == 'moco':
        config.model.queue_len = args.queue_len
    if 'halves' in name:
        cut_in_two_halves(config, args.size)
    if SOURCES[name]:
        config.model.same_image, config.model.head.detector = 'exclude', dict(type='PseudoLabelDetector')
        config.default_hooks.false_negative = dict(
            type='FalseNegativeHook', num_clusters=(10, 30, 100), source=SOURCES[name], batch_size=128,
            acceptance=dict(type='ConfidenceAcceptance', scheme='linear', start=0., end=1.))
    with DefaultScope.overwrite_default_scope('mmifnd'):
        train(build_runner(config))


def mmpretrain(name: str, args: argparse.Namespace) -> None:
    """mmpretrain's MoCo or SimCLR, with the same transforms, batches and update."""
    from mmifnd.configuration import load_config
    config = Config(load_config(ROOT / 'configs' / CONFIGS[args.framework]).to_dict())
    change(config, args)
    own = dict(type='MoCo', queue_len=args.queue_len, feat_dim=DIM) if args.framework == 'moco' else dict(type='SimCLR')
    config.model = dict(
        **own, backbone=dict(type='ResNet', depth=18), data_preprocessor=dict(type='SelfSupDataPreprocessor', **PIXELS),
        neck=dict(type='NonLinearNeck', in_channels=WIDTH, hid_channels=WIDTH, out_channels=DIM, num_layers=2, with_bias=True,
                  with_last_bn=False, with_avg_pool=True),
        head=dict(type='ContrastiveHead', loss=dict(type='CrossEntropyLoss'), temperature=TEMPERATURE))
    config.train_cfg = dict(by_epoch=True, max_epochs=args.epochs)
    config.default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=1, max_keep_ckpts=3),
                                logger=dict(type='LoggerHook', interval=100))
    config.default_scope, config.test_dataloader, config.test_evaluator, config.test_cfg = 'mmpretrain', None, None, None
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        train(Runner.from_cfg(config))


def change(config: Config, args: argparse.Namespace) -> None:
    """Files, sizes and the update, equal for all."""
    config.train_dataloader.update(batch_size=args.batch_size, num_workers=0)
    config.train_dataloader.dataset.update(data_root=args.folder, data_prefix='', with_label=False)
    config.train_dataloader.dataset.pipeline[1].transforms[0][0].scale = args.size
    config.test_dataloader.update(num_workers=0)
    config.test_dataloader.dataset.update(data_root=args.folder, data_prefix='', with_label=False)
    resize, crop = config.test_dataloader.dataset.pipeline[1:3]
    resize.scale, crop.crop_size = args.size * 8 // 7, args.size
    config.train_cfg.max_epochs, config.param_scheduler = args.epochs, []
    config.optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.03, momentum=0.9, weight_decay=1e-4))
    config.auto_scale_lr = None
    config.update(work_dir=args.work_dir, experiment_name=Path(args.work_dir).name, log_level='ERROR')


def cut_in_two_halves(config: Config, size: int) -> None:
    """The pipeline of ``ifnd_r50_8xb32_200e_in1k_device.py``, both halves of which run in this process."""
    from mmifnd.configuration import load_config
    device = load_config(ROOT / 'configs/ifnd/ifnd_r50_8xb32_200e_in1k_device.py')
    config.train_dataloader.dataset.pipeline = device.train_dataloader.dataset.pipeline
    config.train_dataloader.dataset.pipeline[1].crops.scale = size
    config.model.data_preprocessor = device.model.data_preprocessor
