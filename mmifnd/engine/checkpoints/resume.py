"""Resuming from a checkpoint: what each rank knows, the position in the epoch, and whether the data is the same."""

import warnings
from typing import Any

import torch
from torch import nn

from mmifnd.datasets.fingerprint import changes_between
from mmifnd.distributed import rank, world_size
from mmifnd.errors import UserError
from mmifnd.image_table import ImageTable
from mmifnd.models.frameworks.key_queue import KeyQueue
from mmifnd.parts import KeepsRankState, KnowsImages, TakesPseudoLabels

from ..batch_norm import batch_statistics, set_batch_statistics
from .random_state import random_state
from .ranges import check_optimizer
from .run_settings import changed_settings, changes_schedules, check_changes, described, renew_options, settings_of

CHANGED_DATA = ('refuse', 'restart_image_state')


# --- what differs between ranks -----------------------------------------------------------------------------------------


def rank_state(runner) -> dict:
    """The state that this rank alone knows, in host memory: it is sent to rank 0, which writes it.

    It holds generators, batch statistics, gradients that wait for more steps before an update, and what hooks have gathered
    since they last used it.

    A hook takes part by deriving from :class:`mmifnd.parts.KeepsRankState`.
    """
    hooks = {type(hook).__name__: hook.rank_state() for hook in runner.hooks if isinstance(hook, KeepsRankState)}
    return _on_host(dict(random=random_state(), batch_statistics=batch_statistics(runner.model),
                         gradients=_waiting_gradients(runner), hooks=hooks))


def _on_host(value: Any) -> Any:
    """A nested value whose tensors are in host memory."""
    if isinstance(value, torch.Tensor):
        return value.cpu()
    if isinstance(value, dict):
        return {key: _on_host(part) for key, part in value.items()}
    return type(value)(map(_on_host, value)) if type(value) in (list, tuple) else value


def load_rank_states(runner, states: list[dict]) -> None:
    """Hand out the :func:`rank_state` of all ranks; on another number of ranks, statistics and gradients are averaged."""
    number, world = rank(), world_size()
    if number < len(states):
        runner.train_loop.random_state = states[number]['random']
    sources = [states[number]] if world == len(states) else states
    _set_gradients(runner, [state.get('gradients', []) for state in sources])
    if world == len(states):
        set_batch_statistics(runner.model, states[number]['batch_statistics'])
    else:
        set_batch_statistics(runner.model, torch.stack([state['batch_statistics'] for state in states]).mean(dim=0))
    for hook in runner.hooks:
        if isinstance(hook, KeepsRankState):
            name = type(hook).__name__
            hook_states = [state['hooks'][name] for state in states if name in state['hooks']]
            if hook_states:
                hook.load_rank_states(hook_states)


def _waiting_gradients(runner) -> list[torch.Tensor | None]:
    """One a parameter; empty if the last step ended with an update."""
    if runner.optim_wrapper.should_update():
        return []
    return [None if parameter.grad is None else parameter.grad.cpu() for parameter in runner.model.parameters()]


def _set_gradients(runner, states: list[list[torch.Tensor | None]]) -> None:
    for parameter, *gradients in zip(runner.model.parameters(), *states):
        if gradients[0] is not None:
            parameter.grad = torch.empty_like(parameter).copy_(torch.stack(gradients).mean(dim=0))  # in the weights' layout


# --- where the epoch stands ---------------------------------------------------------------------------------------------


def progress_of(loop, epoch: int, step: int) -> dict[str, int]:
    """Position of step ``step`` of the training within epoch ``epoch``, in images; images per step and steps per epoch."""
    steps = len(loop.dataloader)
    return dict(images=(step - epoch * steps) * global_batch(loop), global_batch=global_batch(loop), steps=steps)


def global_batch(loop) -> int:
    """Images of a step on all processes."""
    return loop.dataloader.batch_size * world_size()


def adapt_progress(runner, checkpoint: dict, same_images: bool) -> None:
    """Translate the position of a checkpoint, in place, to the steps of this run.

    Where an epoch has another number of steps now, schedules of single steps are made anew (:func:`replay_schedules`).
    """
    meta, loop = checkpoint['meta'], runner.train_loop
    noted, now = meta.get('progress'), progress_of(loop, 0, 0)
    if noted is None or same_images and (noted['global_batch'], noted['steps']) == (now['global_batch'], now['steps']):
        return
    done, again = divmod(noted['images'] if same_images else 0, now['global_batch'])
    meta['iter'] = meta['epoch'] * now['steps'] + min(done, now['steps'])
    checkpoint.pop('param_schedulers', None)
    loop.replays_schedules = True
    text = (f'a step had {noted["global_batch"]} images and has {now["global_batch"]} now, an epoch {noted["steps"]} steps '
            f'and {now["steps"]} now: going on after step {done} of the epoch')
    if again:
        text += f'; {noted["images"]} images were seen, which is no multiple of {now["global_batch"]}: {again} come again'
    runner.logger.warning(text)


def changes_since(checkpoint: dict, config: dict, name: str) -> dict | None:
    """Settings that have changed since a checkpoint was written, with both values; None if it does not say.

    Raises:
        UserError: if a change cannot take effect on its state.
    """
    noted = checkpoint['meta'].get('settings')
    if noted is None:
        return None
    changes = changed_settings(noted, settings_of(config))
    check_changes(changes, name)
    return changes


def adapt_settings(runner, checkpoint: dict, changes: dict | None, name: str) -> bool:
    """Let what this run is set to take effect on a checkpoint, in place, and log what has changed.

    Args:
        runner: of this run.
        checkpoint: to go on from.
        changes: see :func:`changes_since`.
        name: of the file.

    Returns:
        bool: whether the schedules have to be made anew (:func:`replay_schedules`).

    Raises:
        UserError: if a change cannot take effect, or the training was longer than this run is.
    """
    epoch, last = checkpoint['meta']['epoch'], runner.train_loop.max_epochs
    if epoch > last:
        raise UserError(f'checkpoint {name} has trained {epoch} epochs, and train_cfg.max_epochs={last}; train for more')
    if changes is None:
        runner.logger.warning(f'checkpoint {name} does not say for how many epochs it was made: the schedules go on as they '
                              'were')
    changes, renewed = changes or {}, {}
    if 'optimizer' in checkpoint:
        optimizer = runner.optim_wrapper.optimizer  # the groups of the wrapper have one more, of mmengine's own
        check_optimizer(optimizer, checkpoint['optimizer'], name)
        renewed = renew_options(checkpoint['optimizer']['param_groups'], optimizer.param_groups, name)
        changes = {key: values for key, values in changes.items() if key.rpartition('.')[2] not in renewed}
        changes |= {f'optim_wrapper.optimizer.{option}': values for option, values in renewed.items()}
    for line in described(changes):
        runner.logger.warning(f'since the checkpoint: {line}')
    if not changes_schedules(changes) and 'lr' not in renewed:
        return False
    checkpoint.pop('param_schedulers', None)
    return True


def replay_schedules(runner) -> None:
    """Make the schedules anew and let them run to where the training stands, in the steps of this run."""
    for group in runner.optim_wrapper.param_groups:
        group.update({name.removeprefix('initial_'): value for name, value in group.items() if name.startswith('initial_')})
    runner.param_schedulers = runner.build_param_scheduler(runner.cfg.get('param_scheduler') or [])
    steps = len(runner.train_dataloader)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of steps of a schedule without those of the optimizer
        for step in range(1, runner.iter + 1):
            for scheduler in runner.param_schedulers:
                if not scheduler.by_epoch or step % steps == 0:
                    scheduler.step()


# --- whether the images are the same ------------------------------------------------------------------------------------


def describe_images(dataset) -> dict:
    """Number, order and fingerprints of the training images; computed once per data set."""
    if not hasattr(dataset, 'known_images'):
        dataset.known_images = dataset.description()
    return dataset.known_images


def changed_images(noted: dict, now: dict, framework: nn.Module) -> tuple[str, str]:
    """What has changed between two :func:`describe_images`, in words: what the training uses, and what it does not.

    Labels and groups matter only to a framework that uses them.
    """
    unused = {part for part in ('labels', 'groups') if not getattr(framework, f'uses_{part}')}
    changes = changes_between(noted, now)
    return tuple('; '.join(text for part, text in changes.items() if (part in unused) is is_unused)
                 for is_unused in (False, True))


def restart_image_state(framework: nn.Module, checkpoint: dict) -> None:
    """Replace, in place, all that a checkpoint holds of single images by what ``framework`` begins with."""
    initial, saved = framework.state_dict(), checkpoint['state_dict']
    for path, part in framework.named_modules():
        if isinstance(part, (ImageTable, KeyQueue, KnowsImages, TakesPseudoLabels)):
            for name, buffer in part.named_buffers(prefix=path, recurse=False):
                if buffer.dim() and name in initial:
                    saved[name] = initial[name].clone()
