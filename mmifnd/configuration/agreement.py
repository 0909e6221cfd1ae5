"""What a run goes on from: rank 0 decides, and every rank sees the same file, or the run ends."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

from mmengine.config import Config

from mmifnd.checkpoint_file import damage_of
from mmifnd.distributed import broadcast_object, gather_objects, is_main, rank
from mmifnd.engine.checkpoints.latest_checkpoint import newest_sound_checkpoint
from mmifnd.errors import UserError

from .same_run import content_of

_REMEDY = 'let all hosts share the work directory, or copy it from the host of rank 0 to each of them'


def settle_checkpoint(config: Config, report: Callable[[str], None]) -> None:
    """Set ``resume`` and ``load_from`` of ``config``: the named checkpoint, or the newest sound one of the work directory.

    All ranks must call it, once they can talk to each other.

    Args:
        config: a config with ``resume=True``; ``resume`` becomes False if there is no checkpoint to go on from.
        report: called on rank 0 with each line that the user should read.

    Raises:
        UserError: on every rank, if the checkpoint is damaged, or some rank does not have the file that rank 0 has.
    """
    error = None
    choice = None
    if is_main():
        try:
            choice = _choose(config, report)
        except UserError as refusal:
            error = str(refusal)
    choice = broadcast_object(choice)
    mine = error or _difference(config, choice)
    answers = gather_objects((rank(), socket.gethostname(), mine, content_of(_path(config, choice))))
    _compare(answers)
    config.resume, config.load_from = choice is not None, choice and str(_path(config, choice))


def _choose(config: Config, report: Callable[[str], None]) -> str | None:
    """The path that was given, or the name of a file in the work directory; None if the training begins anew."""
    if config.get('load_from'):
        damage = damage_of(config.load_from)
        if damage:
            raise UserError(damage)
        return str(config.load_from)
    newest = newest_sound_checkpoint(config.work_dir, report)
    if newest is None:
        report(f'--resume: no checkpoint in {config.work_dir}; the training begins anew')
    return None if newest is None else str(newest) if newest.parent != Path(config.work_dir) else newest.name


def _path(config: Config, choice: str | None) -> Path | None:
    if choice is None:
        return None
    return Path(choice) if config.get('load_from') else Path(config.work_dir) / choice


def _difference(config: Config, choice: str | None) -> str:
    """What speaks against rank 0's choice on this rank, in a line; empty if nothing does."""
    path = _path(config, choice)
    if is_main():
        return ''
    if path is None:
        others = sorted(other.name for other in Path(config.work_dir).glob('*_*.pth'))
        return f'{config.work_dir} holds {others[-1]}, and rank 0 finds no checkpoint there; {_REMEDY}' if others else ''
    if not path.is_file():
        return f'{path} does not exist, and rank 0 goes on from it; {_REMEDY}'
    return damage_of(path) if int(os.environ.get('LOCAL_RANK', '0')) == 0 else ''


def _compare(answers: list[tuple[int, str, str, str]]) -> None:
    expected = answers[0][3]
    for number, host, problem, content in answers:
        if problem:
            raise UserError(problem if number == 0 else f'rank {number} on host {host}: {problem}')
        if content != expected:
            raise UserError(f'rank {number} on host {host}: the checkpoint differs from the file of the same name on rank 0, '
                            f'host {answers[0][1]}; {_REMEDY}')
