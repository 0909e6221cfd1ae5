"""Whole runs: by the Runner, by the command line, and a part of the test suite."""

import collections
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .common import ROOT, Setting, Waits, guarded, judge_waits, on_gpu, say

RUNS = dict(
    moco=('ifnd/ifnd_moco_digits.py', {'default_hooks.false_negative.source': 'bank'}),
    simclr=('ifnd/ifnd_simclr_digits.py', {}),
    glofnd=('glofnd/sogclr_glofnd_digits.py', {'model.head.detector.start_epoch': 0}),
    swav=('ifnd/ifnd_swav_digits.py', {}))
OPTIMIZERS = dict(AdamW=None, SGD=dict(type='SGD', lr=0.01, momentum=0.9), LARS=dict(type='LARS', lr=0.1, momentum=0.9))
EPOCHS, LOG_INTERVAL = 4, 5
TESTS = ('tests/test_clustering', 'tests/test_models', 'tests/test_engine', 'tests/test_detectors', 'tests/test_evaluation')
FEW_STEPS = ('--backbone-depth', '18', '--image-size', '64', '--steps', '2', '--head-steps', '2', '--num-samples', '5000',
             '--queue-len', '1024', '--num-clusters', '5', '9', '--batch-size', '4')


def env() -> None:
    """What the doctor and the driver say."""
    doctor = [sys.executable, '-m', 'mmifnd', 'doctor']
    print(subprocess.run(doctor, check=False, capture_output=True, text=True, cwd=ROOT).stdout, flush=True)
    if on_gpu():
        print(subprocess.run(['nvidia-smi'], check=False, capture_output=True, text=True).stdout[:1200], flush=True)


def whole_run(kind: str) -> None:
    """A training on the digits, augmentation, hooks and clustering included: what waits in a steady step."""
    for name in OPTIMIZERS:
        guarded(f'run {kind} {name}', _run, kind, name)


def _run(kind: str, optimizer: str) -> None:
    from mmengine.registry import DefaultScope

    from mmifnd.configuration import build_runner, load_config
    path, options = RUNS[kind]
    with DefaultScope.overwrite_default_scope('mmifnd'), tempfile.TemporaryDirectory() as folder:
        config = load_config(ROOT / 'configs' / path, {**options, 'train_cfg.max_epochs': EPOCHS})
        config.optim_wrapper.optimizer = OPTIMIZERS[optimizer] or config.optim_wrapper.optimizer
        config.update(work_dir=folder, experiment_name=f'{kind}_{optimizer}', log_level='ERROR')
        runner, (begin, end) = build_runner(config), _watching_hooks()
        runner.register_hook(begin)
        runner.register_hook(end)
        started = time.perf_counter()
        runner.train()
        judge_waits(f'run {kind} {optimizer}', end.lines,
                    f' in {end.steps} steady steps, {EPOCHS} epochs in {time.perf_counter() - started:.1f} s')


def _watching_hooks() -> tuple:
    """The first and the last hook of a step: between them, after the first epoch and but at the log, waits are counted."""
    from mmengine.hooks import Hook

    class Begin(Hook):
        priority = 'VERY_HIGH'

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            end.watch = Waits() if runner.epoch and (runner.iter + 1) % LOG_INTERVAL else None
            if end.watch:
                end.watch.__enter__()

    class End(Hook):
        priority = 'VERY_LOW'
        watch = None

        def __init__(self):
            self.lines, self.steps = collections.Counter(), 0

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            if self.watch:
                self.watch.__exit__(None, None, None)
                self.lines += self.watch.lines
                self.steps += 1

    end = End()
    return Begin(), end


def tools(kind: str) -> None:
    """The command line: train, resume, test, --amp, NCCL on one process."""
    with tempfile.TemporaryDirectory() as folder:
        _tools(kind, folder)


def _tools(kind: str, out: str) -> None:
    moco, train = 'configs/ifnd/ifnd_moco_digits.py', (sys.executable, 'tools/train.py')
    few = ('--cfg-options', f'train_cfg.max_epochs={EPOCHS}', 'default_hooks.checkpoint.interval=1')
    if kind == 'moco':
        tool('train IFND MoCo', *train, moco, '--work-dir', f'{out}/a', *few)
        more = (few[0], f'train_cfg.max_epochs={EPOCHS + 1}', few[2])
        tool('resume', *train, moco, '--work-dir', f'{out}/a', '--resume', *more)
        print(tool('test', sys.executable, 'tools/test.py', moco, f'{out}/a/epoch_{EPOCHS + 1}.pth', '--cfg-options',
                   'test_cfg.measures.few_shot.num_draws=5')[-1500:], flush=True)
    elif kind == 'others':
        tool('train SwAV', *train, 'configs/ifnd/ifnd_swav_digits.py', '--work-dir', f'{out}/d', *few)
        tool('train GloFND', *train, 'configs/glofnd/sogclr_glofnd_digits.py', '--work-dir', f'{out}/e', *few,
             'model.head.detector.start_epoch=1')
    elif on_gpu():
        tool('train with --amp from the bank', *train, moco, '--amp', '--work-dir', f'{out}/b', *few,
             'default_hooks.false_negative.source=bank')
        tool('train with --bf16', *train, moco, '--bf16', '--work-dir', f'{out}/f', *few)
        tool('DDP, NCCL, one process, --amp', 'bash', 'tools/dist_train.sh', moco, '1', '--amp', '--work-dir', f'{out}/c', *few,
             PORT='29511', PYTHON=sys.executable)


def tool(name: str, *command: str, **environment: str) -> str:
    """Run a command; what it printed."""
    begin = time.perf_counter()
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, env={**os.environ, **environment})
    text = f'{time.perf_counter() - begin:.0f} s'
    if done.returncode:
        print(done.stderr[-3000:], file=sys.stderr, flush=True)
        text += f'; {((done.stderr or done.stdout).strip().splitlines() or ["no output"])[-1][:300]}'
    say('FAIL' if done.returncode else 'PASS', name, text)
    return done.stdout


def tests() -> None:
    """A part of the test suite on this machine; it is interrupted at the end of its time, and says what failed until then."""
    file = Path(tempfile.mkdtemp()) / 'tests.txt'
    command = [sys.executable, '-m', 'pytest', '-p', 'no:cacheprovider', '-q', '-n', '6', '--tb=short', '-rf', *TESTS]
    was_cut = False
    with open(file, 'w') as output:
        job = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=ROOT)
        for limit, end in ((68, signal.SIGINT), (12, signal.SIGKILL)):
            try:
                job.wait(limit)
                break
            except subprocess.TimeoutExpired:
                was_cut = True
                job.send_signal(end)
        job.wait()
    lines = file.read_text().splitlines()
    failed = [line[:250] for line in lines if line.startswith(('FAILED', 'ERROR', 'E  '))]
    print('\n'.join(failed), flush=True)
    if was_cut and not failed:
        say('FIGURE', 'tests', f'cut short after 68 s, none failed until then: {lines[-1:]}')
    else:
        say('FAIL' if job.returncode else 'PASS', 'tests', lines[-1:])


def step_script(kind: str) -> None:
    """step.py: with waiting as an error, or timed."""
    device, few = ('--device', Setting.device.type), FEW_STEPS if Setting.small else ()
    if kind in ('ifnd', 'glofnd'):
        method = () if kind == 'ifnd' else ('--method', 'glofnd', '--no-mmpretrain')
        print(tool(f'step.py {kind}', sys.executable, 'tools/benchmarks/step.py', *device, *method, *(few or ('--steps', '20')),
                   '--json', str(Setting.out / f'step_{kind}.json')), flush=True)
    elif on_gpu():
        for method in ('ifnd', 'glofnd'):
            tool(f'step.py --check-sync {kind} {method}', sys.executable, 'tools/benchmarks/step.py', *device, '--check-sync',
                 '--optimizer', kind, '--no-mmpretrain', '--method', method, *few)


def write(name: str, figures: dict) -> None:
    """Keep figures of a section as JSON."""
    (Setting.out / f'{name}.json').write_text(json.dumps(figures, indent=1))
