"""A whole training on the strict device: ``python strict_runs.py LIBRARY CASE OPTIMIZER FOLDER`` prints what waited, as JSON.

A steady step is one after the first epoch that is not logged: from before its augmentation to after the last hook.
"""

import json
import sys
from pathlib import Path

import strict_device

EPOCHS, LOG_INTERVAL, WAITS = 3, 5, 'waits'
OPTIMIZERS = dict(SGD=dict(type='SGD', lr=0.01, momentum=0.9), LARS=dict(type='LARS', lr=0.1, momentum=0.9))
DIGITS = dict(
    moco=('ifnd/ifnd_moco_digits.py', {'default_hooks.false_negative.source': 'bank'}),
    simclr=('ifnd/ifnd_simclr_digits.py', {}),
    glofnd=('glofnd/sogclr_glofnd_digits.py', {'model.head.detector.start_epoch': 0}),
    swav=('ifnd/ifnd_swav_digits.py', {}),
    waits=('ifnd/ifnd_simclr_digits.py', {}))
#: Images in files, views by the published pipeline and by that of two halves.
FILES = dict(
    files=('ifnd/ifnd_r50_8xb32_200e_in1k.py', {'train_dataloader.dataset.pipeline.1.transforms.0.0.scale': 32}),
    files_cut=('ifnd/ifnd_r50_8xb32_200e_in1k_device.py', {'train_dataloader.dataset.pipeline.1.crops.scale': 32}))
SMALL = {
    'train_dataloader.batch_size': 8, 'train_dataloader.num_workers': 0, 'test_dataloader.num_workers': 0,
    'model.backbone.depth': 18, 'model.backbone.stem_channels': 8, 'model.backbone.base_channels': 8,
    'model.neck.in_channels': 64, 'model.neck.hidden_channels': 16, 'model.queue_len': 24,
    'default_hooks.false_negative.num_clusters': (2, 3, 4), 'default_hooks.false_negative.num_workers': 0,
    'default_hooks.false_negative.begin': 1, 'default_hooks.false_negative.interval': 1}


def config_of(case: str, optimizer: str, folder: Path):
    """The config of a case; images in files are written first."""
    from mmifnd.configuration import load_config
    path, options = {**DIGITS, **FILES}[case]
    if case in FILES:
        from image_folders import write_images
        for split in ('train', 'val'):
            write_images(folder / 'data' / split, count=40, size=48)
        options = {**options, **SMALL, **{f'{loader}_dataloader.dataset.data_root': str(folder / 'data')
                                          for loader in ('train', 'test')}}
    options = {**options, 'train_cfg.max_epochs': EPOCHS, 'default_hooks.logger.interval': LOG_INTERVAL}
    config = load_config(strict_device.ROOT / 'configs' / path, options)
    config.optim_wrapper.optimizer = OPTIMIZERS[optimizer]
    config.update(work_dir=str(folder / 'run'), experiment_name=f'{case}_{optimizer}', log_level='ERROR')
    return config


def watching_hooks(strict: strict_device.Strict, waits_itself: bool) -> tuple:
    """The first and the last hook of a step."""
    from mmengine.hooks import Hook

    class First(Hook):
        priority = 'VERY_HIGH'
        steps = 0

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            steady = runner.epoch > 0 and (runner.iter + 1) % LOG_INTERVAL > 0
            self.steps += steady
            strict.listen(steady)

    class Last(Hook):
        priority = 'VERY_LOW'

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            if waits_itself:
                outputs['loss'].item()
            strict.listen(False)

    return First(), Last()


def main(library: str, case: str, optimizer: str, folder: str) -> None:
    """Train, and print steps, device and what waited."""
    strict = strict_device.Strict(Path(library))
    import mmengine.device.utils
    from mmengine.registry import DefaultScope

    from mmifnd.configuration import build_runner
    mmengine.device.utils.DEVICE = strict.device.type
    with DefaultScope.overwrite_default_scope('mmifnd'):
        runner = build_runner(config_of(case, optimizer, Path(folder)))
        first, last = watching_hooks(strict, case == WAITS)
        runner.register_hook(first)
        runner.register_hook(last)
        runner.train()
    devices = {value.device.type for value in runner.model.state_dict().values()}
    print(json.dumps(dict(steps=first.steps, devices=sorted(devices), waits=strict.waits)))


if __name__ == '__main__':
    main(*sys.argv[1:])
