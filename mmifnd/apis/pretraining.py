"""Pre-training on a folder of images in one call, with settings that follow from the number of images."""

from collections.abc import Sequence
from inspect import signature
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config
from rich.console import Console

from mmifnd.configuration.config import apply_options, load_config, require_parts
from mmifnd.configuration.derived import Derived
from mmifnd.configuration.environment import training_run
from mmifnd.console import lasting
from mmifnd.datasets import MAX_BROKEN
from mmifnd.datasets.load_image import LoadImageFromFile, loader_in
from mmifnd.datasets.pixels import WHITE
from mmifnd.engine.checkpoints.checkpoint_format import AtomicFileBackend
from mmifnd.engine.config_text import text_of
from mmifnd.engine.hooks import StopHook
from mmifnd.records.inspection import write_inspection
from mmifnd.records.run_lock import locked

from .inspection import Inspection
from .pretraining_arguments import Groups, check_known, check_places, place_of_run, prepare_folder
from .pretraining_config import pretraining_config
from .pretraining_look import check_usable, look_before
from .pretraining_parts import Backbone

NAME = 'config.py'
#: Derived settings that change nothing but what is written down.
UNSAID = ('default_hooks.logger.interval', 'default_hooks.detection.interval', 'default_hooks.false_negative.save')
#: Ends of the keys of settings that are printed in one line.
TOGETHER = (
    ('optimizer.lr', 'milestones'), ('queue_len', 'queue_start_epoch', 'model.momentum'),
    ('num_prototypes', 'freeze_iterations'), ('num_views', 'scale'), ('start_epoch', 'initialization'),
    ('num_clusters', 'interval', 'kmeans.init'))
OPTION = 'an option'


class Pretrained(NamedTuple):
    """The result of a pre-training.

    Attributes:
        config (Path): the resolved config: ``mmifnd train CONFIG`` repeats the run.
        checkpoint (Path): of the last epoch; for :func:`load_backbone`, :func:`extract_features`, :func:`evaluate`.
    """

    config: Path
    checkpoint: Path


@lasting()
def pretrain(data: str | Path | Sequence[str | Path], out: str | Path, method: str = 'ifnd', framework: str = 'mocov2',
             backbone: Backbone = 'resnet18', epochs: int = 200, batch_size: int | None = None, image_size: int = 224,
             seed: int = 0, num_workers: int | None = None, options: dict[str, Any] | None = None, holdout: float = 0.2,
             background: Sequence[int] = WHITE, depth: str = 'full', resume: bool = False, overwrite: bool = False,
             groups: Groups | None = None, take_over: bool = False, **unknown: Any) -> Pretrained:
    """Pre-train on the images of a folder, or on image-text pairs (``framework='clip'``).

    Queue, numbers of clusters, learning rate, momentum, prototypes, crops, clusterings and acceptance follow from the number
    of images, their size and the batch (:mod:`mmifnd.configuration.derived`); they are printed with their reasons, and stand in
    ``out/config.py``. All else is as in the config of :data:`FRAMEWORKS`. One process; for several GPUs hand that file to
    ``tools/dist_train.sh``, whose learning rate follows the batch.

    SIGTERM and Ctrl-C end the run with a checkpoint and exit status 75, as they end ``mmifnd train``; ``resume=True`` goes on
    from it.

    Args:
        data: folder of images, at any depth, or a list of folders and files. Subfolders are taken for classes, which are looked
            at to measure the detection and never to train. With ``framework='clip'``: a table with the columns ``image`` (a
            path from the table on) and ``caption``, and perhaps ``label``, ``group`` and ``split`` (``.csv``, ``.tsv``,
            ``.jsonl``); captions of COCO or Karpathy (``.json``); or tar shards (a folder, or ``{00000..00331}.tar``).
        out: folder for config, logs and checkpoints.
        method: a key of :data:`mmifnd.apis.pretraining_parts.METHODS`, such as ``'ifnd'``, ``'glofnd'`` or ``'none'``, the
            framework alone; of pairs one of :data:`mmifnd.apis.pair_methods.PAIR_METHODS`, also ``'fastclip_glofnd'`` or
            ``'siglip'``. ``'oracle'`` and ``'supcon'`` are told the classes: controls, not methods.
        framework: ``'mocov2'``, ``'simclr'`` or ``'swav'``; ``'clip'`` for pairs.
        backbone: the name of a ResNet, ``'timm/NAME'``, ``'torchvision/NAME'`` (with random weights), the config of a backbone,
            or a module that maps images (B, 3, H, W) to maps or vectors (B, C). A module can be evaluated in this process only,
            or where it is given again (:func:`mmifnd.models.backbones.give_backbone`).
        epochs: passes over the images.
        batch_size: images per step; default: 256, or fewer of a small folder.
        image_size: side of the crops, in SwAV of the large ones; below 48 a ResNet gets CIFAR's stem.
        seed: of everything random.
        num_workers: processes that read images; default: one per core, at most eight.
        options: overrides by dotted keys, as of ``--cfg-options``, applied last; ``custom_imports`` names modules of one's own.
        holdout: share of each class that is not trained on but kept for :func:`evaluate`, drawn by ``seed``; images of equal
            content stay on one side. Without labels nothing is held out. 0 trains on all images: then kNN leaves each image
            out of its own neighbours, and probes are not measured.
        background: red, green and blue behind what is transparent.
        depth: how images of more than 8 bits become 8: ``'full'``, by the range of their type; ``'data'``, by the least and the
            largest value of all images.
        resume: go on from the newest checkpoint in ``out``; what is set otherwise now is logged and takes effect.
        overwrite: remove the run in ``out`` and begin anew; a folder that holds a run is refused otherwise.
        groups: who belongs together: a ``.csv`` file of ``path,group``, a ``.txt`` file of lines ``path group``,
            ``'duplicates'`` for images of equal pixels, or options of :class:`mmifnd.datasets.GroupedFolder` as a dict. Images
            of one group are false negatives of each other from the first step on, beside what the method detects, and stay on
            one side of the holdout. Of pairs: what makes a group, ``'either'`` (default; a caption or an image), ``'caption'``,
            ``'image'``, ``'given'`` (the column ``group``), or ``'none'``.
        take_over: use ``out`` even if another run seems to be using it.

    Before the training, the images are looked at (:func:`mmifnd.apis.inspect`; at most 20,000 of them, evenly spread); a line
    says what was found, and the table and a contact sheet are kept in ``out``, for the report.

    Raises:
        UserError: if a choice is unknown or does not go with another, a number is out of range, or the folder empty.

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
    check_known(unknown, [name for name in signature(pretrain).parameters if name != 'unknown'])
    check_places(data, out, options)
    config, settings = pretraining_config(
        data, method, framework, backbone, epochs, batch_size, image_size, seed, num_workers, holdout, groups)
    inspection = look_before(data, config, background, depth)
    apply_options(config, options or {})
    require_parts(config, 'model', 'train_dataloader.dataset', 'train_cfg', 'optim_wrapper')
    check_usable(inspection, config.train_cfg.get('max_broken', MAX_BROKEN))
    with locked(place_of_run(out, resume, overwrite), take_over):
        folder = prepare_folder(out, resume, overwrite)
        path = _write_settings(config, folder, inspection, {
            **settings, **{key: Derived(value, OPTION) for key, value in (options or {}).items()}})
        loaded = load_config(path)
        loaded.resume = resume
        with training_run(loaded) as runner:
            runner.register_hook(StopHook(resume='resume=True'))
            runner.train()
    return Pretrained(path, Path((path.parent / 'last_checkpoint').read_text().strip()))


def _write_settings(config: Config, folder: Path, inspection: Inspection, settings: dict[str, Derived]) -> Path:
    """Write the config and what was found in the images into the folder of a run, and print both."""
    config.work_dir, path = str(folder), folder / NAME
    AtomicFileBackend().put_text(text_of(config), path)
    write_inspection(path.parent, inspection.record(LoadImageFromFile(**loader_in(config.train_dataloader))))
    inspection.print_line()
    print_settings(settings, path)
    return path


def print_settings(settings: dict[str, Derived], path: Path) -> None:
    """The derived settings with their reasons, but those that were given or only say how often to write.

    What belongs together is in one line, so that they and what follows before the first step are 15 lines at most.
    """
    lines: dict[Any, list[str]] = {}
    for key, setting in settings.items():
        if not setting.reason.startswith('given') and key not in UNSAID:
            value = f'{setting.value:g}' if isinstance(setting.value, float) else str(setting.value)
            text = f'{key.removeprefix("default_hooks.")} = {value}  ({setting.reason})'
            together = next((ends for ends in TOGETHER if key.endswith(ends)), key)
            lines.setdefault(OPTION if setting.reason == OPTION else together, []).append(text)
    console = Console(stderr=True, soft_wrap=True)
    for line in ['; '.join(texts) for texts in lines.values()] + [f'config: {path} (mmifnd train {path} repeats this run)']:
        console.print(line, markup=False, highlight=False)
