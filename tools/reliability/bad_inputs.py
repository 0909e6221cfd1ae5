"""Give the tools wrong configs, files and command lines, and see whether each is refused in one line, before any training.

    python tools/reliability/bad_inputs.py --out work_dirs/bad_inputs.json
    python tools/reliability/bad_inputs.py --only checkpoint --show          some, and what the user was told

Each case runs the tool's subcommand of ``mmifnd`` in a process forked from one that has imported everything, with a time limit.
What is judged is what a user would see. Sound but unusual inputs stand among them, which must not be refused. The exit code is
1 where a case ends in a traceback, hangs, is accepted, trains first, or is refused in other words.
"""

import argparse
import importlib
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

os.environ.setdefault('OMP_NUM_THREADS', '1')

from bad_input_cases import TOPICS, Case
from mmengine.optim import OptimWrapper
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mmifnd.cli import COMMANDS, run_command
from mmifnd.engine.progress import progress_bar
from mmifnd.machine import available_cores

ROOT = Path(__file__).resolve().parents[2]
SUBCOMMANDS = {command.tool: name for name, command in COMMANDS.items() if command.tool}
IMPORTED = (
    'apis.audit_report', 'apis.features', 'apis.groupings', 'apis.pretraining', 'apis.run_images', 'apis.schedules',
    'datasets.thumbnails', 'apis.views', 'configuration.check_benchmark', 'configuration.environment', 'converters', 'engine',
    'models', 'studies.report', 'studies.results_table', 'visualization')
REFUSED, TAKEN = 'one line', 'taken'
#: What may go wrong, as it is printed.
FAULTS = ('traceback', 'hang', 'accepted silently', 'trained first', 'other words', 'sound, yet refused')
_ERROR = re.compile(r'^(?:[\w./ -]+\.py: |mmifnd [\w-]+: )?error: .*$', re.MULTILINE)


@dataclass
class Ending:
    """How a case ended.

    Attributes:
        name (str), topic (str), tool (str): of the case.
        ending (str): ``'one line'`` or ``'taken'`` where it is as it should be, else one of :data:`FAULTS`.
        line (str): what the user was told.
        seconds (float): of CPU, imports left out.
    """

    name: str
    topic: str
    tool: str
    ending: str
    line: str
    seconds: float


def import_all() -> None:
    """Import what the subcommands import when they run, so that no forked process pays for it."""
    for name in IMPORTED:
        importlib.import_module(f'mmifnd.{name}')


def start(case: Case, folder: Path) -> int:
    """Fork a process that does what the command line would do; its id."""
    folder.mkdir()
    case.files(folder)
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        os.setsid()  # so that a time limit also ends what it has started
        for stream, name in ((1, 'stdout'), (2, 'stderr')):
            os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT), stream)
        arguments = [argument.replace('{here}', str(folder)) for argument in case.arguments]
        OptimWrapper.update_params = lambda *_, **__: ((folder / 'trained').touch(), os._exit(0))
        has_file = case.tool in SUBCOMMANDS
        status = run_command(SUBCOMMANDS.get(case.tool, case.tool), arguments,
                             f'python tools/{case.tool}.py' if has_file else f'mmifnd {case.tool}')
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def judge(case: Case, folder: Path, status: int | None) -> tuple[str, str]:
    """How the case ended, and what the user was told; ``status`` is None if it ran out of time."""
    told = (folder / 'stderr').read_text(errors='replace') if (folder / 'stderr').exists() else ''
    lines = _ERROR.findall(told)
    line = ' '.join((lines or told.strip().splitlines() or [''])[-1].replace(str(folder), '{here}').split())
    has_trained = (folder / 'trained').exists()
    if status is None:
        return 'hang', line
    if 'Traceback (most recent call last)' in told:
        return 'traceback', line
    if case.words is None:
        return (TAKEN, '') if has_trained or status == 0 else ('sound, yet refused', line)
    if has_trained:
        return 'trained first', line
    if status == 0:
        return 'accepted silently', line
    return (REFUSED if len(lines) == 1 and case.words in line else 'other words'), line


def run_all(cases: list[tuple[str, Case]], workers: int, limit: float, base: Path) -> Iterator[Ending]:
    """The endings of all cases, in the order in which they end."""
    import_all()
    waiting, active = list(enumerate(cases)), {}
    while waiting or active:
        while waiting and len(active) < workers:
            number, (topic, case) = waiting.pop(0)
            folder = base / str(number)
            active[start(case, folder)] = topic, case, folder, time.monotonic() + limit
        for child, (topic, case, folder, deadline) in list(active.items()):
            late = time.monotonic() > deadline
            if late:
                os.killpg(child, signal.SIGKILL)
            ended, status, usage = os.wait4(child, 0 if late else os.WNOHANG)
            if not ended:
                continue
            del active[child]
            ending, line = judge(case, folder, None if late else os.waitstatus_to_exitcode(status))
            shutil.rmtree(folder)
            yield Ending(case.name, topic, case.tool, ending, line, round(usage.ru_utime + usage.ru_stime, 2))
        time.sleep(0.01)


def print_endings(endings: list[Ending], show: bool) -> None:
    """A row a fault (with ``show``, one row per case), and how many ended how."""
    table = Table('case', 'tool', 'ended in', 's of CPU', 'what the user was told')
    for ending in endings:
        if show or ending.ending not in (REFUSED, TAKEN):
            table.add_row(escape(ending.name), ending.tool, ending.ending, f'{ending.seconds:.2f}', escape(ending.line))
    console = Console(width=200)
    if table.row_count:
        console.print(table)
    counts, seconds = Counter(ending.ending for ending in endings), [ending.seconds for ending in endings]
    topics = Counter(ending.topic for ending in endings)
    print(f'{len(endings)} inputs ({", ".join(f"{count} {topic}" for topic, count in topics.items())})')
    print(f'refused in one line: {counts[REFUSED]}; unusual but sound, and taken: {counts[TAKEN]}')
    print('; '.join(f'{fault}: {counts[fault]}' for fault in FAULTS))
    print(f'seconds of CPU a case: {sum(seconds) / len(seconds):.2f} on average, {max(seconds):.2f} at most')


def main() -> int:
    """Run, print, write; 1 where a case ended otherwise than it should."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--only', nargs='+', default=[''], help='cases whose name or topic contains one of these')
    parser.add_argument('--workers', type=int, default=min(2, available_cores()))
    parser.add_argument('--limit', type=float, default=60., help='seconds that a case may take')
    parser.add_argument('--show', action='store_true', help='every case, not only those that end badly')
    parser.add_argument('--out', type=Path, help='JSON file for all endings')
    args = parser.parse_args()
    os.chdir(ROOT)
    chosen = [(topic, case) for topic, cases in TOPICS.items() for case in cases
              if any(text in case.name or text in topic for text in args.only)]
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix='bad_inputs_') as base, progress_bar() as bar:
        task = bar.add_task(f'{len(chosen)} inputs', total=len(chosen))
        endings = []
        for ending in run_all(chosen, args.workers, args.limit, Path(base)):
            endings.append(ending)
            bar.update(task, advance=1)
    print_endings(endings, args.show)
    print(f'{time.monotonic() - started:.0f} s in all, with {args.workers} workers')
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps([asdict(ending) for ending in endings], indent=1))
    return int(any(ending.ending in FAULTS for ending in endings))


if __name__ == '__main__':
    sys.exit(main())
