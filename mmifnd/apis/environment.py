"""From a config to a runner on whatever machine this is."""

import os
import sys
from datetime import timedelta

import torch
import torch.distributed as dist
from mmengine.config import Config
from mmengine.runner import Runner


def build_runner(config: Config) -> Runner:
    """A runner whose distributed wrapper leaves per-image state alone, on GPUs or, without any, on the CPU with gloo.

    mmengine's own set-up asks for a GPU whatever the backend, and gives CPU modules ``device_ids``.
    """
    on_gpu = torch.cuda.is_available()
    if config.get('launcher', 'none') != 'none':
        if not on_gpu and not dist.is_initialized():
            seconds = config.get('env_cfg', {}).get('dist_cfg', {}).get('timeout', 1800)
            dist.init_process_group('gloo', timeout=timedelta(seconds=seconds))
        config.model_wrapper_cfg = dict(
            type='MMDistributedDataParallel', broadcast_buffers=False,
            find_unused_parameters=config.get('find_unused_parameters', False), **({} if on_gpu else dict(device_ids=None)))
    if not on_gpu and int(os.environ.get('RANK', 0)) == 0:
        processes = os.environ.get('WORLD_SIZE', '1')
        print(f'no GPU was found: running on the CPU in {processes} process(es)', file=sys.stderr)
    return Runner.from_cfg(config)
