"""Pre-training on a folder of images in one call, with settings that follow from the number of images."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config, ConfigDict
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from mmifnd.checks import check_at_least, check_choice
from mmifnd.configuration import derived
from mmifnd.configuration.config import apply_options, load_config
from mmifnd.configuration.derived import Derived
from mmifnd.configuration.environment import build_runner
from mmifnd.configuration.errors import UserError
from mmifnd.configuration.shipped import shipped_config
from mmifnd.datasets import MAX_BROKEN
from mmifnd.datasets.image_data import ImageFolder, image_dataset, read_folder
from mmifnd.datasets.load_image import LoadImageFromFile, loader_in
from mmifnd.datasets.pixels import WHITE
from mmifnd.machine import available_cores
from mmifnd.records.inspection import write_inspection

from .pretraining_look import check_usable, look_before

DETECTORS = dict(
    ifnd=dict(type='PseudoLabelDetector'),
    glofnd=dict(type='QuantileThresholdDetector', alpha=0.01),
    none=dict(type='NoDetector'))
#: Frameworks, and the config that each starts from.
FRAMEWORKS = dict(
    mocov2='ifnd/ifnd_r50_folder.py', simclr='ifnd/ifnd_r50_folder.py',
    swav='ifnd/ifnd_swav_r50_8xb32-coslr_200e_in1k-160px-96px.py')
#: Backbones, and the channels of their last map.
BACKBONES = dict(resnet18=512, resnet34=512, resnet50=2048, resnet101=2048, resnet152=2048)
#: Sides up to this one are trained as CIFAR is: a 3 x 3 stem without pooling, no blur, no smaller crops.
SMALL = 64
#: What is measured besides kNN, NMI and detection: small folders have the time.
MEASURES = dict(
    linear=dict(type='LinearProbe', l2=1e-4), few_shot=dict(type='FewShotProbe', shots=(1, 5), num_draws=50, l2=1e-2))
VIEWS = 'train_dataloader.dataset.pipeline.1'
NAME = 'config.py'
WIDTH = 118  # of the table, at least


class Pretrained(NamedTuple):
    """The result of a pre-training.

    Attributes:
        config (Path): the resolved config: ``mmifnd train CONFIG`` repeats the run.
        checkpoint (Path): of the last epoch; for :func:`load_backbone`, :func:`extract_features`, :func:`evaluate`.
    """

    config: Path
    checkpoint: Path


def pretrain(data: str | Path, out: str | Path, method: str = 'ifnd', framework: str = 'mocov2', backbone: str = 'resnet18',
             epochs: int = 200, batch_size: int | None = None, image_size: int = 224, seed: int = 0,
             num_workers: int | None = None, options: dict[str, Any] | None = None, holdout: float = 0.2,
             background: Sequence[int] = WHITE, depth: str = 'full') -> Pretrained:
    """Pre-train on the images of a folder.

    Queue, numbers of clusters, learning rate, momentum, prototypes, crops, clusterings and acceptance follow from the number
    of images, their size and the batch (:mod:`mmifnd.configuration.derived`); they are printed with their reasons, and stand in
    ``out/config.py``. All else is as in the config of :data:`FRAMEWORKS`. One process; for several GPUs hand that file to
    ``tools/dist_train.sh``, whose learning rate follows the batch.

    Args:
        data: folder of images, at any depth. Subfolders are taken for classes, which are looked at to measure the detection
            and never to train.
        out: folder for config, logs and checkpoints.
        method: ``'ifnd'``, ``'glofnd'`` (alpha 0.01; see ``options``; not on SwAV) or ``'none'``, the framework alone.
        framework: ``'mocov2'``, ``'simclr'`` or ``'swav'``.
        backbone: one of :data:`BACKBONES`.
        epochs: passes over the images.
        batch_size: images a step; 256, or fewer of a small folder, unless given.
        image_size: side of the crops, in SwAV of the large ones; up to 64 the backbone gets CIFAR's stem.
        seed: of everything random.
        num_workers: processes that read images; one a core, at most eight, unless given.
        options: overrides by dotted keys, as of ``--cfg-options``, applied last.
        holdout: share of each class that is not trained on but kept for :func:`evaluate`, drawn by ``seed``; images of equal
            content stay on one side. Without labels nothing is held out. 0 trains on all images: then kNN leaves each image
            out of its own neighbours, and probes are not measured.
        background: red, green and blue behind what is transparent.
        depth: how images of more than 8 bits become 8: ``'full'``, by the range of their type; ``'data'``, by the least and the
            largest value of all images.

    Before the training, the images are looked at (:func:`mmifnd.apis.inspect`; at most 20,000 of them, evenly spread); the
    table is printed and kept in ``out``, for the report.

    Raises:
        UserError: where a choice is unknown or does not go with another, a number is out of range, or the folder empty.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> small = {'model.backbone.base_channels': 4, 'model.neck.in_channels': 32, 'log_level': 'ERROR'}
        >>> with tempfile.TemporaryDirectory() as images, tempfile.TemporaryDirectory() as out:
        ...     for number in range(16):
        ...         Image.new('RGB', (16, 16), (16 * number, 80, 0)).save(f'{images}/{number}.png')
        ...     result = pretrain(images, out, epochs=1, image_size=16, num_workers=0, options=small)
        ...     result.config.name, result.checkpoint.name
        ('config.py', 'epoch_1.pth')
    """
    config, settings = pretraining_config(
        data, method, framework, backbone, epochs, batch_size, image_size, seed, num_workers, holdout)
    inspection = look_before(data, config, background, depth)
    apply_options(config, options or {})
    check_usable(inspection, config.train_cfg.get('max_broken', MAX_BROKEN))
    config.work_dir = str(Path(out).expanduser())
    path = Path(config.work_dir) / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    config.dump(str(path))
    write_inspection(path.parent, inspection.record(LoadImageFromFile(**loader_in(config.train_dataloader))))
    inspection.print()
    print_settings({**settings, **{key: Derived(value, 'given') for key, value in (options or {}).items()}}, path)
    runner = build_runner(load_config(path))
    runner.train()
    return Pretrained(path, Path((path.parent / 'last_checkpoint').read_text().strip()))


def pretraining_config(data: str | Path, method: str, framework: str, backbone: str, epochs: int, batch_size: int | None,
                       image_size: int, seed: int, num_workers: int | None,
                       holdout: float = 0.2) -> tuple[Config, dict[str, Derived]]:
    """The config of :func:`pretrain`, and the settings that were derived, by their keys."""
    _check(method, framework, backbone, epochs, batch_size, image_size)
    train, test, division = _split(read_folder(data), holdout, seed)
    total = len(image_dataset(train))
    if total < 2:
        raise UserError(f'folder {data} holds one image to train on; contrastive learning compares images: give at least 2, '
                        'better hundreds')
    batch = derived.batch_of(total) if batch_size is None else Derived(batch_size, 'given')
    if batch.value > total:
        raise UserError(f'batch_size={batch.value} exceeds the {total} training images of {data}; give at most {total}')
    config = load_config(shipped_config(FRAMEWORKS[framework]))
    settings = _derive(total, batch, epochs, method, framework, image_size)
    _set_data(config, train, test, image_size, min(8, available_cores()) if num_workers is None else num_workers)
    _set_model(config.model, method, framework, backbone, image_size)
    if method != 'ifnd':
        config.default_hooks.pop('false_negative')
    config.merge_from_dict({key: setting.value for key, setting in settings.items()})
    config.randomness = dict(seed=seed, deterministic=False)
    config.auto_scale_lr = dict(base_batch_size=batch.value, enable=True)
    return config, {**division, **settings}


def _derive(total: int, batch: Derived, epochs: int, method: str, framework: str, image_size: int) -> dict[str, Derived]:
    steps = epochs * (total // batch.value)
    settings = {
        'train_dataloader.batch_size': batch,
        'train_cfg.max_epochs': Derived(epochs, f'given: {steps} steps')}
    if framework == 'swav':
        settings |= _of_swav(total, batch.value, epochs, image_size)
    else:
        settings |= {
            'optim_wrapper.optimizer.lr': derived.learning_rate_of(batch.value),
            'param_scheduler.0.milestones': derived.milestones_of(epochs)}
    if framework == 'mocov2':
        settings |= {'model.queue_len': derived.queue_of(total, batch.value), 'model.momentum': derived.momentum_of(steps)}
    if method == 'ifnd':
        hook = 'default_hooks.false_negative'
        settings |= {
            f'{hook}.num_clusters': derived.clusters_of(total),
            f'{hook}.interval': derived.interval_of(total, epochs),
            f'{hook}.acceptance.full_at': derived.acceptance_of(steps)}
    return settings


def _of_swav(total: int, batch_size: int, epochs: int, image_size: int) -> dict[str, Derived]:
    queue = derived.swav_queue_of(total, batch_size)
    settings = {
        'optim_wrapper.optimizer.lr': derived.learning_rate_of(batch_size, 0.6),
        'model.queue_len': queue,
        'model.queue_start_epoch': derived.queue_start_of(epochs) if queue.value else Derived(0, 'no queue'),
        'model.head.num_prototypes': derived.prototypes_of(queue.value, batch_size),
        'model.head.freeze_iterations': derived.freeze_of(total, batch_size)}
    if image_size <= SMALL:
        return {**settings, f'{VIEWS}.num_views': Derived([2], f'no smaller crops of {image_size} pixels')}
    return {**settings, f'{VIEWS}.num_views': Derived([2, 4], "SwAV's"),
            f'{VIEWS}.transforms.1.0.scale': derived.small_crop_of(image_size)}


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
    held = len(image_dataset(test)) if holdout else 0
    reason = (f'{held} of {total} images are kept for judging: a share of each class, drawn by the seed' if held else
              'all images are trained on: probes and few-shot accuracy cannot be measured; kNN leaves each image out of its '
              'own neighbours')
    return train, test, dict(holdout=Derived(holdout, reason))


def _set_data(config: Config, train: dict, test: dict, size: int, num_workers: int) -> None:
    for loader, images in ((config.train_dataloader, train), (config.test_dataloader, test)):
        loader.dataset = ConfigDict(images, pipeline=loader.dataset.pipeline)
        loader.num_workers, loader.persistent_workers = num_workers, num_workers > 0
    config.default_hooks.false_negative.num_workers = num_workers
    views = config.train_dataloader.dataset.pipeline[1]
    views.transforms[0][0].scale = size  # of SwAV's small crops, see _of_swav
    if size <= SMALL:
        views.transforms = [[step for step in views.transforms[0] if step.type != 'GaussianBlur']]
    resize, crop = config.test_dataloader.dataset.pipeline[1:3]
    resize.scale, crop.crop_size = round(size * 256 / 224), size
    config.test_cfg.measures.update(MEASURES)


def _set_model(model: ConfigDict, method: str, framework: str, backbone: str, size: int) -> None:
    channels = BACKBONES[backbone]
    model.backbone.type = 'ResNet_CIFAR' if size <= SMALL else 'ResNet'
    model.backbone.depth = int(backbone.removeprefix('resnet'))
    model.neck.in_channels = model.neck.hidden_channels = channels
    model.head.detector = ConfigDict(DETECTORS[method])
    if method == 'glofnd':
        model.head.type = 'GloFNDThresholdHead'
    if framework == 'simclr':
        model.type = 'SimCLRAdapter'
        for key in ('queue_len', 'momentum', 'empty'):
            del model[key]


def print_settings(settings: dict[str, Derived], path: Path) -> None:
    """The derived settings as a table."""
    table = Table(title='Derived from the images', box=SIMPLE_HEAD)
    for column in ('key', 'value', 'why'):
        table.add_column(column, overflow='fold')
    for key, setting in settings.items():
        table.add_row(key, f'{setting.value:g}' if isinstance(setting.value, float) else str(setting.value), setting.reason)
    console = Console(stderr=True, width=max(WIDTH, Console(stderr=True).width))
    console.print(table)
    console.print(f'config: {path} (mmifnd train {path} repeats this run)', soft_wrap=True)


def _check(method: str, framework: str, backbone: str, epochs: int, batch_size: int | None, image_size: int) -> None:
    check_choice('method', method, DETECTORS)
    check_choice('framework', framework, FRAMEWORKS)
    check_choice('backbone', backbone, BACKBONES)
    if framework == 'swav' and method == 'glofnd':
        raise UserError("method='glofnd' thresholds the negatives of an image, and framework='swav' has none; choose "
                        "method='ifnd' or 'none', or framework='mocov2' or 'simclr'")
    batch_size = 2 if batch_size is None else batch_size
    for name, value, least in (('epochs', epochs, 1), ('batch_size', batch_size, 2), ('image_size', image_size, 8)):
        check_at_least(name, value, least)
