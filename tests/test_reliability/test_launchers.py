"""Several hosts, and Slurm: tried with two "hosts" on this machine, and with an srun of our own."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mmifnd.apis import UserError
from mmifnd.configuration import build_runner, load_config

ROOT = Path(__file__).resolve().parents[2]
CONFIG = 'configs/ifnd/ifnd_moco_digits.py'
OPTIONS = ['--cfg-options', 'train_cfg.max_epochs=3', 'train_dataloader.batch_size=128', 'default_hooks.checkpoint.interval=3']
#: Rank 1 is killed in the second epoch, once.
RESTARTED = '''_base_ = ['{base}']
custom_imports = dict(imports=['fault_injection_parts'])
train_cfg = dict(max_epochs=3)
train_dataloader = dict(batch_size=128)
model = dict(backbone=dict(widths=(4, 8)), neck=dict(in_channels=8))
default_hooks = dict(
    checkpoint=dict(interval=1), fault=dict(type='FaultHook', kind='killed', rank=1, step=8, noted='{noted}'))
'''
SRUN = '''#!/usr/bin/env bash
# Starts every task of this "cluster" here, and leaves out the options of Slurm.
while [[ "$1" == -* ]]; do case "$1" in -p) shift 2;; --ntasks=*) tasks="${1#*=}"; shift;; *) shift;; esac; done
for ((task = 0; task < tasks; task++)); do
    SLURM_PROCID=$task SLURM_LOCALID=$task SLURM_NTASKS=$tasks SLURM_NODELIST=here "$@" & pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || exit 1; done
'''


@pytest.fixture
def environment():
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = str(free.getsockname()[1])
    return dict(os.environ, PYTHON=sys.executable, PORT=port, MASTER_PORT=port, MASTER_ADDR='127.0.0.1', OMP_NUM_THREADS='1')


def started(command, environment, **kwargs):
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            **dict(dict(cwd=ROOT), **kwargs))


def trained(folder, output):
    checkpoint = torch.load(folder / 'epoch_3.pth', weights_only=True)
    assert len(checkpoint['rank_states']) == 2 and checkpoint['meta']['progress']['global_batch'] == 256, output
    return checkpoint['state_dict']


def test_a_taken_port_is_one_line(environment):
    with socket.socket() as other:
        other.bind(('127.0.0.1', int(environment['PORT'])))
        other.listen()
        run = started(['bash', 'tools/dist_train.sh', CONFIG, '2'], environment)
        output = run.communicate(timeout=60)[0]
    assert run.returncode == 2
    assert output == (f'error: port {environment["PORT"]} is taken, perhaps by another run; choose another one: PORT=29501 '
                      'before the command\n')


@pytest.mark.slow
def test_a_killed_rank_is_started_again_and_the_run_goes_on_to_its_end(tmp_path, environment):
    (tmp_path / 'config.py').write_text(RESTARTED.format(base=ROOT / CONFIG, noted=tmp_path / 'killed'))
    environment |= dict(MAX_RESTARTS='1', PYTHONPATH=f'{ROOT / "tools/reliability"}{os.pathsep}{environment["PYTHONPATH"]}')
    run = started(['bash', str(ROOT / 'tools/dist_train.sh'), 'config.py', '2', '--work-dir', 'run'], environment,
                  cwd=tmp_path)  # where the hook notes its ranks
    output = run.communicate(timeout=500)[0]
    assert (tmp_path / 'killed').is_file() and run.returncode == 0, output
    assert 'restart 1 of 1 after a failure: going on from epoch_1.pth' in output
    assert torch.load(tmp_path / 'run/epoch_3.pth', weights_only=True)['meta']['epoch'] == 3
    epochs = [json.loads(line)['epoch'] for line in (tmp_path / 'run/false_negatives/history.jsonl').read_text().splitlines()]
    assert epochs == [1, 2]  # clusterings, each once


@pytest.mark.slow
def test_two_hosts_train_as_one(tmp_path, environment):
    def run(name, processes, **variables):
        return started(['bash', 'tools/dist_train.sh', CONFIG, str(processes), '--work-dir', str(tmp_path / name), *OPTIONS],
                       dict(environment, **variables))

    hosts = [run('hosts', 1, NNODES='2', NODE_RANK=str(rank)) for rank in range(2)]
    outputs = [host.communicate(timeout=500)[0] for host in hosts]
    assert [host.returncode for host in hosts] == [0, 0], outputs
    one = run('one', 2)
    output = one.communicate(timeout=500)[0]
    assert one.returncode == 0, output
    first, second = trained(tmp_path / 'hosts', outputs[0]), trained(tmp_path / 'one', output)
    assert all(value.equal(second[name]) for name, value in first.items())


@pytest.mark.slow
def test_slurm(tmp_path, environment):
    (tmp_path / 'srun').write_text(SRUN)
    (tmp_path / 'srun').chmod(0o755)
    run = started(['bash', 'tools/slurm_train.sh', 'gpu', 'name', CONFIG, str(tmp_path / 'run'), *OPTIONS], dict(
        environment, GPUS='2', GPUS_PER_NODE='2', PATH=f'{tmp_path}:{os.environ["PATH"]}'))
    output = run.communicate(timeout=500)[0]
    assert run.returncode == 0, output
    trained(tmp_path / 'run', output)


def test_slurm_without_srun_is_told_so(monkeypatch):
    monkeypatch.delenv('SLURM_PROCID', raising=False)
    config = load_config(CONFIG)
    config.launcher = 'slurm'
    with pytest.raises(UserError, match='--launcher slurm: SLURM_PROCID is not set; start with srun, as tools/slurm_train.sh'):
        build_runner(config)
