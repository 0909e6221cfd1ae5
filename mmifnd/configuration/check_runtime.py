"""The parts of a config that are no components: top-level names, hooks, loaders, loop and the runtime's settings."""

import difflib
import inspect
from collections.abc import Iterator
from typing import Any

from mmengine.registry import FUNCTIONS, Registry
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from mmifnd.engine.hooks import FalseNegativeHook
from mmifnd.engine.loops import EpochLoop
from mmifnd.errors import UserError, near_matches
from mmifnd.models.frameworks import ContrastiveFramework
from mmifnd.models.heads import ProtoNCEHead
from mmifnd.parts import TakesPseudoLabels
from mmifnd.registry import HOOKS, LOOPS, MODELS

#: Names of a config that mmengine's Runner takes.
PARTS = set(inspect.signature(Runner.__init__).parameters) - {'self', 'cfg'}

_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
_DICTS = ('model', 'train_cfg', 'val_cfg', 'test_cfg', 'optim_wrapper', 'default_hooks', 'randomness', 'env_cfg', 'visualizer')
#: Hooks that mmengine adds by itself, which None turns off.
_USUAL_HOOKS = {'runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler', 'checkpoint'}
#: What mmengine takes besides the arguments of a DataLoader.
_OF_LOADERS = {'dataset', 'num_batch_per_epoch'}
_LARGEST_SEED = 2**32 - 1
_LEVELS = ('DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL')


def check_runtime(config: dict) -> None:
    """Refuse what mmengine would notice late, in words that do not name the key, or not at all.

    Raises:
        UserError: naming the key, the value, and what was probably meant.
    """
    _check_names(config)
    for name in _DICTS:
        if config.get(name) is not None and not isinstance(config[name], dict):
            raise UserError(f'{name}={config[name]!r} must be a dict')
    _check_hooks(config.get('default_hooks') or {})
    _check_custom_hooks(config.get('custom_hooks') or [])
    _check_measures((config.get('test_cfg') or {}).get('measures') or {})
    for name in _LOADERS:
        if config.get(name) is not None:
            _check_loader(name, config[name])
    _check_settings(config)


def check_schedule(config: dict) -> None:
    """Refuse a learning-rate schedule, counted in epochs, that begins when the training is over.

    Raises:
        UserError: naming the schedule, its first epoch and the number of epochs.
    """
    epochs = (config.get('train_cfg') or {}).get('max_epochs')
    if epochs is not None and epochs < 1:
        raise UserError(f'train_cfg.max_epochs={epochs} is below 1; give a positive number')
    for position, scheduler in enumerate(config.get('param_scheduler') or []):
        begin = scheduler.get('begin', 0)
        if epochs is not None and scheduler.get('by_epoch', True) and begin >= epochs:
            raise UserError(f'param_scheduler[{position}]: {scheduler["type"]} begins at epoch {begin}, and '
                            f'train_cfg.max_epochs={epochs}; train for more than {begin} epochs')


def check_loop(config: dict) -> None:
    """Refuse a loop that knows nothing of a framework's images and steps.

    Raises:
        UserError: if a contrastive framework is to be trained by another loop than ``EpochLoop``.
    """
    model, loop = config.get('model'), config.get('train_cfg')
    if not model or not loop or 'type' not in model:
        return
    name = loop.get('type', 'EpochBasedTrainLoop')
    if _is_a(MODELS.get(model['type']), ContrastiveFramework) and not _is_a(LOOPS.get(name), EpochLoop):
        raise UserError(f'train_cfg.type={name} cannot train {model["type"]}, whose images need an index; use EpochLoop')
    sampler = ((config.get('train_dataloader') or {}).get('sampler') or {}).get('type')
    if isinstance(sampler, str) and sampler.rpartition('.')[2] == 'InfiniteSampler' and _is_a(LOOPS.get(name), EpochLoop):
        raise UserError("train_dataloader.sampler.type='InfiniteSampler' never ends an epoch, of which EpochLoop counts "
                        "max_epochs; use dict(type='DefaultSampler', shuffle=True)")


def check_clustering(config: dict) -> None:
    """Refuse a model that waits for pseudo labels which nothing makes: it would train as if it had no detector.

    Labels also come with the checkpoint of ``load_from``, or from a hook of one's own.

    Raises:
        UserError: naming the first component that waits.
    """
    if not config.get('train_cfg') or config.get('load_from'):
        return
    hooks = [*(config.get('default_hooks') or {}).values(), *(config.get('custom_hooks') or [])]
    if any(_may_publish(HOOKS.get(hook['type'])) for hook in hooks if isinstance(hook, dict)):
        return
    for where, component in _components(config.get('model') or {}, 'model'):
        registered = MODELS.get(component['type'])
        if where != 'model' and (_is_a(registered, TakesPseudoLabels) or _is_a(registered, ProtoNCEHead)):
            raise UserError(f'{where}: {component["type"]} waits for pseudo labels, which no hook makes; give default_hooks='
                            "dict(false_negative=dict(type='FalseNegativeHook', num_clusters=..., acceptance=...))")


def _components(config: Any, where: str) -> Iterator[tuple[str, dict]]:
    """Each dict with a type, and where it stands."""
    if isinstance(config, dict):
        if isinstance(config.get('type'), str):
            yield where, config
        for key, value in config.items():
            yield from _components(value, f'{where}.{key}')


def _may_publish(hook: Any) -> bool:
    """Whether a class of hooks makes pseudo labels, as far as one can tell."""
    is_foreign = inspect.isclass(hook) and hook.__module__.split('.')[0] not in ('mmifnd', 'mmengine', 'mmpretrain')
    return is_foreign or _is_a(hook, FalseNegativeHook)


def _is_a(component: Any, base: type) -> bool:
    return inspect.isclass(component) and issubclass(component, base)


def _check_names(config: dict) -> None:
    for name in set(config) - PARTS:
        near = difflib.get_close_matches(name, PARTS, n=1, cutoff=0.88)
        if near:
            raise UserError(f'{name} is no part of a config; did you mean {near[0]}?')


def _check_hooks(hooks: dict) -> None:
    for name, hook in hooks.items():
        if isinstance(hook, dict) and 'type' not in hook:
            raise UserError(f'default_hooks.{name} has no type{near_matches(name, set(hooks) - {name})}')
        if hook is None and name not in _USUAL_HOOKS:
            raise UserError(f'default_hooks.{name}=None must be a dict; to do without it, say which hooks are left: '
                            'default_hooks=dict(_delete_=True, ...)')


def _check_custom_hooks(hooks: Any) -> None:
    if not isinstance(hooks, (list, tuple)):
        raise UserError(f'custom_hooks={hooks!r} must be a list, such as [dict(type=...)]')
    for position, hook in enumerate(hooks):
        if not isinstance(hook, dict) or 'type' not in hook:
            raise UserError(f'custom_hooks[{position}]={hook!r} must be a dict with a type: dict(type=...)')


def _check_measures(measures: Any) -> None:
    if not isinstance(measures, dict):
        raise UserError(f'test_cfg.measures={measures!r} must be a dict, such as dict(knn=dict(type=...))')
    for name, measure in measures.items():
        if isinstance(measure, dict) and 'type' not in measure:
            raise UserError(f'test_cfg.measures.{name} has no type{near_matches(name, set(measures) - {name})}')
        if measure is not None and not isinstance(measure, dict):
            raise UserError(f'test_cfg.measures.{name}={measure!r} must be a dict with a type, or None to leave it out')


def _check_loader(name: str, loader: Any) -> None:
    if not isinstance(loader, dict):
        raise UserError(f'{name}={loader!r} must be a dict')
    accepted = set(inspect.signature(DataLoader.__init__).parameters) - {'self'} | _OF_LOADERS
    unknown = [key for key in loader if key not in accepted]
    if unknown:
        raise UserError(f'{name} has no {unknown[0]}{near_matches(unknown[0], accepted)}')
    for key, least in (('batch_size', 1), ('num_workers', 0)):
        value = loader.get(key, least)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise UserError(f'{name}.{key}={value!r} must be a whole number of at least {least}')
    for key in ('dataset', 'sampler'):
        if loader.get(key) is None:
            raise UserError(f'{name} has no {key}; give it: {name}.{key}=dict(type=...)')
    collate = (loader.get('collate_fn') or {}).get('type', 'default_collate')
    if isinstance(collate, str) and FUNCTIONS.get(collate) is None:
        raise UserError(f'{name}.collate_fn: {collate} is not registered{near_matches(collate, FUNCTIONS.module_dict)}')


def _check_settings(config: dict) -> None:
    seed = (config.get('randomness') or {}).get('seed')
    if seed is not None and (not isinstance(seed, int) or not 0 <= seed <= _LARGEST_SEED):
        raise UserError(f'randomness.seed={seed!r} must be a whole number from 0 to {_LARGEST_SEED}')
    level = config.get('log_level')
    if isinstance(level, str) and level not in _LEVELS:
        raise UserError(f'log_level={level!r} is unknown; choose one of {", ".join(_LEVELS)}')
    scope, scopes = config.get('default_scope'), list(_scopes(MODELS.root))
    if scope is not None and scope not in scopes:
        raise UserError(f'default_scope={scope!r} is unknown; choose one of {", ".join(scopes)}')


def _scopes(entries: Registry) -> Iterator[str]:
    yield entries.scope
    for child in entries.children.values():
        yield from _scopes(child)
