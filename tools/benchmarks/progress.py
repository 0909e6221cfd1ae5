"""What a person sees of a training in a terminal: the lines before its first step, when the line of progress comes, and how
true the time left is.

    python tools/benchmarks/progress.py --images 400 --epochs 12

A pre-training on generated images runs in a pseudo-terminal of its own; what it writes is read with the time of each piece.
"""

import argparse
import os
import pty
import re
import select
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

BAR = re.compile('[━╸╺]')  # of a line that is drawn anew, and does not stay
#: A hook of the run that is watched: when its first step began and ended.
MARKS = """
import time
from pathlib import Path
from mmengine.hooks import Hook
from mmifnd.registry import HOOKS

@HOOKS.register_module()
class FirstStepHook(Hook):
    priority = 'VERY_HIGH'

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == 0:
            self.began = time.perf_counter()

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter == 0:
            Path(__file__).with_suffix('.txt').write_text(f'{self.began} {time.perf_counter()}')
"""
PROGRESS = re.compile(r'epoch (\d+)/(\d+), step (\d+)/(\d+),.*?(?:, (\d[\d:]*) left)?\s*$')
ESCAPES = re.compile(r'\x1b\[[0-9;?]*[a-zA-Z]')


def main() -> None:
    """Train in a pseudo-terminal and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--images', type=int, default=400)
    parser.add_argument('--epochs', type=int, default=12)
    parser.add_argument('--image-size', type=int, default=32)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_images(Path(folder) / 'images', args.images, args.image_size)
        (Path(folder) / 'first_step.py').write_text(MARKS)
        os.environ['PYTHONPATH'] = os.pathsep.join([folder, os.environ.get('PYTHONPATH', os.getcwd())])
        command = [sys.executable, '-W', 'ignore', '-m', 'mmifnd', 'pretrain', f'{folder}/images', f'{folder}/run', '--epochs',
                   str(args.epochs), '--image-size', str(args.image_size), '--num-workers', '0', '--cfg-options',
                   "custom_imports={'imports': ['first_step']}", "custom_hooks=[{'type': 'FirstStepHook'}]"]
        started = time.perf_counter()
        lines = watch(command)
        began, ended = map(float, (Path(folder) / 'first_step.txt').read_text().split())
        report(lines, began - started, ended - started)


def write_images(folder: Path, count: int, size: int) -> None:
    """Images of noise around the colour of their class, in two classes."""
    random = np.random.default_rng(0)
    for number in range(count):
        path = folder / f'class_{number % 2}' / f'{number}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((random.integers(0, 100, (size, size, 3)) + 80 * (number % 2)).astype(np.uint8)).save(path)


def watch(command: list[str]) -> list[tuple[float, str]]:
    """Lines that ``command`` shows in a terminal of 200 columns, each with the seconds since it was started."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(COLUMNS='200', TERM='xterm', OMP_NUM_THREADS='1')
        os.execv(command[0], command)
    started, lines, rest = time.perf_counter(), [], ''
    while True:
        select.select([terminal], [], [])
        try:
            piece = os.read(terminal, 1 << 16)
        except OSError:  # how Linux says that the other side is closed
            break
        if not piece:
            break
        *whole, rest = re.split(r'[\r\n]+', ESCAPES.sub('', rest + piece.decode(errors='replace')))
        parts = [*whole, rest] if PROGRESS.search(rest) else whole
        lines += [(time.perf_counter() - started, part.strip()) for part in parts if part.strip()]
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status:
        raise SystemExit(f'the training ended with status {status}: {lines[-3:]}')
    return lines


def report(lines: list[tuple[float, str]], began: float, ended: float) -> None:
    """Print the header, and the three figures.

    Args:
        lines: what was shown, and when.
        began, ended: of the first step, in seconds on the same clock.
    """
    shown = [(seconds, match) for seconds, line in lines if (match := PROGRESS.search(line))]
    first, last = shown[0][0], shown[-1][0]
    header = [line for seconds, line in lines if seconds < first and not BAR.search(line) and 'first_step' not in line]
    print('\n'.join(f'    {line}' for line in header))
    print(f'{len(header)} lines before the first line of progress')
    print(f'first line of progress {first - began:.1f} s after the first step began, {first - ended:.1f} s after its end')
    for share in (1 / 3, 1 / 2, 2 / 3):
        seconds, match = next((seconds, match) for seconds, match in shown if done(match) >= share and match[5])
        truth = last - seconds
        print(f'after {done(match):.0%} of the steps: {match[5]} left, in truth {truth:.1f} s: off by '
              f'{100 * (in_seconds(match[5]) - truth) / truth:+.0f} %')


def done(match: re.Match) -> float:
    """Share of the steps that a line of progress tells of."""
    epoch, epochs, step, steps = (int(match[group]) for group in range(1, 5))
    return ((epoch - 1) * steps + step) / (epochs * steps)


def in_seconds(clock: str) -> int:
    """Seconds of 1:02:03 or 2:03."""
    seconds = 0
    for part in clock.split(':'):
        seconds = 60 * seconds + int(part)
    return seconds


if __name__ == '__main__':
    main()
