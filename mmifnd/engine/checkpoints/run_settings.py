"""What a run was set to when a checkpoint was written, what has changed since, and that the changes take effect."""

import json
from typing import Any

from mmifnd.errors import UserError
from mmifnd.foreign import parse_json

#: Parts of a config that say what is trained and how; the rest are circumstances.
PARTS = ('model', 'optim_wrapper', 'param_scheduler', 'train_cfg', 'train_dataloader', 'default_hooks', 'custom_hooks',
         'auto_scale_lr', 'sync_bn')
#: Keys of loaders and hooks that change nothing in what is trained.
_CIRCUMSTANCES = ('num_workers', 'pin_memory', 'persistent_workers', 'prefetch_factor', 'worker_init_fn', 'data_root')
_HOOKS = ('checkpoint', 'logger', 'timer', 'plain_checkpoint', 'visualization', 'runtime_info')
#: Keys whose change leaves nothing that the state of a checkpoint fits.
FIXED = ('optim_wrapper.optimizer.type', 'optim_wrapper.constructor', 'model.type', 'model.queue_len')
#: Lines that are written out; of further changes only their number.
_MOST = 20
#: Options of an optimizer that are no number of its update rule.
_NO_OPTIONS = ('params', 'foreach', 'fused', 'capturable', 'differentiable', 'param_names')


def settings_of(config: dict[str, Any]) -> str:
    """The JSON of what a config says of the training, which a checkpoint keeps as text; it is compared, never executed."""
    return json.dumps(flat_settings({part: config.get(part) for part in PARTS}), sort_keys=True, default=repr)


def changed_settings(then: str, now: str) -> dict[str, tuple[Any, Any]]:
    """Dotted keys whose values differ, with both values; None if a key is missing.

    Example:
        >>> before, after = (settings_of(dict(train_cfg=dict(max_epochs=epochs))) for epochs in (4, 8))
        >>> changed_settings(before, after)
        {'train_cfg.max_epochs': (4, 8)}
    """
    before, after = parse_json(then, 'meta.settings'), json.loads(now)
    return {key: (before.get(key), after.get(key)) for key in sorted({*before, *after})
            if before.get(key) != after.get(key) and not _is_circumstance(key)}


def described(changes: dict[str, tuple[Any, Any]]) -> list[str]:
    """One line per change."""
    lines = [f'{key} was {before} and is {after} from now on' for key, (before, after) in changes.items()]
    return lines if len(lines) <= _MOST else [*lines[:_MOST], f'{len(lines) - _MOST} further settings have changed']


def check_changes(changes: dict[str, tuple[Any, Any]], name: str) -> None:
    """Refuse changes that cannot take effect on the state of a checkpoint.

    Raises:
        UserError: naming the first of them.
    """
    for key in FIXED:
        if key in changes:
            before, after = changes[key]
            raise UserError(f'{key} was {before} in checkpoint {name} and is {after} now, whose state is another; keep it, or '
                            'begin anew with the weights: load_from without --resume')


def described_for_model(changes: dict[str, tuple[Any, Any]]) -> str:
    """The end of a message on a model that does not fit: which of its settings have changed."""
    lines = described({key: values for key, values in changes.items() if key.startswith('model.')})
    return f'; since the checkpoint, {"; ".join(lines[:3])}' if lines else ''


def changes_schedules(changes: dict[str, tuple[Any, Any]]) -> bool:
    """Whether learning rates or their course have changed."""
    return any(key == 'train_cfg.max_epochs' or key.startswith(('param_scheduler', 'auto_scale_lr')) for key in changes)


def renew_options(saved: list[dict[str, Any]], groups: list[dict[str, Any]], name: str) -> dict[str, tuple[Any, Any]]:
    """Write the options of a new optimizer's parameter groups into those of a checkpoint, in place.

    What schedules change has its starting value in ``initial_NAME``; that is compared, and replaced.

    Returns:
        dict: the options that differ in any group, with the values of the first such group.

    Raises:
        ValueError: if the groups are not the same parameters.
    """
    if [len(group['params']) for group in saved] != [len(group['params']) for group in groups]:
        raise UserError(f'the parameter groups of checkpoint {name} are not those of this run ({len(saved)} and '
                        f'{len(groups)} groups): keep optim_wrapper.paramwise_cfg, or begin anew with the weights: load_from '
                        'without --resume')
    changed: dict[str, tuple[Any, Any]] = {}
    for old, new in zip(saved, groups, strict=True):
        if missing := sorted(_options_of(new) - _options_of(old)):
            raise UserError(f'the optimizer of checkpoint {name} has no {missing[0]}, so optim_wrapper.optimizer.type was '
                            'another; keep it, or begin anew with the weights: load_from without --resume')
        for stale in [key for key in old if key.startswith('initial_') and key not in new]:
            del old[stale]
        for option in new:
            start = f'initial_{option}'
            if option in _NO_OPTIONS or option.startswith('initial_'):
                continue
            key = start if start in new and start in old else option
            if old.get(key) != new[key] and _plain(old.get(key)) != _plain(new[key]):
                changed.setdefault(option, (old.get(key), new[key]))
                old.update({name: new[name] for name in (key, option) if name in new})
    return changed


def _options_of(group: dict[str, Any]) -> set[str]:
    return {key for key in group if key in ('momentum', 'betas', 'alpha', 'rho', 'lr_decay', 'trust_coefficient')}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _is_circumstance(key: str) -> bool:
    parts = key.split('.')
    return parts[-1] in _CIRCUMSTANCES or parts[0] == 'default_hooks' and len(parts) > 1 and parts[1] in _HOOKS


def flat_settings(value: Any, where: str = '') -> dict[str, Any]:
    """Values by dotted keys; lists of plain values stay whole."""
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, (list, tuple)) and any(isinstance(item, (dict, list, tuple)) for item in value):
        items = enumerate(value)
    else:
        return {where: list(value) if isinstance(value, tuple) else value}
    flat: dict[str, Any] = {}
    for key, item in items:
        flat |= flat_settings(item, f'{where}.{key}' if where else str(key))
    return flat
