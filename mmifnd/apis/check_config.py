"""Every component of a config must exist and know its keys: found before anything is built."""

import difflib
import inspect
from collections.abc import Iterable, Sequence
from types import NoneType
from typing import Any, get_args, get_origin

from mmengine.registry import Registry
from mmengine.runner import Runner

from mmifnd import registry

from .errors import UserError

_REGISTRIES = [value for value in vars(registry).values() if isinstance(value, Registry)]

#: Keys that mmengine takes out before a component is built.
_TAKEN_OUT = {'type', '_scope_', '_delete_', 'init_cfg', 'priority', 'constructor', 'paramwise_cfg', 'accumulative_counts',
              'convert_to_iter_based', 'name', 'by_epoch', 'begin', 'end', 'params', 'dataset', 'seed', 'sampler'}

#: Parts of a config that are no components of a registry.
_FOREIGN = {'collate_fn', 'worker_init_fn', 'env_cfg', 'augmentation', 'norm_cfg', 'act_cfg', 'conv_cfg'}


def check_config(config: Any, where: str = '') -> None:
    """Walk ``config`` and check each dict that names a type.

    Raises:
        UserError: where a type is not registered, a key is none of its arguments (the near matches are named), or a value is
            of another type than the argument's annotation.
    """
    if isinstance(config, dict):
        if isinstance(config.get('type'), str):
            _check_component(config, where)
        for key, value in config.items():
            if key not in _FOREIGN:
                check_config(value, f'{where}.{key}' if where else str(key))
    elif isinstance(config, (list, tuple)):
        for position, value in enumerate(config):
            check_config(value, f'{where}[{position}]')


def check_names(config: dict) -> None:
    """Refuse top-level names and hooks that are one slip away from a known one, and hooks without a type.

    Raises:
        UserError: naming the key and what was probably meant.
    """
    known = set(inspect.signature(Runner.__init__).parameters) - {'self', 'cfg'}
    for name in set(config) - known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.88)
        if near:
            raise UserError(f'{name} is no part of a config; did you mean {near[0]}?')
    hooks = config.get('default_hooks') or {}
    for name, hook in hooks.items():
        if isinstance(hook, dict) and 'type' not in hook:
            raise UserError(f'default_hooks.{name} has no type{near_matches(name, set(hooks) - {name})}')


def accepted_keys(config: Any) -> set[str]:
    """Arguments of the component that ``config`` describes; empty for any other value."""
    if not isinstance(config, dict) or not isinstance(config.get('type'), str):
        return set()
    return set().union(*(_arguments(found)[0] for found in _find(config['type']))) if _find(config['type']) else set()


def near_matches(name: str, known: Iterable[str]) -> str:
    """``; did you mean ...?`` where something is near, or what there is."""
    known = sorted(map(str, known))
    near = difflib.get_close_matches(name, known, n=2)
    if near:
        return f'; did you mean {" or ".join(near)}?'
    return f'; there are {", ".join(known)}' if 0 < len(known) <= 12 else ''


def _check_component(config: dict, where: str) -> None:
    found = _find(config['type'])
    if not found:
        names = {name for entries in _REGISTRIES for name in _names(entries)}
        raise UserError(f'{where}: {config["type"]} is not registered{near_matches(config["type"], names)}; if it is '
                        "yours, name its module: custom_imports = dict(imports=['my_module'])")
    unknown = [key for key in config if key not in _TAKEN_OUT and not any(_knows(component, key) for component in found)]
    if unknown:
        raise UserError(f'{where}: {config["type"]} has no {unknown[0]}{near_matches(unknown[0], accepted_keys(config))}')
    for key, value in config.items():
        expected = {_expected(component, key, value) for component in found if _knows(component, key)}
        if expected and '' not in expected:
            raise UserError(f'{where}.{key}={value!r} must be {expected.pop()}')


def _expected(component: Any, key: str, value: Any) -> str:
    """What ``value`` should be, in words; empty where nothing speaks against it."""
    annotation = _annotation(component, key)
    members = set(get_args(annotation) or (annotation,)) if get_origin(annotation) is not Sequence else {annotation}
    numbers = members & {int, float}
    if isinstance(value, str) and numbers and not members & {str, Any}:
        return 'a number'
    if not getattr(component, '__module__', '').startswith('mmifnd.'):
        return ''  # annotations of other packages are not exact enough for more
    if numbers == {int} and isinstance(value, float):
        return 'a whole number'
    if numbers and members <= {int, float, NoneType} and isinstance(value, (list, tuple, dict)):
        return 'a number'
    if isinstance(value, (int, float)) and not numbers and any(get_origin(member) is Sequence for member in members):
        return f'a list, such as ({value},)'
    return ''


def _annotation(component: Any, key: str) -> Any:
    """Of argument ``key``, from the class that declares it; None where there is none."""
    functions = ([vars(base)['__init__'] for base in component.__mro__ if '__init__' in vars(base)]
                 if inspect.isclass(component) else [component])
    for function in functions:
        try:
            parameter = inspect.signature(function).parameters.get(key)
        except (TypeError, ValueError):
            continue
        if parameter is not None:
            return None if parameter.annotation is parameter.empty else parameter.annotation
    return None


def _find(name: str) -> list[Any]:
    name = name.split('.', 1)[1] if name.startswith(('mmifnd.', 'mmpretrain.', 'mmengine.')) else name
    return [component for component in (entries.get(name) for entries in _REGISTRIES) if component is not None]


def _knows(component: Any, key: str) -> bool:
    names, open_ended = _arguments(component)
    return key in names or open_ended


def _arguments(component: Any) -> tuple[set[str], bool]:
    """Argument names of a class or function, through the bases that ``**kwargs`` hands them to; and whether any fits."""
    if not inspect.isclass(component):
        return _own_arguments(component)
    names: set[str] = set()
    for base in component.__mro__:
        if '__init__' not in vars(base) or base is object:
            continue
        own, open_ended = _own_arguments(base.__init__)
        names |= own
        if not open_ended:
            return names, False
    return names, True


def _own_arguments(function: Any) -> tuple[set[str], bool]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return set(), True
    return {p.name for p in parameters} - {'self'}, any(p.kind is p.VAR_KEYWORD for p in parameters)


def _names(entries: Registry) -> list[str]:
    names = list(entries.module_dict)
    return names + (_names(entries.parent) if entries.parent is not None else [])
