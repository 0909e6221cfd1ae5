"""Two emulated hosts with folders of their own, two ranks each, and one fault at a time: what ends, when, and with which line.

    python tools/reliability/fault_injection.py

Each host is a process with torchrun's elastic agent, forked from one that has imported everything. A fault hits one rank in the
middle of an epoch, or a host before the start. Both hosts must end within 60 seconds of it (a slow rank, and a run that is
started again, must go on to the end), and the log of each host that still lives must name the rank at fault. The table is
printed and written to OUT/fault_injection.md; the exit status is 1 if a row is not as it should be.
"""

import argparse
import multiprocessing
import os
import re
import shutil
import socket
import sys
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import fault_injection_parts  # noqa: F401 - imported before the forks
import mmpretrain.models  # noqa: F401
import numpy as np
import torch
from PIL import Image
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from mmifnd.apis.pretraining_config import pretraining_config
from mmifnd.cli import run_command

HOSTS, RANKS, IMAGES, EPOCHS, STEP, TIMEOUT, LIMIT = 2, 2, 64, 6, 5, 15, 60.
MODEL = {'model.backbone': dict(_delete_=True, type='SmallCNN', in_channels=3, widths=(4, 8)), 'model.neck.in_channels': 8,
         'model.neck.hidden_channels': 8, 'train_cfg.max_broken': 4}


@dataclass
class Case:
    """One row of the table.

    Attributes:
        title: the fault in words.
        kind, rank: see FaultHook.
        line: what must be read in the log of each host in ``told``, as a regular expression.
        status: whether the run ends well.
        before: changes the folders of the hosts before the start; two starts if it is ``'resume'``.
    """

    title: str
    kind: str
    rank: int
    line: str
    told: tuple[int, ...] = (0, 1)
    ends_well: bool = False
    restarts: int = 0
    before: str = ''
    options: dict[int, list[str]] = field(default_factory=dict)


HERE, PROCESS = r'on host \S+', r'\(process \d+\)'
BROKEN = r'\d+ images cannot be read'
CASES = [
    Case('none (control)', 'nothing', 3, '', ends_well=True),
    Case('rank 3 is slow (2 s a step)', 'slow', 3, '', ends_well=True),
    Case('rank 3 raises', 'raising', 3, rf'error: rank 3 {HERE}: RuntimeError: a fault was injected'),
    Case('rank 0 raises', 'raising', 0, r'error: (rank 0 on host \S+: )?RuntimeError: a fault was injected'),
    Case('rank 3 is killed', 'killed', 3, rf'error: rank 3 {HERE} {PROCESS} has ended without a word .*it was last '),
    Case('rank 0 is killed', 'killed', 0, rf'error: rank 0 {HERE} {PROCESS} has ended without a word .*it was last '),
    Case('rank 3 is killed, MAX_RESTARTS=1', 'killed', 3, r'restart 1 of 1 after a failure: going on from \w+\.pth', told=(0,),
         ends_well=True, restarts=1, options=dict.fromkeys(range(HOSTS), ['env_cfg.dist_cfg.timeout=120'])),
    Case('host 1 is killed', 'host_killed', 3, rf'error: rank [23] {HERE} {PROCESS} has ended without a word', told=(0,)),
    Case('rank 3 is stopped', 'stopped', 3, rf'error: rank 3 {HERE} {PROCESS} has (been silent for|ended without a word)'),
    Case('rank 1 hangs', 'hanging', 1, rf'error: rank 1 {HERE} {PROCESS} has made no progress for \d+ s: it is .*> hanging '),
    Case('half of the images of host 1 vanish', 'half_missing', 3, rf'error: rank [23] {HERE}: {BROKEN}'),
    Case('all images of host 1 vanish', 'folder_missing', 3, rf'error: rank [23] {HERE}: {BROKEN}'),
    Case('half of the images of host 1 are missing', 'nothing', 3,
         rf'error: rank 2 {HERE}: the training images are not those of rank 0 \(32 instead of 64\)', before='half'),
    Case('host 1 has another config', 'nothing', 3, rf'error: rank 2 {HERE}: model\.momentum of the config is 0\.5',
         options={1: ['model.momentum=0.5']}),
    Case('host 1 lacks the checkpoint to resume from', 'nothing', 3,
         rf'error: rank 2 {HERE}: \S+epoch_1.pth does not exist, and rank 0 goes on from it', before='resume'),
]


# --- the hosts ----------------------------------------------------------------------------------------------------------


def write_images(folder):
    random = np.random.default_rng(0)
    for number in range(IMAGES):
        path = folder / f'class_{number % 4}' / f'{number:03d}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 255, (12, 12, 3), dtype=np.uint8)).save(path)


def write_host(folder, case, noted):
    """The folder of a host: its images and its config."""
    write_images(folder / 'images')
    images = str(folder / 'images')
    config, _ = pretraining_config(images, 'none', 'mocov2', 'resnet18', EPOCHS, 8, 12, 0, 0, 0.)
    config.merge_from_dict(dict(MODEL, **{
        'env_cfg.dist_cfg.timeout': TIMEOUT, 'default_hooks.checkpoint.interval': 1,
        'default_hooks.checkpoint.interval_iters': 2,
        'default_hooks.fault': dict(type='FaultHook', kind=case.kind, rank=case.rank, step=STEP, noted=str(noted))}))
    config.custom_imports = dict(imports=['fault_injection_parts'])
    config.dump(str(folder / 'config.py'))


def rank_main(folder, arguments):
    os.chdir(folder)
    warnings.simplefilter('ignore')
    torch.set_num_threads(1)
    status = run_command('train', ['config.py', '--launcher', 'pytorch', '--work-dir', 'run', *arguments], 'mmifnd train')
    sys.exit(status)


def host_main(node, folder, port, restarts, arguments):
    """torchrun, but for its imports in each rank."""
    log = os.open(folder / 'log.txt', os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    config = LaunchConfig(
        min_nodes=HOSTS, max_nodes=HOSTS, nproc_per_node=RANKS, rdzv_backend='static',
        rdzv_configs=dict(rank=node, timeout=300), start_method='fork', run_id='none', rdzv_endpoint=f'127.0.0.1:{port}',
        max_restarts=restarts, monitor_interval=.1)
    elastic_launch(config, rank_main)(folder, arguments)


def run_hosts(case, out, restarts, arguments):
    """Exit statuses of both hosts, and when the last one ended."""
    context = multiprocessing.get_context('fork')
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    hosts = [context.Process(target=host_main, args=(node, out / f'host_{node}', port, restarts, arguments(node)))
             for node in range(HOSTS)]
    for host in hosts:
        host.start()
    for host in hosts:
        host.join(300)
    ended = time.time()
    for host in hosts:
        if host.is_alive():
            host.kill()
    return [host.exitcode for host in hosts], ended


# --- the table ----------------------------------------------------------------------------------------------------------


def inject(case, out):
    """Seconds from the fault to the end, and what is wrong with it; empty if nothing is."""
    shutil.rmtree(out, ignore_errors=True)
    noted = out / 'noted'
    for node in range(HOSTS):
        write_host(out / f'host_{node}', case, noted)
    if case.before == 'half':
        for path in sorted((out / 'host_1' / 'images').rglob('*.png'))[::2]:
            path.unlink()
    if case.before == 'resume':
        run_hosts(case, out, 0, lambda node: ['--cfg-options', 'train_cfg.max_epochs=1', 'param_scheduler=[]'])
    began = time.time()

    def arguments(node):
        return [*(['--resume'] if case.before == 'resume' else []),
                *(['--work-dir', str(out / 'shared')] if case.restarts else []),  # all must find the checkpoint
                *(['--cfg-options', *case.options[node]] if node in case.options else [])]
    statuses, ended = run_hosts(case, out, case.restarts, arguments)
    if noted.exists() and not case.before:
        began = float(noted.read_text())
    return ended - began, problem_of(case, out, statuses, ended - began)


def problem_of(case, out, statuses, seconds):
    if case.ends_well != (statuses == [0] * HOSTS):
        return f'ended with {statuses}'
    if not case.ends_well and seconds > LIMIT:
        return f'took {seconds:.0f} s'
    missing = [node for node in case.told if not re.search(case.line, read_log(out, node))]
    return f'the log of host {missing[0]} lacks the line' if missing else ''


def read_log(out, node):
    return (out / f'host_{node}' / 'log.txt').read_text(errors='replace')


def line_of(case, out):
    """The line of the log of host 0, without names of this machine."""
    found = re.search(rf'.*{case.line}.*', read_log(out, 0)) if case.line else None
    line = found[0].removeprefix('error: ') if found else 'the run goes on to its end'
    return re.sub(r'\(process \d+\)', '(process N)', line.replace(f' on host {socket.gethostname()}', ' on host H').replace(
        str(out), '').replace('|', '\\|'))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', type=Path, default=Path('work_dirs/fault_injection'))
    parser.add_argument('--only', default='', help='only cases whose title matches this regular expression')
    args = parser.parse_args()
    torch.set_num_threads(1)
    out, rows, problems = args.out.resolve(), [], 0
    os.environ.update(OMP_NUM_THREADS='1', MKL_NUM_THREADS='1')
    for number, case in enumerate(CASES):
        if not re.search(args.only, case.title):
            continue
        seconds, problem = inject(case, out / f'case_{number:02d}')
        problems += bool(problem)
        rows.append(f'| {case.title} | {seconds:.0f} s | {line_of(case, out / f"case_{number:02d}")} |')
        print(f'{rows[-1]}{"  WRONG: " + problem if problem else ""}', flush=True)
    table = '\n'.join(['| fault | ended after | line on host 0 |', '|---|---|---|', *rows])
    (out / 'fault_injection.md').write_text(table + '\n')
    print(f'{len(rows)} faults, {problems} not as they should be')
    sys.exit(bool(problems))


if __name__ == '__main__':
    main()
