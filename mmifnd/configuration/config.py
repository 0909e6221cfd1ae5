"""Reading a config: inheritance, overrides from the command line, and the check of both."""

import copy
import os
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmifnd.errors import UserError, near_matches
from mmifnd.files import open_regular

from .check_components import accepted_keys
from .check_runtime import PARTS
from .checking import Task, check
from .shipped import find_config

#: Parts that an option may add to a config; the tools have options of their own for the others.
_OPTIONAL = PARTS - {'work_dir', 'launcher'} | {'custom_imports'}


def load_config(path: str | Path, options: dict[str, Any] | None = None, task: Task | None = None) -> Config:
    """Read a config, apply dotted ``options``, and check it.

    Args:
        path: a file, or the name of a config that mmifnd ships, such as ``'ifnd/ifnd_simclr_digits'``.
        options: overrides by dotted keys, as of ``--cfg-options``.
        task: what the config is for; if None, parts and data that a task would need are not looked at.

    Raises:
        UserError: if the config does not exist or cannot be read, an option names what the config does not have, a key is
            unknown, or a part or data of the task is missing.
    """
    config = read_config(find_config(path))
    apply_options(config, options or {})
    check(config, path, task)
    return config


def read_config(path: str | Path) -> Config:
    """Read a config's file, unchecked. It is a program in Python, which is executed.

    Raises:
        UserError: if it cannot be read, or it, or a file that it inherits from, is YAML or JSON: their tags can name functions
            to call as well, and they do not look like programs.
    """
    try:
        _check_python(str(path), set())
        return Config.fromfile(str(path))
    except UserError:
        raise
    except Exception as error:  # a config is a program: it can fail in any way
        if os.environ.get('MMIFND_TRACEBACK'):
            raise
        if isinstance(error, ImportError):  # mmengine wraps those of custom_imports, and lists the whole sys.path
            cause = error.__cause__ or error
            raise UserError(f'config {path}: {cause}; put the folder of the module on PYTHONPATH') from None
        raise UserError(f'config {path} cannot be read: {type(error).__name__}: {error}') from None


def _check_python(path: str, seen: set[str]) -> None:
    """Refuse files other than Python, here and in all that ``path`` inherits from, before any of them is read."""
    if path in seen:
        return
    seen.add(path)
    if Path(path).suffix != '.py':
        raise UserError(f'config {path} is no Python file; write configs in Python (.py): YAML and JSON are not read')
    open_regular(path, f'config {path}').close()
    for base in Config._get_base_files(path):
        if isinstance(base, str) and '::' not in base:  # else it is of an installed package
            _check_python(Config._get_cfg_path(base, path)[0], seen)


def apply_options(config: Config, options: dict[str, Any]) -> None:
    """Change ``config`` by dotted ``options``.

    Raises:
        UserError: if the config does not have an option's path, and neither its component nor mmengine's Runner takes it.
    """
    settings = config.to_dict()
    for path in options:
        holder: Any = settings
        *parents, last = path.split('.')
        for depth, key in enumerate(parents):
            holder = _step(holder, key, '.'.join(parents[:depth + 1]), path)
        if not isinstance(holder, dict) or last in holder:
            _step(holder, last, path, path)
        elif last not in (accepted := accepted_keys(holder) if parents else _OPTIONAL):
            raise UserError(f'--cfg-options {path}: the config has no such key{near_matches(last, accepted | set(holder))}')
    config.merge_from_dict(copy.deepcopy(options))  # mmengine takes each _delete_ out of them


def require_parts(config: Config, *paths: str) -> None:
    """Refuse a config in which an option has put something else in the place of a part.

    Args:
        config: with all options applied.
        *paths: dotted keys of dicts that are needed.

    Raises:
        UserError: naming the first that is no dict.
    """
    settings = config.to_dict()
    for path in paths:
        value: Any = settings
        keys = path.split('.')
        for depth, key in enumerate(keys, 1):
            value, part = value.get(key), '.'.join(keys[:depth])
            if not isinstance(value, dict):
                raise UserError(f'{part}={value!r} must be a dict; leave it out of the options, or change single keys of it: '
                                f'{part}.KEY=VALUE')


def _step(holder: Any, key: str, so_far: str, path: str) -> Any:
    if isinstance(holder, (list, tuple)):
        if key.isdigit() and int(key) < len(holder):
            return holder[int(key)]
        raise UserError(f'--cfg-options {path}: {so_far} is not a position in a list of {len(holder)}')
    if not isinstance(holder, dict) or key not in holder:
        raise UserError(f'--cfg-options {path}: the config has no {so_far}{_hint(key, holder)}')
    return holder[key]


def _hint(key: str, holder: Any) -> str:
    keys = set(holder) | set(accepted_keys(holder)) if isinstance(holder, dict) else set()
    return near_matches(key, keys)
