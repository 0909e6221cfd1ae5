"""Hosts that are to train one model have the same config, versions, weights and images, or the run ends."""

import hashlib
import json
import os
import re
import socket
import zipfile
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner

from mmifnd.datasets.fingerprint import PARTS, changes_between
from mmifnd.distributed import broadcast_object, gather_objects, rank, world_size
from mmifnd.engine.checkpoints.resume import describe_images
from mmifnd.engine.checkpoints.run_settings import changed_settings, flat_settings
from mmifnd.engine.loops import EpochLoop
from mmifnd.errors import UserError
from mmifnd.files import open_regular
from mmifnd.shortage import raise_shortage

from .versions import versions

#: Parts of a config that may differ between hosts, beside paths of data and the numbers of loader processes.
_OWN = ('work_dir', 'load_from', 'resume', 'launcher', 'experiment_name', 'visualizer', 'vis_backends', 'log_level', 'env_cfg',
        'model_wrapper_cfg')
_ADDRESS = re.compile(r' at 0x[0-9a-f]+')


def check_same_run(config: Config) -> None:
    """Refuse ranks whose versions, config or initial weights are not those of rank 0; all ranks must call it.

    Work directories, roots of data and what says nothing of the training may differ.

    Raises:
        UserError: on every rank, with the first rank that differs, its host, and in what.
    """
    if world_size() == 1:
        return
    settings = _settings(config)
    weights = config.get('load_from') if not config.get('resume') else None
    mine: dict[str, Any] = dict(versions=versions(), config=_digest(settings), weights=content_of(weights) if weights else '')
    first = broadcast_object(dict(mine, settings=settings))
    problem = ''
    if mine['versions'] != first['versions']:
        here, there = mine['versions'], first['versions']
        name = next(name for name in {**there, **here} if there.get(name) != here.get(name))
        problem = f'{name} is {here.get(name, "missing")}, and {there.get(name, "missing")} on rank 0; install the same ' \
                  'versions on all hosts'
    elif mine['config'] != first['config']:
        key, (before, after) = next(iter(changed_settings(first['settings'], settings).items()), ('a value', ('?', '?')))
        problem = f'{key} of the config is {after!r} and {before!r} on rank 0; start all hosts with the same config'
    elif mine['weights'] != first['weights']:
        problem = f'load_from={weights} is not the file that rank 0 begins with; copy it to all hosts'
    end_if_any(problem)


def check_same_images(runner: Runner) -> None:
    """Refuse hosts whose training images are not those of rank 0, by one rank of each; all ranks must call it.

    Raises:
        UserError: on every rank, with the first rank that differs, its host, and in what.
    """
    if world_size() == 1:
        return
    loop, mine, error = runner.train_loop, None, ''
    if isinstance(loop, EpochLoop) and int(os.environ.get('LOCAL_RANK', '0')) == 0:
        try:
            mine = describe_images(loop.dataset)
        except (OSError, ValueError) as failure:
            error = ' '.join(str(failure).split())
    first = broadcast_object(mine)
    if mine and first and not error:
        error = _other_images(mine, first)
    end_if_any(error)


def end_if_any(problem: str) -> None:
    """End every rank with the first problem of any rank, which is named with its host; all ranks must call it.

    Args:
        problem: of this rank; empty if there is none.

    Raises:
        UserError: if any rank has one.
    """
    for number, host, text in gather_objects((rank(), socket.gethostname(), problem)):
        if text:
            raise UserError(f'rank {number} on host {host}: {text}' if number else text)


def _other_images(mine: dict, first: dict) -> str:
    changes = changes_between(first, mine)
    if not changes:
        return ''
    if 'count' in changes:
        what = f'{mine["count"]} instead of {first["count"]}'
    else:
        what = ', '.join(PARTS.get(part, 'the same ones in another order') for part in changes)
    return f'the training images are not those of rank 0 ({what}); let all hosts read the same data'


def content_of(path: str | Path | None) -> str:
    """Names, sizes and checksums of all parts of a checkpoint, as one digest; empty if there is nothing to read."""
    try:
        with open_regular(path or '') as file, zipfile.ZipFile(file) as archive:
            parts = [(entry.filename.partition('/')[2], entry.file_size, entry.CRC) for entry in archive.infolist()]
    except Exception as error:  # of a damaged archive, zipfile raises anything
        raise_shortage(error)
        return ''
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _settings(config: Config) -> str:
    """What the config says of the training, as JSON by dotted keys; the same in any process."""
    parts: dict[str, Any] = {key: value for key, value in config.to_dict().items() if key not in _OWN}
    return _ADDRESS.sub('', json.dumps(flat_settings(parts), sort_keys=True, default=repr))


def _digest(settings: str) -> str:
    return hashlib.sha256(json.dumps(changed_settings('{}', settings), sort_keys=True).encode()).hexdigest()
