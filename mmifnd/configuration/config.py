"""Reading a config: inheritance, overrides from the command line, and the check of both."""

import copy
import os
from pathlib import Path
from typing import Any

from mmengine.config import Config

from .check_config import accepted_keys, check_config, near_matches
from .check_runtime import PARTS, check_clustering, check_loop, check_runtime
from .errors import UserError

#: Parts that an option may add to a config; the tools have options of their own for the others.
_OPTIONAL = PARTS - {'work_dir', 'launcher'}


def load_config(path: str | Path, options: dict[str, Any] | None = None) -> Config:
    """Read ``path``, apply dotted ``options``, and check that every component knows its keys.

    Raises:
        UserError: where the file is missing or cannot be read, an option names what the config does not have,
            or a key is unknown.
    """
    if not Path(path).is_file():
        raise UserError(f'config {path} does not exist; configs stand in configs/')
    config = read_config(path)
    apply_options(config, options or {})
    check_runtime(config.to_dict())
    check_config(config.to_dict())
    check_schedule(config)
    check_loop(config.to_dict())
    check_clustering(config.to_dict())
    return config


def read_config(path: str | Path) -> Config:
    """Read a config's file, unchecked.

    Raises:
        UserError: where it cannot be read.
    """
    try:
        return Config.fromfile(str(path))
    except Exception as error:  # a config is a program: it can fail in any way
        if os.environ.get('MMIFND_TRACEBACK'):
            raise
        if isinstance(error, ImportError):  # mmengine wraps those of custom_imports, and lists the whole sys.path
            cause = error.__cause__ or error
            raise UserError(f'config {path}: {cause}; put the folder of the module on PYTHONPATH') from None
        raise UserError(f'config {path} cannot be read: {type(error).__name__}: {error}') from None


def check_parts(config: Config, path: str | Path, *needed: str) -> None:
    """Refuse a config that lacks one of the ``needed`` parts."""
    missing = [key for key in needed if not config.get(key)]
    if missing:
        raise UserError(f'config {path} has no {", ".join(missing)}; start from one of configs/ by _base_')


def check_schedule(config: Config) -> None:
    """Refuse a learning-rate schedule, counted in epochs, that begins when the training is over."""
    epochs = (config.get('train_cfg') or {}).get('max_epochs')
    if epochs is not None and epochs < 1:
        raise UserError(f'train_cfg.max_epochs={epochs} is below 1; give a positive number')
    for position, scheduler in enumerate(config.get('param_scheduler') or []):
        begin = scheduler.get('begin', 0)
        if epochs is not None and scheduler.get('by_epoch', True) and begin >= epochs:
            raise UserError(f'param_scheduler[{position}]: {scheduler.type} begins at epoch {begin}, and '
                            f'train_cfg.max_epochs={epochs}; train for more than {begin} epochs')


def apply_options(config: Config, options: dict[str, Any]) -> None:
    """Change ``config`` by dotted ``options``.

    Raises:
        UserError: where the config does not have an option's path, and neither its component nor mmengine's Runner takes it.
    """
    known = config.to_dict()
    for path in options:
        holder: Any = known
        *parents, last = path.split('.')
        for depth, key in enumerate(parents):
            holder = _step(holder, key, '.'.join(parents[:depth + 1]), path)
        if not isinstance(holder, dict) or last in holder:
            _step(holder, last, path, path)
        elif last not in (accepted := accepted_keys(holder) if parents else _OPTIONAL):
            raise UserError(f'--cfg-options {path}: the config has no such key{near_matches(last, accepted | set(holder))}')
    config.merge_from_dict(copy.deepcopy(options))  # mmengine takes each _delete_ out of them


def _step(holder: Any, key: str, so_far: str, path: str) -> Any:
    if isinstance(holder, (list, tuple)):
        if key.isdigit() and int(key) < len(holder):
            return holder[int(key)]
        raise UserError(f'--cfg-options {path}: {so_far} is not a position in a list of {len(holder)}')
    if not isinstance(holder, dict) or key not in holder:
        raise UserError(f'--cfg-options {path}: the config has no {so_far}{_hint(key, holder)}')
    return holder[key]


def _hint(key: str, holder: Any) -> str:
    known = set(holder) | set(accepted_keys(holder)) if isinstance(holder, dict) else set()
    return near_matches(key, known)
