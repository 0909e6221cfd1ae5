"""The configs that mmifnd ships: in a checkout, and in an installed package."""

from difflib import get_close_matches
from pathlib import Path

import mmifnd
from mmifnd.errors import UserError

_PACKAGE = Path(mmifnd.__file__).parent


def config_folder() -> Path:
    """``mmifnd/.mim/configs`` of an installed package, else ``configs`` of the checkout.

    Raises:
        UserError: if there is neither.
    """
    for folder in (_PACKAGE / '.mim' / 'configs', _PACKAGE.parent / 'configs'):
        if (folder / '_base_' / 'default_runtime.py').is_file():
            return folder
    raise UserError(f'mmifnd at {_PACKAGE} has no configs: neither .mim/configs nor ../configs; install it again')


def config_names() -> list[str]:
    """Names of all shipped configs, such as ``'ifnd/ifnd_simclr_digits'``, without the parts of ``_base_``."""
    folder = config_folder()
    names = (path.relative_to(folder).with_suffix('') for path in folder.rglob('*.py'))
    return sorted(name.as_posix() for name in names if name.parts[0] != '_base_')


def shipped_config(name: str) -> Path:
    """The file of a shipped config.

    Args:
        name: such as ``'ifnd/ifnd_r50_folder'``, with or without ``.py``.

    Raises:
        UserError: if there is no such config; near names are given.
    """
    path = config_folder() / f'{name.removesuffix(".py")}.py'
    if not path.is_file():
        raise UserError(f'config {name} does not exist{_near(name)}')
    return path


def find_config(path: str | Path, kind: str = 'config') -> Path:
    """A config by its file, or by its name among the shipped ones.

    Args:
        path: a file, or a name such as ``'ifnd/ifnd_simclr_digits'`` or ``'configs/ifnd/ifnd_simclr_digits.py'``.
        kind: what it is, for messages.

    Raises:
        UserError: if it is neither; near names are given.
    """
    path = Path(path).expanduser()
    if path.is_file():
        return path
    name = path.as_posix().removeprefix('./').removeprefix('configs/').removesuffix('.py')
    if path.is_absolute() or name not in config_names():
        raise UserError(f'{kind} {path} does not exist, neither as a file nor among those that mmifnd ships{_near(name)}')
    return shipped_config(name)


def _near(name: str) -> str:
    """The end of a message: shipped names that are like ``name``, or whose last parts are like that of ``name``."""
    names, name = config_names(), name.removesuffix('.py')
    of_last = {known.rsplit('/', 1)[-1]: known for known in names}
    near = get_close_matches(name, names, n=2) or [
        of_last[last] for last in get_close_matches(name.rsplit('/', 1)[-1], of_last, n=2)]
    return f'; did you mean {" or ".join(near)}?' if near else f'; those are in {config_folder()}'
