"""The way from a config to a runner on any machine."""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from mmengine.config import Config
from mmengine.dist import init_dist
from mmengine.runner import Runner

from mmifnd.console import lasting
from mmifnd.distributed import broadcast_object, is_main, wait_for_all
from mmifnd.engine.hooks import LockHook, WatchHook
from mmifnd.engine.runner import QuietRunner
from mmifnd.errors import UserError
from mmifnd.places import check_places
from mmifnd.ranks import current_watch, meet, start_watch, stop_watch, store_of_launcher
from mmifnd.records.names import RECORD_FILES, RUN_FILES, folder_of
from mmifnd.records.run_lock import RunLock, locked

from .agreement import settle_checkpoint
from .restarts import note_checkpoints, resume_after_restart
from .same_run import check_same_images, check_same_run

#: Seconds without progress that are a hang, unless ``env_cfg.dist_cfg.timeout`` says otherwise.
TIMEOUT = 600
#: Seconds in which all ranks must have started, where torchrun may start them again.
MEETING = 600.
#: How much longer collectives wait than the watch, which knows more.
_LATER = 1.2


@lasting()
def build_runner(config: Config) -> Runner:
    """A runner whose distributed wrapper leaves per-image state alone, on GPUs or, without any, on the CPU with gloo.

    mmengine's own set-up asks for a GPU whatever the backend, and gives CPU modules ``device_ids``. Where ``resume`` is set
    without ``load_from``, the newest checkpoint of the work directory that is not damaged is taken.

    Raises:
        UserError: if config, data, versions or the checkpoint to resume from differ between ranks or the latter is damaged, or
            torchrun or Slurm is to launch and has not.
    """
    on_gpu = torch.cuda.is_available()
    join_ranks(config)
    if config.get('launcher', 'none') != 'none':
        config.model_wrapper_cfg = dict(
            type='MMDistributedDataParallel', broadcast_buffers=False,
            find_unused_parameters=config.get('find_unused_parameters', False), **({} if on_gpu else dict(device_ids=None)))
    if not on_gpu:
        _say(f'no GPU was found: running on the CPU in {os.environ.get("WORLD_SIZE", "1")} process(es)')
    check_same_run(config)
    if config.get('resume'):
        settle_checkpoint(config, _say)
    runner = QuietRunner.from_cfg(config)
    watch = current_watch()
    if watch is not None:
        runner.register_hook(WatchHook(watch))
    return runner


@contextmanager
def training_run(config: Config, take_over: bool = False) -> Iterator[Runner]:
    """A runner that holds the lock of its work directory, and whose ranks watch over each other, until the block ends.

    A run that torchrun has started again goes on from its last checkpoint.

    Args:
        config: as for :func:`build_runner`.
        take_over: take the work directory even if another run holds it.

    Raises:
        UserError: as :func:`build_runner`, or if another run holds the work directory.
    """
    join_ranks(config)
    with lasting(), _locked_by_main(config.work_dir, take_over) as lock:
        if is_main():
            note_checkpoints(config.work_dir)
        resume_after_restart(config, _say)
        runner = build_runner(config)
        if lock is not None:
            runner.register_hook(LockHook(lock))
        check_same_images(runner)
        yield runner
        stop_watch()


@contextmanager
def _locked_by_main(folder: str, take_over: bool) -> Iterator[RunLock | None]:
    """Rank 0 holds the lock, and every rank ends if it cannot, or if something stands in the place of a file of the run."""
    if not is_main():
        wait_for_all()  # another host may be watched for its heartbeat
        refusal = broadcast_object(None)
        if refusal:
            raise UserError(refusal)
        yield None
        return
    with ExitStack() as stack:
        refusal = None
        try:
            lock = stack.enter_context(locked(folder, take_over))
            check_places(folder, RUN_FILES)
            check_places(folder_of(folder), RECORD_FILES)
        except UserError as error:
            refusal = str(error)
        wait_for_all()
        broadcast_object(refusal)
        if refusal:
            raise UserError(refusal)
        yield lock


def join_ranks(config: Config) -> None:
    """Let the ranks that the launcher has started talk to each other, and watch over each other; once per process.

    Raises:
        UserError: if torchrun or Slurm is to launch and has not.
    """
    launcher = config.get('launcher', 'none')
    if launcher == 'slurm':
        _take_ranks_of_slurm()
    if launcher == 'pytorch' and 'RANK' not in os.environ:
        raise UserError('--launcher pytorch: RANK is not set; start with torchrun, as tools/dist_train.sh does')
    if launcher != 'none' and not dist.is_initialized():
        seconds = config.get('env_cfg', {}).get('dist_cfg', {}).get('timeout', TIMEOUT)
        meeting: dict[str, Any] = {}
        prefix = ''
        if int(os.environ.get('TORCHELASTIC_MAX_RESTARTS', '0')):
            place = dict(rank=int(os.environ['RANK']), world_size=int(os.environ['WORLD_SIZE']))
            store = store_of_launcher(MEETING, is_new_server=True)
            prefix = meet(store, place['rank'], place['world_size'], MEETING)
            meeting = dict(place, store=dist.PrefixStore(prefix, store))
        _join(config, torch.cuda.is_available(), seconds * _LATER, meeting)
        start_watch(seconds, prefix)


def _join(config: Config, on_gpu: bool, seconds: float, meeting: dict[str, Any]) -> None:
    """Let the ranks talk before mmengine would: they compare what they are to do."""
    options = dict(config.get('env_cfg', {}).get('dist_cfg', {}), timeout=seconds, **meeting)
    if on_gpu:
        multiprocessing.set_start_method(config.get('env_cfg', {}).get('mp_cfg', {}).get('mp_start_method', 'fork'), force=True)
        init_dist(config.launcher, **{'backend': 'nccl', **options})
    else:
        dist.init_process_group('gloo', timeout=timedelta(seconds=seconds), **meeting)


def _take_ranks_of_slurm() -> None:
    """Name ranks and meeting place as torchrun does; mmengine would do it later, and for GPUs only."""
    names = dict(RANK='SLURM_PROCID', WORLD_SIZE='SLURM_NTASKS', LOCAL_RANK='SLURM_LOCALID')
    missing = [name for name in names.values() if name not in os.environ]
    if missing:
        raise UserError(f'--launcher slurm: {missing[0]} is not set; start with srun, as tools/slurm_train.sh does')
    os.environ.update({name: os.environ[slurm] for name, slurm in names.items()})
    os.environ.setdefault('MASTER_PORT', '29500')
    if 'MASTER_ADDR' not in os.environ:
        hosts = subprocess.run(['scontrol', 'show', 'hostnames', os.environ.get('SLURM_NODELIST', '')], capture_output=True,
                               text=True, check=True).stdout.split()
        os.environ['MASTER_ADDR'] = hosts[0]


def _say(line: str) -> None:
    if int(os.environ.get('RANK', '0')) == 0:
        print(line, file=sys.stderr)
