"""Ranks and meeting place of a Slurm job, as torchrun would name them."""

import os
import subprocess

import pytest

from mmifnd.apis import UserError
from mmifnd.configuration import build_runner, load_config

SLURM = dict(SLURM_PROCID='3', SLURM_NTASKS='8', SLURM_LOCALID='1', SLURM_NODELIST='node[1-2]')
NAMED = ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_ADDR', 'MASTER_PORT')


class Started(Exception):
    pass


@pytest.fixture
def config(monkeypatch, tmp_path):
    """Of a run whose launcher is Slurm; the environment is put back."""
    for name in (*SLURM, *NAMED):
        monkeypatch.setenv(name, '')
        monkeypatch.delenv(name)
    config = load_config('configs/baselines/simclr_digits.py')
    config.launcher, config.work_dir = 'slurm', str(tmp_path)
    return config


def stop_at_the_start(*args, **kwargs):
    raise Started


@pytest.mark.parametrize('address', [None, '10.0.0.7'])
def test_ranks_of_slurm_are_named_as_torchrun_names_them(config, monkeypatch, address):
    for name, value in {**SLURM, **({'MASTER_ADDR': address} if address else {})}.items():
        monkeypatch.setenv(name, value)
    asked = []
    monkeypatch.setattr(subprocess, 'run', lambda command, **options: asked.append(command) or subprocess.CompletedProcess(
        command, 0, stdout='node1\nnode2\n'))
    monkeypatch.setattr('torch.distributed.init_process_group', stop_at_the_start)
    with pytest.raises(Started):
        build_runner(config)
    assert [os.environ[name] for name in NAMED] == ['3', '8', '1', address or 'node1', '29500']
    assert asked == ([] if address else [['scontrol', 'show', 'hostnames', 'node[1-2]']])


def test_outside_of_a_job_slurm_is_refused(config):
    with pytest.raises(UserError, match='--launcher slurm: SLURM_PROCID is not set; start with srun'):
        build_runner(config)


def test_outside_of_torchrun_its_launcher_is_refused(config):
    config.launcher = 'pytorch'
    with pytest.raises(UserError, match='--launcher pytorch: RANK is not set; start with torchrun'):
        build_runner(config)
