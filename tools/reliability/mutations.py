"""Break the code on purpose, one place at a time, and see whether the tests notice.

    python tools/reliability/mutations.py --out work_dirs/mutations.json

Each mutation is applied to a copy of the checkout, where the default tests that guard the place run until the first failure.
It counts as caught if that test passes on an unbroken copy. A mutation that no test notices is printed as survived, and the
exit code is 1.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from forked_tests import ForkedPytest
from mutation_list import MUTATIONS, Mutation
from rich.console import Console
from rich.table import Table

from mmifnd.configuration.errors import UserError, one_line_errors
from mmifnd.engine.progress import progress_bar
from mmifnd.machine import available_cores

ROOT = Path(__file__).resolve().parent.parent.parent
COPIED = ('mmifnd', 'configs', 'tools', 'tests', 'docs', 'requirements', 'setup.py', 'MANIFEST.in', 'README.md',
          'LICENSE', 'pyproject.toml')
NO_FAILURE, FAILURE = 0, 1


def copy_checkout(folder: Path) -> None:
    """What the tests need, without what they leave behind."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns('__pycache__', '.pytest_cache'))
        else:
            shutil.copy(source, folder / name)


def check_list(mutations: list[Mutation]) -> None:
    """Refuse a list that has grown stale, before any test runs."""
    for mutation in mutations:
        found = (ROOT / mutation.file).read_text().count(mutation.old)
        if found != 1:
            raise UserError(f'mutation "{mutation.name}": its text stands {found} times in {mutation.file}, expected once; '
                            'bring tools/reliability/mutation_list.py up to date')


def files_of(tests: tuple[str, ...]) -> list[str]:
    """Files and folders as files, each once: pytest forgets the order where one of its arguments holds another."""
    files = [sorted(str(path.relative_to(ROOT)) for path in (ROOT / name).rglob('test_*.py')) or [name] for name in tests]
    return list(dict.fromkeys(file for part in files for file in part))


def run_tests(server: ForkedPytest, folder: Path, tests: list[str]) -> tuple[int, str]:
    """Exit code of pytest in ``folder``, and the name of the first test that failed."""
    code, output = server.run(folder, '-q', '-x', '--no-header', '-p', 'no:cacheprovider', *tests)
    failed = [line for line in output.splitlines() if line.startswith(('FAILED', 'ERROR'))]
    return code, failed[0].split(' - ')[0].split(' ', 1)[1] if failed else ''


def try_mutation(mutation: Mutation, server: ForkedPytest) -> dict:
    """Apply one mutation to a fresh copy and run its tests."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix='mutation_') as name:
        folder = Path(name)
        copy_checkout(folder)
        path = folder / mutation.file
        path.write_text(path.read_text().replace(mutation.old, mutation.new))
        code, test = run_tests(server, folder, files_of(mutation.tests))
    if code not in (NO_FAILURE, FAILURE) and not test:
        raise UserError(f'mutation "{mutation.name}": pytest ended with {code} and no failed test; run '
                        f'`pytest {" ".join(mutation.tests)}` to see why')
    return dict(name=mutation.name, file=mutation.file, caught=code != NO_FAILURE, caught_by=test,
                seconds=round(time.perf_counter() - started, 1))


def check_unbroken(records: list[dict], server: ForkedPytest) -> None:
    """The tests that noticed something must pass as long as nothing is broken, or their failure says nothing."""
    tests = sorted({record['caught_by'] for record in records if record['caught']})
    if not tests:
        return
    with tempfile.TemporaryDirectory(prefix='mutation_') as name:
        copy_checkout(Path(name))
        code, test = run_tests(server, Path(name), tests)
    if code != NO_FAILURE:
        raise UserError(f'a test that noticed a mutation also fails without any ({test or f"exit code {code}"}); repair that '
                        'first')


def try_all(mutations: list[Mutation], workers: int) -> list[dict]:
    """A record a mutation."""
    free: SimpleQueue[ForkedPytest] = SimpleQueue()
    servers = [ForkedPytest() for _ in range(workers)]
    for server in servers:
        free.put(server)

    def try_next(mutation: Mutation) -> dict:
        server = free.get()
        try:
            return try_mutation(mutation, server)
        finally:
            free.put(server)

    records = []
    with progress_bar() as bar, ThreadPoolExecutor(workers) as pool:
        task = bar.add_task(f'{len(mutations)} mutations', total=len(mutations) + 1)
        for record in pool.map(try_next, mutations):
            records.append(record)
            bar.update(task, advance=1)
        bar.update(task, description='the tests that noticed, unbroken')
        check_unbroken(records, servers[0])
        bar.update(task, advance=1)
    for server in servers:
        server.close()
    return records


def main() -> None:
    """Try all, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--only', nargs='+', default=[''], help='mutations whose name or file contains one of these')
    parser.add_argument('--workers', type=int, default=min(2, available_cores()))
    parser.add_argument('--out', type=Path)
    args = parser.parse_args()
    with one_line_errors():
        chosen = [m for m in MUTATIONS if any(text in m.name or text in m.file for text in args.only)]
        check_list(chosen)
        records = try_all(chosen, args.workers)
        print_records(records)
        if args.out:
            args.out.parent.mkdir(parents=True, exist_ok=True)
            args.out.write_text(json.dumps(records, indent=1))
        sys.exit(0 if all(record['caught'] for record in records) else 1)


def print_records(records: list[dict]) -> None:
    """A row a mutation."""
    table = Table(title=f'{sum(r["caught"] for r in records)} of {len(records)} mutations caught')
    for column in ('mutation', 'file', 'noticed by'):
        table.add_column(column, overflow='fold')
    for record in records:
        table.add_row(record['name'], record['file'], record['caught_by'] if record['caught'] else '[bold]survived')
    Console(width=150).print(table)


if __name__ == '__main__':
    main()
