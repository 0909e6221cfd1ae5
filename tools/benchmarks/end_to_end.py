"""Epochs on a folder of images, beside lightly and mmpretrain: what a step takes, and what follows the last one.

    python tools/benchmarks/end_to_end.py
    python tools/benchmarks/end_to_end.py --frameworks moco --size 64 --rounds 5 --json end_to_end.json

Each contestant trains a ResNet-18 on the same JPEGs in a process of its own, one thread, images read in it; the processes take
turns, epoch by epoch, in an order drawn anew for each round, and the first epoch of each does not count. A step is reading,
augmenting, forward, loss, backward and update; the end is the clustering, health, records and the checkpoint. Ratios are taken
within a round.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault('OMP_NUM_THREADS', '1')

import torch
from loader import write_images
from measure import Spread, machine, ratio, write_json
from rich.console import Console
from rich.table import Table

PLAIN, RIVALS = 'mmifnd', ('mmpretrain', 'lightly')
OURS = (PLAIN, 'mmifnd, cut in two halves', 'mmifnd, IFND from the bank', 'mmifnd, IFND by a pass')


def parse_args() -> argparse.Namespace:
    """Arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--frameworks', nargs='+', choices=('moco', 'simclr'), default=['moco', 'simclr'])
    parser.add_argument('--contestants', nargs='+', choices=(*OURS, *RIVALS), default=[*OURS, *RIVALS])
    parser.add_argument('--images', type=int, default=1000)
    parser.add_argument('--size', type=int, default=32, help='of a view, in pixels; files are 160 x 120')
    parser.add_argument('--batch-size', type=int, default=50)
    parser.add_argument('--queue-len', type=int, default=200)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--json', metavar='FILE', help='also write every measurement here')
    parser.add_argument('--contestant', help=argparse.SUPPRESS)
    parser.add_argument('--framework', help=argparse.SUPPRESS)
    parser.add_argument('--folder', help=argparse.SUPPRESS)
    parser.add_argument('--work-dir', help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.epochs = args.rounds + 2  # nothing is clustered after the last one, which is not waited for
    return args


class Contestant:
    """A training in a process of its own, which waits for its turn before each epoch."""

    def __init__(self, name: str, framework: str, folder: Path, work_dir: Path, args: argparse.Namespace) -> None:
        command = [sys.executable, '-W', 'ignore', __file__, '--contestant', name, '--framework', framework,
                   '--folder', str(folder), '--work-dir', str(work_dir)]
        for option in ('size', 'batch_size', 'queue_len', 'rounds'):
            command += [f'--{option.replace("_", "-")}', str(getattr(args, option))]
        environment = dict(os.environ, OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES='')
        self.name, self.times = name, dict(steps=[], end=[])
        self.log = work_dir.with_suffix('.log')
        with open(self.log, 'w') as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
                                            env=environment)
        self.await_line('ready')

    def await_line(self, start: str) -> str:
        """The next line that begins so; others are what the libraries print."""
        for line in self.process.stdout:
            if line.startswith(start):
                return line
        raise RuntimeError(f'{self.name} ended: {self.log.read_text()[-2000:]}')

    def epoch(self, counts: bool) -> None:
        """Let it train one epoch."""
        self.process.stdin.write('go\n')
        self.process.stdin.flush()
        times = json.loads(self.await_line('{"steps"'))
        self.await_line('ready')
        for part, seconds in times.items() if counts else ():
            self.times[part].append(seconds)

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()


def measure(framework: str, folder: Path, scratch: Path, args: argparse.Namespace) -> dict[str, dict[str, list[float]]]:
    """Seconds of steps and end of each counted epoch, by contestant."""
    contestants: list[Contestant] = []
    try:
        for number, name in enumerate(args.contestants):
            contestants.append(Contestant(name, framework, folder, scratch / f'{framework}_{number}', args))
        draw = random.Random(0)
        for number in range(1 + args.rounds):
            for contestant in draw.sample(contestants, len(contestants)):
                contestant.epoch(counts=number > 0)
    finally:
        for contestant in contestants:
            contestant.close()
    return {contestant.name: contestant.times for contestant in contestants}


def table_of(framework: str, times: dict[str, dict[str, list[float]]], steps: int) -> Table:
    """A row for each contestant."""
    rivals = [name for name in RIVALS if name in times]
    table = Table(framework, 'ms a step', *(f'/ {name} (quartiles)' for name in rivals), 'end of an epoch, s', 'of the epoch')
    for name, of in times.items():
        compared = [ratio(of['steps'], times[rival]['steps']) for rival in rivals]
        share = Spread.of([end / (end + whole) for whole, end in zip(of['steps'], of['end'])])
        table.add_row(name, f'{1000 * Spread.of(of["steps"]).median / steps:.0f}',
                      *(f'{one.median:.3f} ({one.low:.3f} to {one.high:.3f})' for one in compared),
                      f'{Spread.of(of["end"]).median:.2f}', f'{share.median:.1%}')
    return table


def compete(args: argparse.Namespace) -> None:
    """Be one of the contestants."""
    from contestants import lightly, openmmlab
    torch.set_num_threads(1)
    torch.manual_seed(0)
    train = {'mmpretrain': openmmlab.mmpretrain, 'lightly': lightly.lightly}.get(args.contestant, openmmlab.ours)
    train(args.contestant, args)


def main() -> None:
    """Measure, print, and write what was asked for."""
    args = parse_args()
    if args.contestant:
        compete(args)
        return
    console = Console(width=None if sys.stdout.isatty() else 150)
    where = machine(torch.device('cpu')) | dict(clock='CPU time of each process', cores=f'{os.cpu_count()}, 1 thread used')
    console.print(', '.join(f'{key} {value}' for key, value in where.items()), soft_wrap=True)
    console.print(f'ResNet-18 at {args.size} px, {args.images} JPEGs of 160 x 120, {args.batch_size} images a step, '
                  f'{args.rounds} rounds')
    result = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / 'images'
        folder.mkdir()
        write_images(folder, args.images, 160, 120)
        for framework in args.frameworks:
            result[framework] = measure(framework, folder, Path(scratch), args)
            console.print(table_of(framework, result[framework], args.images // args.batch_size))
    write_json(args.json, dict(machine=where, arguments=vars(args), seconds=result))


if __name__ == '__main__':
    main()
