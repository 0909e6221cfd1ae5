"""A recipe of CC3M on shards and two processes, cut to tiny towers by options: killed, resumed, the same bytes."""

import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
from shard_files import TINY_OPTIONS, write_shards

ROOT = Path(__file__).resolve().parents[2]
RECIPE = 'configs/clip/sogclr_glofnd_groups_rn50_8xb128-coslr_37e_cc3m.py'
EPOCHS, PAIRS, BATCH = 3, 48, 4
STEPS = 3 * PAIRS // (2 * BATCH)  # of an epoch on two processes
OPTIONS = {
    **TINY_OPTIONS, 'train_dataloader.batch_size': BATCH, 'train_dataloader.num_workers': 1, 'train_cfg.max_epochs': EPOCHS,
    'param_scheduler.0.end': STEPS, 'param_scheduler.1.begin': STEPS, 'optim_wrapper.optimizer.lr': 0.01,
    'model.head.detector.detectors.learned.start_epoch': 1, 'model.head.detector.detectors.learned.alpha': 0.2,
    'default_hooks.checkpoint.interval_iters': 2, 'default_hooks.checkpoint.max_keep_ckpts': 4,
    'randomness.deterministic': True}


@pytest.fixture
def shards(tmp_path):
    if find_spec('open_clip') is None:
        pytest.skip('the recipe needs open_clip')
    return write_shards(tmp_path / 'shards', 3, PAIRS)


def start(shards, work_dir, port, *arguments):
    """Two processes, each of which can be killed: a launcher's workers would live on."""
    options = [f'{key}={value}' for key, value in {
        **OPTIONS, **{f'{loader}_dataloader.dataset.data_root': shards for loader in ('train', 'test')}}.items()]
    command = [sys.executable, 'tools/train.py', RECIPE, '--launcher', 'pytorch', '--work-dir', str(work_dir), *arguments,
               '--cfg-options', *options]
    ranks = [dict(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE='2', MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port),
                  OMP_NUM_THREADS='1') for rank in range(2)]
    with open(f'{work_dir}.log', 'a') as log:
        return [subprocess.Popen(command, cwd=ROOT, env={**os.environ, **rank}, stdout=subprocess.DEVNULL, stderr=log)
                for rank in ranks]


def finished(processes, work_dir):
    assert [process.wait(timeout=900) for process in processes] == [0, 0], Path(f'{work_dir}.log').read_text()[-3000:]


def kill_when(processes, condition):
    """SIGKILL for both processes as soon as ``condition`` holds."""
    while all(process.poll() is None for process in processes) and not condition():
        time.sleep(0.005)
    for process in processes:
        process.kill()
    for process in processes:
        process.wait()


def is_within_second_epoch(work_dir):
    """Whether a checkpoint of one of its steps is there."""
    return any(STEPS < int(path.stem.removeprefix('iter_')) < 2 * STEPS for path in work_dir.glob('iter_*.pth'))


@pytest.mark.slow
def test_a_killed_run_ends_as_one_that_was_not(shards, tmp_path):
    whole, parts = tmp_path / 'whole', tmp_path / 'parts'
    finished(start(shards, whole, 29611), whole)
    kill_when(start(shards, parts, 29612), lambda: is_within_second_epoch(parts))
    assert is_within_second_epoch(parts) and not (parts / f'epoch_{EPOCHS}.pth').exists()
    finished(start(shards, parts, 29613, '--resume'), parts)
    sys.path.insert(0, str(ROOT / 'tools' / 'reliability'))
    from run_ends import compare
    compared, differing = compare(whole, parts, EPOCHS)
    assert sum(differing.values()) == 0, differing
    assert all(compared[part] for part in ('thresholds', 'moments', 'averages', 'optimizer', 'model', 'generators'))
