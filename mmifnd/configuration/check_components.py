"""Every component of a config must exist and know its keys: found before anything is built."""

import inspect
from collections.abc import Mapping
from functools import cache
from typing import Any

from mmengine.registry import Registry

from mmifnd import registry
from mmifnd.errors import UserError, near_matches

from .check_values import expected, outside_limits

_REGISTRIES = [value for value in vars(registry).values() if isinstance(value, Registry)]

#: Keys that mmengine takes out before a component is built.
_TAKEN_OUT = {'type', '_scope_', '_delete_', 'init_cfg', 'priority', 'constructor', 'paramwise_cfg', 'accumulative_counts',
              'convert_to_iter_based', 'name', 'by_epoch', 'begin', 'end', 'params', 'dataset', 'seed', 'sampler'}

#: Arguments that the code gives; with a dot, to this component only.
_GIVEN = {'runner', 'dataloader', 'callback', 'params', 'SwAVHead.in_channels'}

#: Keys under which a component stands.
_COMPONENTS = {'backbone', 'neck', 'head', 'detector', 'data_preprocessor', 'acceptance', 'mixup', 'optimizer'}

#: Parts of a config that are no components of a registry.
_FOREIGN = {'collate_fn', 'worker_init_fn', 'env_cfg', 'augmentation', 'norm_cfg', 'act_cfg', 'conv_cfg'}


def check_components(config: Any, where: str = '') -> None:
    """Walk ``config`` and check each dict that names a type.

    Raises:
        UserError: if a type is missing or not registered, a key is none of its arguments (the near matches are named) or
            is missing, or a value is of another type than the argument's annotation.
    """
    if isinstance(config, dict):
        if isinstance(config.get('type'), str):
            _check_component(config, where)
        for key, value in config.items():
            place = f'{where}.{key}' if where else str(key)
            if key in _COMPONENTS and isinstance(value, dict) and value and 'type' not in value and not _fills_in(config, key):
                raise UserError(f'{place} has no type; name its class: {place}=dict(type=...)')
            if key not in _FOREIGN:
                check_components(value, place)
    elif isinstance(config, (list, tuple)):
        for position, value in enumerate(config):
            check_components(value, f'{where}[{position}]')


def accepted_keys(config: Any) -> set[str]:
    """Arguments of the component that ``config`` describes; empty for any other value."""
    if not isinstance(config, dict) or not isinstance(config.get('type'), str):
        return set()
    return set().union(*(_arguments(component)[0] for component in _find(config['type'])))


def _check_component(config: dict, where: str) -> None:
    components = _find(config['type'])
    if not components:
        names = {name for entries in _REGISTRIES for name in _names(entries)}
        raise UserError(f'{where}: {config["type"]} is not registered{near_matches(config["type"], names)}; if it is '
                        "yours, name its module: custom_imports = dict(imports=['my_module'])")
    unknown = [key for key in config if key not in _TAKEN_OUT and not any(_knows(component, key) for component in components)]
    if unknown:
        raise UserError(f'{where}: {config["type"]} has no {unknown[0]}{near_matches(unknown[0], accepted_keys(config))}; if '
                        f'{unknown[0]} is left from the type that it replaces, write _delete_=True beside type')
    for key, value in config.items():
        wanted = {_expected(component, key, value) for component in components if _knows(component, key)}
        if wanted and '' not in wanted:
            raise UserError(f'{where}.{key}={value!r} must be {wanted.pop()}')
    missing = [_missing(component, config) for component in components]
    if all(missing):
        raise UserError(f'{where}: {config["type"]} needs {missing[0][0]}; give it')


def _missing(component: Any, config: dict) -> list[str]:
    """Arguments of a class of this package that neither ``config`` nor the code gives."""
    if not inspect.isclass(component) or not _is_ours(component):
        return []
    parameters = inspect.signature(component).parameters.values()
    needed = [p.name for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    return [name for name in needed if name not in config and not {name, f'{config["type"]}.{name}'} & _GIVEN]


def _expected(component: Any, key: str, value: Any) -> str:
    """What ``value`` should be, in words; empty if nothing speaks against it."""
    is_ours = _is_ours(component)
    return expected(_annotation(component, key), value, is_ours) or ('' if is_ours else outside_limits(key, value))


def _fills_in(config: dict, key: str) -> bool:
    """Whether what ``config`` describes knows the type of its part ``key``: mmpretrain's models, of their preprocessor."""
    if key != 'data_preprocessor' or not isinstance(config.get('type'), str):
        return False
    return not any(_is_ours(component) for component in _find(config['type']))


def _is_ours(component: Any) -> bool:
    return getattr(component, '__module__', '').startswith('mmifnd.')


@cache
def _annotation(component: Any, key: str) -> Any:
    """The annotation of argument ``key`` in the class that declares it; None if there is none."""
    functions = ([vars(base)['__init__'] for base in component.__mro__ if '__init__' in vars(base)]
                 if inspect.isclass(component) else [component])
    for function in functions:
        parameter = (_parameters(function) or {}).get(key)
        if parameter is not None:
            return None if parameter.annotation is parameter.empty else parameter.annotation
    return None


def _find(name: str) -> list[Any]:
    name = name.split('.', 1)[1] if name.startswith(('mmifnd.', 'mmpretrain.', 'mmengine.')) else name
    get = Registry.get if '.' in name else _registered
    return [component for component in (get(entries, name) for entries in _REGISTRIES) if component is not None]


def _registered(entries: Registry, name: str) -> Any:
    """What a registry or one of its parents has under a name without dots, which ``get`` would try to import as a module."""
    entries.import_from_location()
    ancestor: Registry | None = entries
    while ancestor is not None:
        if name in ancestor.module_dict:
            return ancestor.module_dict[name]
        ancestor = ancestor.parent
    return None


def _knows(component: Any, key: str) -> bool:
    names, open_ended = _arguments(component)
    return key in names or open_ended


@cache
def _arguments(component: Any) -> tuple[set[str], bool]:
    """Argument names of a class or function, through the bases that ``**kwargs`` hands them to; and whether any fits."""
    if not inspect.isclass(component):
        return _own_arguments(component)
    names: set[str] = set()
    for base in component.__mro__:
        if '__init__' not in vars(base) or base is object:
            continue
        arguments, open_ended = _own_arguments(base.__init__)
        names |= arguments
        if not open_ended:
            return names, False
    return names, True


def _own_arguments(function: Any) -> tuple[set[str], bool]:
    parameters = _parameters(function)
    if parameters is None:
        return set(), True
    names = {p.name for p in parameters.values() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
    return names - {'self'}, any(p.kind is p.VAR_KEYWORD for p in parameters.values())


@cache
def _parameters(function: Any) -> Mapping[str, inspect.Parameter] | None:
    """Parameters of a function by name; None if Python cannot tell."""
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return None


def _names(entries: Registry) -> list[str]:
    names = list(entries.module_dict)
    return names + (_names(entries.parent) if entries.parent is not None else [])
