"""What a benchmark that trains a classifier would otherwise get wrong in silence: its weights and its classes."""

from collections.abc import Sequence
from typing import Any

from mmengine.runner import Runner
from torch import nn

from mmifnd.distributed import unwrap
from mmifnd.engine.checkpoints.checkpoint_format import check_fits, load_plain
from mmifnd.engine.loops import RepresentationLoop
from mmifnd.engine.metrics.class_names import class_difference
from mmifnd.errors import UserError


def check_training(runner: Runner) -> None:
    """Refuse, before the first step, initial weights that do not fit, and classes that a classifier cannot tell.

    Raises:
        UserError, ValueError: see :func:`check_pretrained` and :func:`check_classes`.
    """
    if not runner.cfg.get('resume'):  # then weights come from the checkpoint
        check_pretrained(runner.model)
    check_classes(runner)


def check_testing(runner: Runner, checkpoint: dict, path: str) -> None:
    """Refuse a checkpoint of another model, and test images of other classes.

    Raises:
        UserError, ValueError: see :func:`check_fits` and :func:`check_test_classes`.
    """
    check_fits(runner.model, checkpoint, path)
    check_test_classes(runner, checkpoint)


def check_pretrained(model: nn.Module) -> None:
    """Refuse weights of ``init_cfg`` that do not fill the part they are for: mmengine takes what fits and goes on.

    Files that are fetched by a URL are not looked at.

    Raises:
        ValueError: if there is no such file, it is damaged, or a tensor is missing or has another shape.
        UserError: if it holds nothing under the prefix.
    """
    for part in unwrap(model).modules():
        for init in _as_list(getattr(part, 'init_cfg', None)):
            if init.get('type') == 'Pretrained' and '://' not in init['checkpoint']:
                _check_fills(part, init['checkpoint'], init.get('prefix') or '')


def check_classes(runner: Runner) -> None:
    """Refuse, of a classifier to be trained, a validation set with other classes, and a head with too few of them.

    Raises:
        UserError: naming a class that is missing, or the number that the head needs.
    """
    num_classes = getattr(getattr(unwrap(runner.model), 'head', None), 'num_classes', None)
    if num_classes is None:
        return
    train = _classes(runner.train_loop.dataloader)
    if runner.val_loop is not None:
        _check_same(train, _classes(runner.val_loop.dataloader), 'val_dataloader')
    if len(train) > num_classes:
        raise UserError(f'model.head.num_classes={num_classes} is below the {len(train)} classes of the training images; '
                        f'set it to {len(train)}')


def check_test_classes(runner: Runner, checkpoint: dict) -> None:
    """Refuse test images whose classes are not those that the classifier of a checkpoint was trained with.

    Raises:
        UserError: naming a class that is missing.
    """
    if not isinstance(runner.test_loop, RepresentationLoop):
        trained = ((checkpoint.get('meta') or {}).get('dataset_meta') or {}).get('classes')
        _check_same(trained, _classes(runner.test_loop.dataloader), 'test_dataloader')


def _check_same(train: Sequence[str] | None, other: Sequence[str], where: str) -> None:
    if difference := class_difference(train, other):
        raise UserError(f'{where}: {difference}; check the class folders')


def _check_fills(part: nn.Module, path: str, prefix: str) -> None:
    weights: Any = load_plain(path, map_location='cpu')
    weights = weights.get('state_dict', weights) if isinstance(weights, dict) else weights
    if isinstance(weights, dict) and prefix:
        prefix = prefix if prefix.endswith('.') else f'{prefix}.'
        if not (weights := {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}):
            raise UserError(f'checkpoint {path} holds nothing under {prefix}; give one of a training, or another prefix')
    check_fits(part, dict(state_dict=weights), path)


def _as_list(init: Any) -> list[dict]:
    return [item for item in (init if isinstance(init, (list, tuple)) else [init]) if isinstance(item, dict)]


def _classes(dataloader: Any) -> tuple[str, ...]:
    return tuple(getattr(dataloader.dataset, 'metainfo', {}).get('classes') or ())
