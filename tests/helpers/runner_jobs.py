"""Whole runs on the digits, in one process or as one of several."""

import itertools
import os
import signal
from contextlib import suppress
from types import SimpleNamespace
from unittest import mock

import torch
from distributed_jobs import rank, world_size
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import DefaultScope
from small_models import freeze_batch_statistics

from mmifnd.configuration import build_runner, load_config, same_run
from mmifnd.configuration.agreement import settle_checkpoint
from mmifnd.configuration.same_run import check_same_images, check_same_run
from mmifnd.datasets import IndexedDataset
from mmifnd.datasets.tensor_images import TensorImages
from mmifnd.distributed import unwrap
from mmifnd.engine.hooks import StopHook
from mmifnd.engine.hooks.finite_watch import FiniteWatch
from mmifnd.engine.loops import EpochLoop
from mmifnd.engine.loops.shared_broken import share_broken_images
from mmifnd.errors import UserError

CONFIGS = dict(
    glofnd=('configs/glofnd/sogclr_glofnd_digits.py', {'model.head.detector.start_epoch': 0}),
    # Two whole steps: the order within a step is that of the ranks.
    ifnd=('configs/ifnd/ifnd_moco_digits.py', {'model.queue_len': 512}),
    distributed_kmeans=('configs/ifnd/ifnd_moco_digits.py', {
        'model.queue_len': 512, 'default_hooks.false_negative.kmeans': dict(type='DistributedKMeans'),
        'default_hooks.false_negative.save': 'labels'}),
    torch_bank=('configs/ifnd/ifnd_moco_digits.py', {
        'model.queue_len': 512, 'default_hooks.false_negative.source': 'bank', 'default_hooks.false_negative.save': 'features',
        'default_hooks.false_negative.kmeans': dict(backend='torch', device='cpu', init='previous')}))

_NUMBERS = itertools.count()


class Observer(Hook):
    """Keeps what a run begins with, and lets batch normalisation use its running statistics: those of a batch differ."""

    priority = 'LOWEST'

    def before_train(self, runner):
        self.begun_with = copy_of(runner.model)

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        freeze_batch_statistics(unwrap(runner.model))


def digits_runner(kind, work_dir, epochs, resume=False, global_batch=256, **further):
    """A runner for this process, or for all of its group."""
    path, options = CONFIGS[kind]
    config = load_config(path, {
        **options, **further, 'train_cfg.max_epochs': epochs, 'model.backbone.widths': (4, 8), 'model.neck.in_channels': 8,
        'train_dataloader.batch_size': global_batch // world_size(), 'default_hooks.checkpoint.interval': 1})
    config.update(work_dir=str(work_dir), experiment_name=f'run_{next(_NUMBERS)}', resume=resume, log_level='ERROR',
                  randomness=dict(seed=3, deterministic=False), launcher='pytorch' if world_size() > 1 else 'none')
    return build_runner(config)


def train_digits(kind, work_dir, epochs, stop=None, resume=False):
    """State at the beginning and at the end of a run over ``epochs``, which ends before epoch ``stop``."""
    with DefaultScope.overwrite_default_scope('mmifnd'):
        runner, observer = digits_runner(kind, work_dir, epochs, resume), Observer()
        runner.register_hook(observer)
        if stop is not None:
            runner.register_hook(Stop(stop))
        with suppress(Stopped):
            runner.train()
    return observer.begun_with, copy_of(runner.model)


class Rates(Hook):
    """Learning rate, and moves of the key encoder, in each step."""

    def __init__(self):
        self.rates, self.moves = [], []

    def before_train(self, runner):
        framework = unwrap(runner.model)
        move = framework._move_key_encoder
        framework._move_key_encoder = lambda: (self.moves.append(len(self.rates)), move())

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.rates.append(runner.optim_wrapper.param_groups[0]['lr'])


def steps_of(work_dir, epochs, resume=False, **options):
    """Rates and steps in which the key encoder moved, the optimizer's weight decay, and the state at the end."""
    with DefaultScope.overwrite_default_scope('mmifnd'):
        runner, hook = digits_runner('ifnd', work_dir, epochs, resume, **options), Rates()
        runner.register_hook(hook)
        runner.train()
    return hook.rates, hook.moves, runner.optim_wrapper.param_groups[0]['weight_decay'], copy_of(runner.model)


def end_with_a_spoilt_view(work_dir, spoilt_rank, step=3):
    """The line that a run ends with on each rank, and the image whose view is infinite on one of them."""
    with DefaultScope.overwrite_default_scope('mmifnd'):
        runner, numbers, image = digits_runner('glofnd', work_dir, 3), itertools.count(1), []
        runner.register_hook(Observer())
        preprocessor = unwrap(runner.model).data_preprocessor
        forward = preprocessor.forward

        def spoilt(data, training=False):
            batch = forward(data, training)
            if training and next(numbers) == step and rank() == spoilt_rank:
                image.append(int(batch['index'][2]))
                batch['inputs'][0][2] = torch.inf
            return batch

        preprocessor.forward = spoilt
        try:
            runner.train()
        except UserError as error:
            return str(error), image


class Stopped(Exception):
    """The power has gone."""


class Stop(Hook):
    """Ends a run before an epoch (0-based)."""

    def __init__(self, epoch):
        self.epoch = epoch

    def before_train_epoch(self, runner):
        if runner.epoch == self.epoch:
            raise Stopped


def copy_of(model):
    """All parameters and buffers."""
    return {name: value.clone() for name, value in unwrap(model).state_dict().items()}


def watch_steps(faults, steps=3):
    """What is read of a watch on each rank: ``faults`` are (rank, step, image), the images of a step number 10 a rank."""
    watch = FiniteWatch(torch.device('cpu'))
    index = torch.arange(10) + 10 * rank()
    for step in range(steps):
        bad = torch.tensor([(rank(), step, image) in faults for image in index.tolist()])
        watch.note(step, torch.tensor(True), index, ~bad)
    return watch.read(), watch.read_all()


def stop_behind(signalled: int, step: int, interval: int) -> tuple[int, int, list[str]]:
    """Steps made, exit status and words if rank ``signalled`` gets SIGTERM in step ``step``; ranks talk every ``interval``."""
    said = []
    runner = SimpleNamespace(
        iter=0, epoch=0, max_iters=20, hooks=[], optim_wrapper=SimpleNamespace(should_update=lambda: True),
        logger=SimpleNamespace(warning=said.append))
    hook = StopHook(interval)
    hook.before_train(runner)
    try:
        for iteration in range(runner.max_iters):
            runner.iter = iteration
            if rank() == signalled and runner.iter + 1 == step:
                os.kill(os.getpid(), signal.SIGTERM)
            hook.after_train_iter(runner, runner.iter)
    except SystemExit as stop:
        return runner.iter + 1, stop.code, said
    finally:
        hook.after_train(runner)
    return runner.max_iters, 0, said


def settle(folders, load_from=None):
    """What each rank, with a work directory of its own, goes on from: ``(resume, load_from, lines)``, or the refusal."""
    config = Config(dict(work_dir=str(folders[rank()]), resume=True, load_from=load_from))
    lines = []
    try:
        with mock.patch.dict(os.environ, LOCAL_RANK='0'):  # every rank on a host of its own
            settle_checkpoint(config, lines.append)
    except UserError as error:
        return str(error)
    return config.resume, config.load_from, lines


def compare_hosts(configs, hosts_versions=None):
    """The line that ranks with a config each end with, each on a host of its own; None if they go on."""
    with mock.patch.object(same_run, 'versions', lambda: (hosts_versions or [{}, {}])[rank()]):
        try:
            check_same_run(Config(configs[rank()]))
        except UserError as error:
            return str(error)


def compare_images(folders):
    """The same for data sets of images in a folder."""
    dataset = IndexedDataset(dict(type='CustomDataset', data_prefix=str(folders[rank()]), pipeline=[]))
    loop = EpochLoop.__new__(EpochLoop)
    loop.dataloader = SimpleNamespace(dataset=dataset)
    with mock.patch.dict(os.environ, LOCAL_RANK='0'):
        try:
            check_same_images(SimpleNamespace(train_loop=loop))
        except UserError as error:
            return str(error)


def share_broken(found, limit, list_files):
    """What each rank knows after an exchange of the images that it has found: ``(indices, lines)``, or the refusal."""
    dataset = IndexedDataset(TensorImages(torch.zeros(8, 3, 4, 4, dtype=torch.uint8)), max_broken=limit)
    dataset.broken_images.list_file, lines = str(list_files[rank()]), []
    logger = SimpleNamespace(warning=lines.append)
    try:
        share_broken_images(dataset, logger)  # nothing to tell
        for index in found[rank()]:
            dataset.broken_images.add(index, dataset.describe(index), OSError('truncated'))
        for _ in range(2):  # the second time there is nothing new
            share_broken_images(dataset, logger)
    except UserError as error:
        return str(error)
    return torch.nonzero(dataset.broken()).flatten().tolist(), lines
