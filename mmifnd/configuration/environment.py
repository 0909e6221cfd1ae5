"""The way from a config to a runner on any machine."""

import multiprocessing
import os
import subprocess
import sys
from datetime import timedelta

import torch
import torch.distributed as dist
from mmengine.config import Config
from mmengine.dist import init_dist
from mmengine.runner import Runner

from mmifnd.engine.runner import QuietRunner
from mmifnd.errors import UserError

from .agreement import settle_checkpoint


def build_runner(config: Config) -> Runner:
    """A runner whose distributed wrapper leaves per-image state alone, on GPUs or, without any, on the CPU with gloo.

    mmengine's own set-up asks for a GPU whatever the backend, and gives CPU modules ``device_ids``. Where ``resume`` is set
    without ``load_from``, the newest checkpoint of the work directory that is not damaged is taken.

    Raises:
        UserError: if the checkpoint to resume from is damaged or differs between ranks, or torchrun
            or Slurm is to launch and has not.
    """
    on_gpu = torch.cuda.is_available()
    if config.get('launcher') == 'slurm':
        _take_ranks_of_slurm()
    if config.get('launcher') == 'pytorch' and 'RANK' not in os.environ:
        raise UserError('--launcher pytorch: RANK is not set; start with torchrun, as tools/dist_train.sh does')
    if config.get('launcher', 'none') != 'none':
        if not dist.is_initialized():
            _join_ranks(config, on_gpu)
        config.model_wrapper_cfg = dict(
            type='MMDistributedDataParallel', broadcast_buffers=False,
            find_unused_parameters=config.get('find_unused_parameters', False), **({} if on_gpu else dict(device_ids=None)))
    if not on_gpu:
        _say(f'no GPU was found: running on the CPU in {os.environ.get("WORLD_SIZE", "1")} process(es)')
    if config.get('resume'):
        settle_checkpoint(config, _say)
    return QuietRunner.from_cfg(config)


def _join_ranks(config: Config, on_gpu: bool) -> None:
    """Let the ranks talk before mmengine would: they compare what they are to go on from."""
    options = dict(config.get('env_cfg', {}).get('dist_cfg', {}))
    if on_gpu:
        multiprocessing.set_start_method(config.get('env_cfg', {}).get('mp_cfg', {}).get('mp_start_method', 'fork'), force=True)
        init_dist(config.launcher, **{'backend': 'nccl', **options})
    else:
        dist.init_process_group('gloo', timeout=timedelta(seconds=options.get('timeout', 1800)))


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
