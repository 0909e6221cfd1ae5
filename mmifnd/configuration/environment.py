"""From a config to a runner on whatever machine this is."""

import os
import subprocess
import sys
from datetime import timedelta

import torch
import torch.distributed as dist
from mmengine.config import Config
from mmengine.runner import Runner

from mmifnd.engine.checkpoints.latest_checkpoint import damage_of, newest_sound_checkpoint
from mmifnd.errors import UserError


def build_runner(config: Config) -> Runner:
    """A runner whose distributed wrapper leaves per-image state alone, on GPUs or, without any, on the CPU with gloo.

    mmengine's own set-up asks for a GPU whatever the backend, and gives CPU modules ``device_ids``. Where ``resume`` is set
    without ``load_from``, the newest checkpoint of the work directory that is not damaged is taken.

    Raises:
        UserError: where the checkpoint to resume from is damaged, or torchrun or Slurm is to launch and has not.
    """
    on_gpu = torch.cuda.is_available()
    if config.get('launcher') == 'slurm':
        _take_ranks_of_slurm()
    if config.get('launcher') == 'pytorch' and 'RANK' not in os.environ:
        raise UserError('--launcher pytorch: RANK is not set; start with torchrun, as tools/dist_train.sh does')
    if config.get('launcher', 'none') != 'none':
        if not on_gpu and not dist.is_initialized():
            seconds = config.get('env_cfg', {}).get('dist_cfg', {}).get('timeout', 1800)
            dist.init_process_group('gloo', timeout=timedelta(seconds=seconds))
        config.model_wrapper_cfg = dict(
            type='MMDistributedDataParallel', broadcast_buffers=False,
            find_unused_parameters=config.get('find_unused_parameters', False), **({} if on_gpu else dict(device_ids=None)))
    if not on_gpu:
        _say(f'no GPU was found: running on the CPU in {os.environ.get("WORLD_SIZE", "1")} process(es)')
    if config.get('resume'):
        _settle_checkpoint(config)
    return Runner.from_cfg(config)


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


def _settle_checkpoint(config: Config) -> None:
    """Name the checkpoint to resume from, or begin anew where there is none."""
    if config.get('load_from'):
        damage = damage_of(config.load_from)
        if damage:
            raise UserError(damage)
        return
    found = newest_sound_checkpoint(config.work_dir, _say)
    if found is None:
        _say(f'--resume: no checkpoint in {config.work_dir}; the training begins anew')
    config.resume, config.load_from = found is not None, found and str(found)


def _say(line: str) -> None:
    if int(os.environ.get('RANK', '0')) == 0:
        print(line, file=sys.stderr)
