"""Damage the files that mmifnd reads, a little and at random, and see what each reader says.

    python tools/reliability/fuzz_files.py                              2,400 mutations, seed 0
    python tools/reliability/fuzz_files.py --seed 7 --count 300         others
    python tools/reliability/fuzz_files.py --only records --show        one kind of file, and what was said

Bits and bytes are changed, ends are cut off, ranges are removed, doubled, swapped, or overwritten by those of another file of
the same kind: in checkpoints, arrays, records, images, lists and tables. Each is read as the tools read it, in a process.
It may be refused in one line, left out with one, or give the result of the undamaged file. An image or a list has no checksum
of its own: it counts as refused if a run that goes on would refuse it as another training set. The exit code is 1 if there is
a traceback, a hang, a crash, or a result that differs silently.
"""

import argparse
import json
import logging
import os
import random
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault('OMP_NUM_THREADS', '1')

from fuzz_subjects import LEFT_OUT, REFUSED, Subject, subjects
from rich.console import Console
from rich.table import Table

#: How a mutation may end, and how it must not.
EQUAL = 'equal'
FAULTS = ('traceback', 'hang', 'crash', 'silently different')
SECONDS = 10
#: Mutations that one forked process reads.
_BATCH = 25


class Ending(NamedTuple):
    """How a mutation ended.

    Attributes:
        subject (str): which file was damaged.
        mutation (str): how.
        number (int): of the mutation; with the seed, it makes the same one again.
        ending (str): ``'refused'``, ``'left out'``, ``'equal'``, or one of :data:`FAULTS`.
        line (str): what was said.
    """

    subject: str
    mutation: str
    number: int
    ending: str
    line: str


def flip_bit(content: bytearray, numbers: random.Random, other: bytes) -> None:
    """Change one bit."""
    content[numbers.randrange(len(content))] ^= 1 << numbers.randrange(8)


def set_byte(content: bytearray, numbers: random.Random, other: bytes) -> None:
    """Overwrite one byte by any, or by one that means something in most formats."""
    content[numbers.randrange(len(content))] = numbers.choice([0, 255, 10, 44, 45, 34, 123, 125, numbers.randrange(256)])


def truncate(content: bytearray, numbers: random.Random, other: bytes) -> None:
    """Cut off the end: a little or any part of it."""
    del content[len(content) - min(len(content), numbers.choice([1, 2, 10, 22, 100, numbers.randrange(len(content)) + 1])):]


def remove(content: bytearray, numbers: random.Random, other: bytes) -> None:
    """Take some bytes out."""
    start, end = _range(content, numbers)
    del content[start:end]


def double(content: bytearray, numbers: random.Random, other: bytes) -> None:
    """Repeat some bytes."""
    start, end = _range(content, numbers)
    content[end:end] = content[start:end]


def zero(content: bytearray, numbers: random.Random, other: bytes) -> None:
    """Overwrite some bytes by zeros, as a disk does that lost a block."""
    start, end = _range(content, numbers)
    content[start:end] = bytes(end - start)


def swap(content: bytearray, numbers: random.Random, other: bytes) -> None:
    """Exchange two parts of equal length: lines, if there are lines, else records or any others."""
    lines = content.split(b'\n')
    if len(lines) > 2 and max(map(len, lines)) < 4096:
        first, second = numbers.sample(range(len(lines) - 1), 2)
        lines[first], lines[second] = lines[second], lines[first]
        content[:] = b'\n'.join(lines)
        return
    length = numbers.choice([8, 64, 512])
    if 2 * length < len(content):
        first = numbers.randrange(len(content) - 2 * length) if len(content) > 2 * length else 0
        second = numbers.randrange(first + length, len(content) - length + 1)
        content[first:first + length], content[second:second + length] = (
            content[second:second + length], content[first:first + length])


def mix(content: bytearray, numbers: random.Random, other: bytes) -> None:
    """Take over a part of another file of the same kind."""
    start, end = _range(content, numbers)
    if len(other) > start:
        content[start:end] = other[start:end]


MUTATIONS = (flip_bit, flip_bit, set_byte, truncate, remove, double, zero, swap, mix)


def _range(content: bytearray, numbers: random.Random) -> tuple[int, int]:
    start = numbers.randrange(len(content))
    return start, min(len(content), start + numbers.choice([1, 4, 16, 256]))


def mutated(subject: Subject, seed: int, number: int) -> tuple[str, bytes]:
    """The name of a mutation, and the damaged content, which is a function of seed and number."""
    numbers = random.Random(f'{seed} {subject.name} {number}')
    mutate = numbers.choice(MUTATIONS)
    content = bytearray(subject.content)
    mutate(content, numbers, subject.other)
    return mutate.__name__, bytes(content)


def end_of(subject: Subject, expected: object, content: bytes) -> tuple[str, str]:
    """How reading a damaged file ends, and the line that was said; the file is put right again."""
    signal.signal(signal.SIGALRM, _late)
    signal.alarm(SECONDS)
    try:
        subject.path.write_bytes(content)
        outcome = subject.read()
    except TimeoutError:
        return 'hang', ''
    except (ValueError, FileNotFoundError) as error:
        line = str(error)
        is_clear = '\n' not in line and any(part in line for part in (subject.path.name, *subject.also_named))
        return (REFUSED if is_clear else 'traceback'), line
    except BaseException:
        return 'traceback', traceback.format_exc()
    finally:
        signal.alarm(0)
        subject.path.write_bytes(subject.content)
    if outcome.said:
        return outcome.kind, outcome.said
    return (EQUAL, '') if outcome.value == expected else ('silently different', '')


def _late(number: int, frame: object) -> None:
    raise TimeoutError


def in_fork(work: Callable[[], list[Ending]], name: str, first: int) -> list[Ending]:
    """What ``work`` returns, from a process of its own; a process that dies is a crash."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        warnings.simplefilter('ignore')
        logging.disable(logging.CRITICAL)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.dup2(2, 1)
        with open(writer, 'w') as file:
            json.dump(work(), file)
        os._exit(0)
    os.close(writer)
    with open(reader) as file:
        text = file.read()
    _, status = os.waitpid(child, 0)
    if status or not text:
        return [Ending(name, 'one of a batch', first, 'crash', f'status {status}')]
    return [Ending(*row) for row in json.loads(text)]


def fuzz(chosen: list[Subject], seed: int, count: int) -> list[Ending]:
    """Damage each subject equally often, ``count`` times in all."""
    endings: list[Ending] = []
    share = -(-count // len(chosen))
    for subject in chosen:
        for first in range(0, share, _BATCH):
            rows = range(first, min(first + _BATCH, share))
            endings += in_fork(partial(_batch, subject, seed, rows), subject.name, first)
    return endings


def _batch(subject: Subject, seed: int, rows: range) -> list[Ending]:
    expected = subject.read().value
    endings = []
    for number in rows:
        mutation, content = mutated(subject, seed, number)
        endings.append(Ending(subject.name, mutation, number, *end_of(subject, expected, content)))
    return endings


def print_endings(endings: list[Ending], console: Console) -> None:
    """One row per file, and one line per fault."""
    table = Table('file', *(column for column in (REFUSED, LEFT_OUT, EQUAL, *FAULTS)), box=None)
    for name in dict.fromkeys(ending.subject for ending in endings):
        counts = Counter(ending.ending for ending in endings if ending.subject == name)
        table.add_row(name, *(str(counts[column]) for column in (REFUSED, LEFT_OUT, EQUAL, *FAULTS)))
    console.print(table)
    for ending in endings:
        if ending.ending in FAULTS:
            console.print(f'{ending.ending}: {ending.subject}, {ending.mutation}, number {ending.number}\n{ending.line}',
                          markup=False, highlight=False)


def main() -> int:
    """Damage, read, print; 1 if anything ends as it must not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--count', type=int, default=2400, help='mutations in all')
    parser.add_argument('--only', help='files whose name contains this')
    parser.add_argument('--show', action='store_true', help='also print what was said')
    args = parser.parse_args()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        chosen = [subject for subject in subjects(Path(folder)) if args.only is None or args.only in subject.name]
        if not chosen:
            parser.error(f'--only {args.only} is in no name of a file')
        endings = fuzz(chosen, args.seed, args.count)
    console = Console(width=140)
    print_endings(endings, console)
    if args.show:
        for ending in endings:
            console.print(f'{ending.subject}, {ending.mutation}: {ending.ending} {ending.line}', markup=False, highlight=False)
    faults = sum(ending.ending in FAULTS for ending in endings)
    print(f'{len(endings)} mutations, seed {args.seed}: {faults} ended as they must not; {time.perf_counter() - started:.0f} s')
    return int(bool(faults))


if __name__ == '__main__':
    sys.exit(main())
