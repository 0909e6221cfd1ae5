"""What a checkpoint says of a training is compared with what a training can write, before any of it is used."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from mmifnd import foreign
from mmifnd.errors import UserError
from mmifnd.image_table import ImageTable
from mmifnd.models.frameworks.key_queue import KeyQueue
from mmifnd.parts import KnowsImages, TakesPseudoLabels

from .kinds import described, fits, is_of_kind, is_plain, kind_of

#: More epochs, steps, images or values of a history than any training has.
_MOST = 10**11
#: Keys of the message hub that mmengine counts with.
_NUMBERS = ('epoch', 'iter', 'max_epochs', 'max_iters')
_REMEDY = 'no training writes that: use another checkpoint'


@contextmanager
def believed(name: str, part: str) -> Iterator[None]:
    """Turn whatever a part of a checkpoint makes of the code that uses it into one line.

    Raises:
        UserError: naming the file and the part.
    """
    with foreign.believed(f'checkpoint {name}: {part}', 'use another checkpoint'):
        yield


def check_position(meta: dict[str, Any], name: str) -> None:
    """Refuse an epoch, a step, a seed or a position that no training has.

    Args:
        meta: of a checkpoint, with ``epoch`` and ``iter``.
        name: of the file.

    Raises:
        UserError: naming the value.
    """
    numbers = {f'meta.{key}': meta[key] for key in ('epoch', 'iter', 'seed') if meta.get(key) is not None}
    progress = meta.get('progress')
    if progress is not None:
        _check(isinstance(progress, dict), name, 'meta.progress', progress)
        numbers |= {f'meta.progress.{key}': progress.get(key) for key in ('images', 'global_batch', 'steps')}
    for key, value in numbers.items():
        least = 1 if key.endswith(('global_batch', 'steps')) else 0
        _check(type(value) is int and least <= value < _MOST, name, key, value)
    if progress is not None:
        done = meta['iter'] - meta['epoch'] * progress['steps']
        _check(0 <= done <= progress['steps'] and done * progress['global_batch'] == progress['images'], name, 'meta.iter',
               f'{meta["iter"]} in epoch {meta["epoch"]}, after {progress["images"]} images of it')


def check_plain_parts(checkpoint: dict[str, Any], name: str) -> None:
    """Refuse parts that are of another kind than the parts that a training writes.

    Raises:
        UserError: naming the part.
    """
    meta = checkpoint['meta']
    if meta.get('settings') is not None:
        with believed(name, 'meta.settings'):
            settings = foreign.parse_json(meta['settings'], f'checkpoint {name}: meta.settings')
            _check(isinstance(settings, dict), name, 'meta.settings', meta['settings'])
    if meta.get('images') is not None:
        images = meta['images']
        is_sound = isinstance(images, dict) and type(images.get('count')) is int and all(
            isinstance(value, (str, int)) or value is None for value in images.values())
        _check(is_sound and {'ordered', 'unordered'} <= set(images), name, 'meta.images', images)
    states = checkpoint.get('rank_states', [])
    _check(isinstance(states, list) and all(isinstance(state, dict) for state in states), name, 'rank_states', states)
    hub = checkpoint.get('message_hub')
    if hub is not None:
        _check_hub(hub, name)


def _check_hub(hub: Any, name: str) -> None:
    _check(isinstance(hub, dict), name, 'message_hub', hub)
    for key in ('log_scalars', 'runtime_info', 'resumed_keys'):
        part = hub.get(key)
        _check(isinstance(part, dict) and all(isinstance(entry, str) for entry in part), name, f'message_hub.{key}', part)
    for key, history in hub['log_scalars'].items():
        _check(_is_history(history), name, f'message_hub.log_scalars.{key}', history)
    for key, value in hub['runtime_info'].items():
        kinds = (int, ) if key in _NUMBERS else (int, float) if key.startswith('best_score') else None
        _check((kinds is None or type(value) in kinds) and is_plain(value), name, f'message_hub.runtime_info.{key}', value)
    for key, value in hub['resumed_keys'].items():
        _check(value is True, name, f'message_hub.resumed_keys.{key}', value)


def check_optimizer(optimizer: torch.optim.Optimizer, state: Any, name: str) -> None:
    """Refuse options of another kind, and tensors of another shape than those of the parameters that they belong to.

    Args:
        optimizer: of the run.
        state: what a checkpoint holds of an optimizer with the same groups.
        name: of the file.

    Raises:
        UserError: naming what is wrong.
    """
    groups = state.get('param_groups') if isinstance(state, dict) else None
    is_sound = isinstance(groups, list) and all(isinstance(group, dict) and isinstance(group.get('params'), list)
                                                for group in groups)
    _check(is_sound and isinstance(state.get('state'), dict), name, 'optimizer', state)
    parameters = [parameter for group in optimizer.param_groups for parameter in group['params']]
    numbers = [number for group in groups for number in group['params']]
    _check(all(type(number) is int for number in numbers), name, 'optimizer.param_groups.params', numbers)
    _check(set(state['state']) <= set(numbers), name, 'optimizer.state', state['state'])
    for number, parameter in zip(numbers, parameters):
        values = state['state'].get(number, {})
        _check(isinstance(values, dict), name, f'optimizer.state.{number}', values)
        for key, value in values.items():
            _check(isinstance(key, str) and fits(value, parameter), name, f'optimizer.state.{number}.{key}', value)
    for ours, theirs in zip(optimizer.param_groups, groups):
        for key in set(ours) & set(theirs) - {'params'}:
            _check(is_of_kind(theirs[key], ours[key]), name, f'optimizer.param_groups.{key}', theirs[key])


def check_schedules(schedules: Any, states: Any, name: str) -> None:
    """Refuse states of other schedules; mmengine makes attributes of whatever they hold.

    Args:
        schedules: of the run, one or several.
        states: what a checkpoint holds of them.
        name: of the file.

    Raises:
        UserError: naming what is wrong.
    """
    if isinstance(schedules, dict):
        _check(isinstance(states, dict) and set(states) == set(schedules), name, 'param_schedulers', states)
        for key, own in schedules.items():
            check_schedules(own, states[key], name)
        return
    is_sound = isinstance(states, list) and all(isinstance(state, dict) for state in states)
    _check(is_sound and len(states) == len(schedules), name, 'param_schedulers', states)
    for own, state in zip(schedules, states, strict=True):
        attributes = own.state_dict()
        _check(set(state) == set(attributes), name, f'param_schedulers of {type(own).__name__}', state)
        for key, value in attributes.items():
            _check(is_of_kind(state[key], value), name, f'param_schedulers.{key}', state[key])


def check_image_state(framework: nn.Module, state: dict[str, Tensor], name: str, num_samples: int) -> None:
    """Refuse indices and labels that belong to no image and to no cluster, and queues and tables of another size.

    Args:
        framework: the model of the run.
        state: ``state_dict`` of a checkpoint.
        name: of the file.
        num_samples: images of the training set, N.

    Raises:
        UserError: naming the tensor.
    """
    own = framework.state_dict()
    flexible = [f'{path}.' for path, part in framework.named_modules()
                if isinstance(part, (ImageTable, KnowsImages, TakesPseudoLabels)) and part is not framework]
    for key, value in state.items():
        if key in own and kind_of(own[key]) != kind_of(value):
            raise UserError(f'{key} holds {kind_of(value)} in checkpoint {name} and {kind_of(own[key])} in this run; {_REMEDY}')
        if key in own and own[key].shape != value.shape and not key.startswith(tuple(flexible)):
            raise UserError(f'{key} has shape {tuple(value.shape)} in checkpoint {name} and {tuple(own[key].shape)} in this '
                            'run; use the config that it was trained with')
    for path, part in framework.named_modules():
        if isinstance(part, KeyQueue):
            _check_values(state, f'{path}.index', -1, num_samples, name)
            _check_values(state, f'{path}.pointer', 0, len(part), name)
        elif isinstance(part, TakesPseudoLabels):
            _check_values(state, f'{path}.labels', -1, num_samples, name)
            _check_counts(state, path, name)


def _check_counts(state: dict[str, Tensor], path: str, name: str) -> None:
    counts, centroids = (state.get(f'{path}.{key}') for key in ('counts', 'centroids'))
    if counts is not None and centroids is not None:
        fits = counts.dim() == 1 and bool((counts >= 1).all()) and int(counts.sum()) == len(centroids)
        _check(fits, name, f'{path}.counts', counts)


def _check_values(state: dict[str, Tensor], key: str, least: int, limit: int, name: str) -> None:
    values = state.get(key)
    if values is not None and values.numel():
        low, high = int(values.min()), int(values.max())
        _check(not values.is_floating_point() and least <= low <= high < limit, name, key,
               f'values from {low} to {high}, and {least} to {limit - 1} are possible')


def _is_history(value: Any) -> bool:
    if not isinstance(value, dict) or type(value.get('limit')) is not int or not 0 < value['limit'] < _MOST:
        return False
    columns = value.get('values'), value.get('counts')
    return all(isinstance(column, Tensor) and column.dim() == 1 for column in columns) and len(columns[0]) == len(columns[1])


def _check(is_sound: bool, name: str, key: str, value: Any) -> None:
    if not is_sound:
        raise UserError(f'checkpoint {name}: {key} is {described(value)}; {_REMEDY}')
