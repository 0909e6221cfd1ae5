"""What works, what waits for the host and how fast it is, on the GPU of this machine; about five minutes on an H100.

    python tools/benchmarks/device_check.py
    python tools/benchmarks/device_check.py --sections epoch_end heads --out work_dirs/device_check
    python tools/benchmarks/device_check.py --small --device cpu        # a dry run without a GPU

Each section runs in a process of its own and prints lines ``PASS|FAIL|FIGURE name: text``; a section that crashes or outlasts
its limit takes nothing else with it. Checks run side by side; what is timed runs alone, one section after the other. Results
are in ``device_check.txt`` and a JSON file per timed section.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: Seconds that a section may take, after its imports and its turn.
CHECKS = dict.fromkeys(
    ('env', 'tools_moco', 'tools_amp', 'tools_others', 'run_moco', 'run_simclr', 'run_glofnd', 'run_swav', 'steps_float32',
     'steps_float16', 'steps_bfloat16', 'preprocessors', 'optimizers', 'step_sgd', 'step_lars', 'tests'), 85)
TIMINGS = dict(kernels=45, epoch_end=60, step_ifnd=45, clip=45, heads=45, step_glofnd=35, exact_pass=20, evaluation=45)


def main() -> None:
    """Run sections, or one of them in this process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--sections', nargs='+', choices=[*CHECKS, *TIMINGS], default=[*CHECKS, *TIMINGS])
    parser.add_argument('--out', type=Path, default=ROOT / 'work_dirs' / 'device_check', help='folder of the results')
    parser.add_argument('--device', choices=('cuda', 'cpu'), default='cuda')
    parser.add_argument('--small', action='store_true', help='sizes that a CPU can do')
    parser.add_argument('--slower', type=float, default=1., help='factor on the limits of all sections')
    parser.add_argument('--deadline', type=float, default=600, help='seconds after which no timed section begins')
    parser.add_argument('--only', help=argparse.SUPPRESS)
    parser.add_argument('--go', type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    sys.exit(run_section(args) if args.only else Check(args).run())


class Check:
    """All sections: processes that have imported what they need by the time it is their turn."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args, self.begin, self.failed = args, time.time(), []
        self.scratch = Path(tempfile.mkdtemp())
        self.jobs: dict[str, subprocess.Popen] = {}
        (args.out / 'device_check.txt').unlink(missing_ok=True)

    def run(self) -> int:
        """1 if a section has failed."""
        checks, timings = ([name for name in kind if name in self.args.sections] for kind in (CHECKS, TIMINGS))
        if self.args.device == 'cuda':  # two cores would do nothing but import
            for name in checks + timings:
                self.start(name)
            for name in checks:
                self.go(name)
        for name in checks:
            self.go(name)
            self.finish(name)
        for name in timings:
            if time.time() - self.begin < self.args.deadline:
                self.go(name)
                self.finish(name)
            else:
                print(f'-- {name}: left out, {self.args.deadline:g} s are over')
                self.jobs[name].kill()
        print(f'-- failed: {", ".join(self.failed) or "none"}; {time.time() - self.begin:.0f} s')
        return int(bool(self.failed))

    def start(self, name: str) -> None:
        """A process that waits for its turn."""
        args = self.args
        command = [sys.executable, __file__, '--only', name, '--out', str(args.out), '--device', args.device, '--slower',
                   str(args.slower), '--go', str(self.scratch / f'{name}.go'), *(['--small'] if args.small else [])]
        paths = [ROOT, ROOT / 'tests' / 'helpers', Path(__file__).parent, os.environ.get('PYTHONPATH', '')]
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(map(str, paths)), MPLBACKEND='Agg')
        environment.setdefault('OMP_NUM_THREADS', '1' if name in CHECKS else str(min(8, os.cpu_count() or 1)))
        with open(self.scratch / f'{name}.txt', 'w') as output, open(self.scratch / f'{name}.err', 'w') as errors:
            self.jobs[name] = subprocess.Popen(command, stdout=output, stderr=errors, env=environment)

    def go(self, name: str) -> None:
        """Let a section begin."""
        (self.scratch / f'{name}.go').touch()
        if name not in self.jobs:
            self.start(name)

    def finish(self, name: str) -> None:
        """Wait for a section, and report it."""
        code = self.jobs[name].wait()
        text = f'== {name}: {f"exit {code}" if code else "ok"}, {time.time() - self.begin:.0f} s\n'
        text += (self.scratch / f'{name}.txt').read_text()
        if code:
            self.failed.append(name)
            text += (self.scratch / f'{name}.err').read_text()[-5000:] + '\n'
        print(text, flush=True)
        with open(self.args.out / 'device_check.txt', 'a') as report:
            report.write(text)


def run_section(args: argparse.Namespace) -> int:
    """Import, wait for the turn, and run within the limit: SIGALRM ends the process, also where it waits for the device."""
    from device_parts import clusterings, combinations, common, runs, training
    common.Setting.take(args)
    parent = os.getppid()
    while args.go is not None and not args.go.exists():
        time.sleep(0.05)
        if os.getppid() != parent:
            return 1
    kind, _, rest = args.only.partition('_')
    families = dict(steps=combinations.steps, run=runs.whole_run, tools=runs.tools, step=runs.step_script)
    work = partial(families[kind], rest) if kind in families else next(
        getattr(room, args.only) for room in (clusterings, combinations, runs, training) if hasattr(room, args.only))
    signal.alarm(int({**CHECKS, **TIMINGS}[args.only] * args.slower))
    begin = time.time()
    try:
        work()
    except Exception as error:
        traceback.print_exc()
        common.say('FAIL', args.only, repr(error)[:300])
    signal.alarm(0)
    print(f'({args.only}: {time.time() - begin:.1f} s)', flush=True)
    return int(bool(common.FAILED))


if __name__ == '__main__':
    main()
