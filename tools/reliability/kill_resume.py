"""Kill real runs at random moments, resume them, and compare their ends with undisturbed runs, byte by byte.

    python tools/reliability/kill_resume.py --kills 30

IFND (queue, feature bank over two epochs) and GloFND (thresholds, moments, averages) on the digits, on one process and on
two. SIGKILL comes at random moments, and, for a third of the kills, while a checkpoint is being written: the half-written
file that is left is the proof. The table is printed and written to OUT/kill_resume.json; the exit status is 1 where a byte
differs, a checkpoint was lost, or the control, which does not restore the generators, is not another run.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from run_ends import compare

from mmifnd.checkpoint_file import damage_of
from mmifnd.engine.checkpoints.latest_checkpoint import LAST

ROOT = Path(__file__).resolve().parents[2]
IFND = ('configs/ifnd/ifnd_moco_digits.py',
        "false_negative=dict(source='bank', interval=2, kmeans=dict(init='previous'))", '')
GLOFND = ('configs/glofnd/sogclr_glofnd_digits.py', 'false_negative=dict(num_workers=1)',
          ', head=dict(detector=dict(start_epoch=1))')
CASES = {f'{name}, {count} process{"es" * (count > 1)}': (parts, count)
         for name, parts in (('IFND', IFND), ('GloFND', GLOFND)) for count in (1, 2)}
CONFIG = '''_base_ = ['{base}']

custom_imports = dict(imports=['kill_resume_parts'])
randomness = dict(seed=0, deterministic=True)
train_cfg = dict(max_epochs={epochs})
train_dataloader = dict(batch_size={batch}, num_workers={workers})
model = dict(backbone=dict(type='DropoutCNN'){model})
default_hooks = dict(checkpoint=dict(interval=1, interval_iters=2, max_keep_ckpts=2), stage=dict(type='StageHook'), {hooks})
'''

@dataclass
class Killed:
    """What became of one kill."""

    case: str
    chain: int
    wanted: str
    stage: str = ''
    step: int = -1
    lost: str = ''


@dataclass
class Result:
    """All that the table is made of."""

    kills: list[Killed] = field(default_factory=list)
    compared: Counter = field(default_factory=Counter)
    differing: Counter = field(default_factory=Counter)
    ends: int = 0


# --- runs ---------------------------------------------------------------------------------------------------------------


def write_config(case, out, epochs):
    (base, hooks, model), processes = CASES[case]
    path = out / f'{case.replace(",", "").replace(" ", "_")}.py'
    path.write_text(CONFIG.format(base=ROOT / base, hooks=hooks, model=model, epochs=epochs, batch=256 // processes,
                                  workers=int(processes == 1)))
    return path


def start(case, config, work_dir, port, **environment):
    """A run of the tools, with all its processes in one place of the process tree."""
    arguments = [str(config), '--work-dir', str(work_dir), '--resume']
    processes = CASES[case][1]
    command = [sys.executable, '-W', 'ignore', str(ROOT / 'tools/train.py'), *arguments]
    if processes > 1:
        command = ['bash', str(ROOT / 'tools/dist_train.sh'), arguments[0], str(processes), *arguments[1:]]
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get('PYTHONPATH', '')])
    work_dir.mkdir(parents=True, exist_ok=True)
    with open(work_dir / 'log.txt', 'a') as log:
        return subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=dict(
            os.environ, OMP_NUM_THREADS='1', PYTHONPATH=path, PYTHON=sys.executable, PORT=str(port), **environment))


def finish(run, work_dir):
    if run.wait(600):
        sys.exit(f'a run failed:\n{(work_dir / "log.txt").read_text()[-3000:]}')


def descendants(pid):
    """``pid`` and all processes below it, the last born first."""
    parents = {}
    for path in Path('/proc').glob('[0-9]*/stat'):
        with suppress(OSError, ValueError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(')')[2].split()[1])
    found = [pid]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return found[::-1]


def read_stage(work_dir):
    try:
        step, stage = (work_dir / 'stage').read_text().split()
        return int(step), stage
    except (OSError, ValueError):
        return -1, 'starting'


# --- kills --------------------------------------------------------------------------------------------------------------


def kill(run, case, work_dir, wanted, chance):
    """Wait for the moment, and kill; None if the run came to its end before."""
    (work_dir / 'stage').unlink(missing_ok=True)
    while read_stage(work_dir)[0] < 0:
        if run.poll() is not None:
            return None
        time.sleep(0.01)
    began, ahead, delay = read_stage(work_dir)[0], chance.randint(0, 9), chance.random() * 0.1
    files = chance.randint(0, 2)
    is_open = False
    while run.poll() is None:
        time.sleep(0.0003)  # writing takes a few milliseconds
        if wanted == 'writing':
            was_open, is_open = is_open, any(work_dir.glob('*.pth.*.partial'))
            files -= was_open and not is_open
            if is_open and files <= 0:
                break
        elif read_stage(work_dir)[0] >= began + ahead:
            time.sleep(delay)
            break
    if run.poll() is not None:
        return None
    processes = descendants(run.pid)
    if CASES[case][1] > 1 and wanted != 'writing' and chance.random() < 0.3:
        processes = [chance.choice([process for process in processes if 'train.py' in command_of(process)])]
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    run.wait(120)
    step, stage = read_stage(work_dir)
    return step, 'writing' if list(work_dir.glob('*.pth.*.partial')) else stage


def command_of(pid):
    try:
        command = Path(f'/proc/{pid}/cmdline').read_text()
    except OSError:
        return ''
    return '' if 'torch.distributed.run' in command else command


def lost_checkpoint(work_dir):
    """Why the checkpoint that a run goes on from cannot be; empty if it can, or none was to be expected."""
    if not (work_dir / LAST).exists():
        return f'{LAST} is missing' if len(list(work_dir.glob('*.pth'))) > 1 else ''
    return damage_of(Path((work_dir / LAST).read_text()))


def control(out, configs, whole, epochs, port):
    """Bytes that differ where the generators are not restored."""
    case = next(iter(CASES))
    folder = out / 'control'
    run = start(case, configs[case], folder, port)
    while read_stage(folder)[0] < 7:
        if run.poll() is not None:
            sys.exit('the control ended before it could be killed')
        time.sleep(0.001)
    for process in descendants(run.pid):
        os.kill(process, signal.SIGKILL)
    run.wait()
    finish(start(case, configs[case], folder, port, KILL_RESUME_FORGETS_GENERATORS='1'), folder)
    return {part: count for part, count in compare(whole[case], folder, epochs)[1].items() if count}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--kills', type=int, default=30)
    parser.add_argument('--writing', type=int, default=8, help='kills at least while a checkpoint is written')
    parser.add_argument('--epochs', type=int, default=12)
    parser.add_argument('--seed', type=int, default=0, help='of the moments')
    parser.add_argument('--port', type=int, default=29610)
    parser.add_argument('--out', type=Path, default=Path('work_dirs/kill_resume'))
    arguments = parser.parse_args()
    out, epochs, chance = arguments.out.resolve(), arguments.epochs, random.Random(arguments.seed)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    configs, whole, result, began = {}, {}, Result(), time.time()
    for number, case in enumerate(CASES):
        configs[case], whole[case] = write_config(case, out, epochs), out / f'undisturbed_{number}'
        finish(start(case, configs[case], whole[case], arguments.port), whole[case])
    for number, case in enumerate(CASES):
        quota = arguments.kills // len(CASES) + (number < arguments.kills % len(CASES))
        torment(result, case, configs[case], out / f'killed_{number}', whole[case], quota, arguments, chance)
    different = control(out, configs, whole, epochs, arguments.port)
    sys.exit(report(result, different, arguments, out, time.time() - began))


def torment(result, case, config, folder, whole, quota, arguments, chance):
    """Kill runs of one case until both quotas are met; every chain of resumed runs is then led to its end and compared."""
    chain, done, writing = 0, 0, 0
    least = -(-arguments.writing // len(CASES))
    while done < quota or writing < least:
        work_dir = folder / f'chain_{chain}'
        alive = True
        while alive and (done < quota or writing < least):
            wanted = 'writing' if writing < least and done % 3 else 'any'
            run = start(case, config, work_dir, arguments.port + done)
            hit = kill(run, case, work_dir, wanted, chance)
            alive = hit is not None
            if alive:
                entry = Killed(case, chain, wanted, hit[1], hit[0], lost_checkpoint(work_dir))
                result.kills.append(entry)
                done, writing = done + 1, writing + (entry.stage == 'writing')
                print(f'{case}: killed at step {entry.step}, {entry.stage}{"; LOST: " + entry.lost if entry.lost else ""}',
                      flush=True)
        finish(start(case, config, work_dir, arguments.port), work_dir)
        compared, differing = compare(whole, work_dir, arguments.epochs)
        result.ends, result.compared, result.differing = (
            result.ends + 1, result.compared + compared, result.differing + differing)
        print(f'{case}: resumed to the end; {sum(differing.values())} bytes differ', flush=True)
        chain += 1


def report(result, different, arguments, out, seconds):
    """Print the table, write it down, and say whether all went well: 0 or 1."""
    stages, lost = Counter(entry.stage for entry in result.kills), [entry.lost for entry in result.kills if entry.lost]
    writing, wrong = stages['writing'], sum(result.differing.values())
    print(f'\n{len(result.kills)} kills in {seconds / 60:.1f} minutes: '
          + ', '.join(f'{count} while {stage}' for stage, count in stages.most_common()))
    print('by case: ' + ', '.join(f'{case}: {count}' for case, count in Counter(e.case for e in result.kills).items()))
    print(f'{result.ends} ends compared with undisturbed runs; bytes compared and differing:')
    for part, count in result.compared.most_common():
        print(f'    {part:12s} {count:10,d} {result.differing[part]:6,d}')
    print(f'bytes that differ: {wrong}; checkpoints lost: {len(lost)}')
    print(f'control without the generators: {sum(different.values()):,} bytes differ ({", ".join(sorted(different))})')
    record = dict(kills=[vars(entry) for entry in result.kills], stages=stages, ends=result.ends, lost=lost,
                  bytes_compared=result.compared, bytes_differing=result.differing, control_bytes_differing=different,
                  seconds=seconds)
    (out / 'kill_resume.json').write_text(json.dumps(record, indent=1))
    is_good = not wrong and not lost and different.get('model', 0) > 0
    return 0 if is_good and len(result.kills) >= arguments.kills and writing >= arguments.writing else 1


if __name__ == '__main__':
    main()
