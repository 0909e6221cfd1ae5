"""A training that torchrun has started again, after a rank has failed, goes on by itself from what it had saved."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from mmengine.config import Config

from mmifnd.distributed import broadcast_object, is_main
from mmifnd.engine.checkpoints.checkpoint_format import AtomicFileBackend
from mmifnd.engine.checkpoints.latest_checkpoint import newest_sound_checkpoint
from mmifnd.errors import UserError
from mmifnd.foreign import read_json
from mmifnd.shortage import ShortageError

#: Which checkpoints were in the folder before the training that is started again began.
BEFORE = 'before_restarts.json'


def note_checkpoints(folder: str | Path) -> None:
    """Note the checkpoints of earlier trainings at the first start under torchrun's ``--max-restarts``; rank 0 calls it."""
    if restarts() == 0 and int(os.environ.get('TORCHELASTIC_MAX_RESTARTS', '0')) > 0:
        AtomicFileBackend().put_text(json.dumps(sorted(_marks(folder))), Path(folder) / BEFORE)


def resume_after_restart(config: Config, report: Callable[[str], None]) -> None:
    """Set ``resume`` and ``load_from`` of a training that was started again; all ranks must call it.

    It goes on from the newest sound checkpoint that it has written itself. If it has written none, it begins as it was told to.
    """
    if restarts() == 0:
        return
    newest, line = None, ''
    if is_main():
        newest, line = _newest(config, report)
    if broadcast_object(newest is not None):
        config.resume, config.load_from = True, None
    if line:
        report(line)


def restarts() -> int:
    """How often torchrun has started the ranks again."""
    return int(os.environ.get('TORCHELASTIC_RESTART_COUNT', '0'))


def _newest(config: Config, report: Callable[[str], None]) -> tuple[Path | None, str]:
    before = set() if config.get('resume') and not config.get('load_from') else _noted(config.work_dir)
    written = [name for name, mark in _named_marks(config.work_dir) if mark not in before]
    begins = f'restart {restarts()} of {os.environ.get("TORCHELASTIC_MAX_RESTARTS", "?")} after a failure'
    if not written:
        return None, f'{begins}: no checkpoint was written, so the training begins again'
    try:
        newest = newest_sound_checkpoint(config.work_dir, report)
    except UserError:
        newest = None
    if newest is None or newest.name not in written:
        return None, f'{begins}: no checkpoint that was written can be read, so the training begins again'
    return newest, f'{begins}: going on from {newest.name}'


def _noted(folder: str | Path) -> set[str]:
    try:
        marks = read_json(Path(folder) / BEFORE)
    except ShortageError:
        raise
    except (OSError, ValueError):
        return set()
    return {mark for mark in marks if isinstance(mark, str)} if isinstance(marks, list) else set()


def _marks(folder: str | Path) -> set[str]:
    return {mark for _, mark in _named_marks(folder)}


def _named_marks(folder: str | Path) -> Iterator[tuple[str, str]]:
    """Each checkpoint with a text that changes when the file is replaced."""
    for path in Path(folder).glob('*_*.pth'):
        status = path.stat()
        yield path.name, f'{path.name} {status.st_ino} {status.st_size} {status.st_mtime_ns}'
