"""What a run leaves of its config, and of each of its starts."""

import json
import os.path as osp
import re
import shlex
import sys
import time
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner

from mmifnd.files import append_line, remove_partials
from mmifnd.records.names import RECORD_FILES, RUN_FILES, STARTS, folder_of

from ..config_text import text_of
from .checkpoint_format import AtomicFileBackend


def keep_config(runner: Runner) -> None:
    """Write the config of a run into its work directory, without the state of the run, and never over the config's own file.

    mmengine writes ``resume=True`` and the checkpoint that is resumed into the config, so that a later run of that file would
    go on from a checkpoint that may be gone. Here each start is a line of :data:`STARTS`.
    """
    source, folder = runner.cfg.filename, Path(runner.work_dir)
    target = kept_config(runner)
    if not (source and osp.exists(source) and osp.exists(target) and osp.samefile(source, target)):
        AtomicFileBackend().put_text(text_of(lasting(runner.cfg)), target)
    checkpoint = runner.cfg.get('load_from')
    start = dict(started=time.strftime('%Y-%m-%d %H:%M:%S'), resumed=bool(runner.cfg.get('resume')),
                 checkpoint=None if checkpoint is None else str(checkpoint), log=runner.timestamp,
                 command=shlex.join(sys.argv))
    append_line(folder / STARTS, json.dumps(start))


def kept_config(runner: Runner) -> Path:
    """Where the config of a run is kept."""
    source = runner.cfg.filename
    return Path(runner.work_dir) / (osp.basename(source) if source else f'{runner.timestamp}.py')


def clear_partials(runner: Runner, checkpoints: str | Path) -> None:
    """Remove what kills have left half-written of the files of a run, whose checkpoints are in the folder ``checkpoints``."""
    remove_partials(checkpoints, RUN_FILES)
    remove_partials(runner.work_dir, f'{RUN_FILES}|{re.escape(kept_config(runner).name)}')
    remove_partials(folder_of(runner.work_dir), RECORD_FILES)


def lasting(config: Config) -> Config:
    """``config`` as a run that begins anew would have it."""
    kept = Config(config.to_dict())
    if kept.get('resume'):
        kept.resume, kept.load_from = False, None
    return kept
