"""All runs of a study on a few worker processes, with the time left."""

import multiprocessing
import queue
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mmifnd.configuration.errors import UserError, one_line
from mmifnd.engine.progress import progress_bar
from mmifnd.files import open_own
from mmifnd.records.run_lock import RunLock, locked

from .one_run import DONE, finished_before, train_and_test
from .plan import Run, Study


def run_all(study: Study, out: Path, seeds: Sequence[int], epochs: int | None = None, workers: int = 2,
            take_over: bool = False) -> list[dict]:
    """Every run of ``study``; a run waits for the one whose rate it copies, and one that was finished before is kept.

    Args:
        take_over: use ``out`` even if another study seems to be using it.

    Returns:
        list[dict]: one record a run, see :func:`train_and_test`, in the order of the study.

    Raises:
        UserError: if a run fails; the message names it and its log.
    """
    with locked(out, take_over) as lock:
        return _run_all(study, out, seeds, epochs, workers, lock)


def _run_all(study: Study, out: Path, seeds: Sequence[int], epochs: int | None, workers: int, lock: RunLock) -> list[dict]:
    waiting = list(study.runs(seeds))
    order = [run.folder for run in waiting]
    before = {folder for folder in order if (out / folder / DONE).exists()}
    kept: set[str] = set()
    context = multiprocessing.get_context('fork')  # the imports are paid once
    messages = context.Queue()
    active: dict[str, Any] = {}
    records: dict[str, dict] = {}
    try:
        with progress_bar() as bar:
            task = bar.add_task(f'{len(order)} runs', total=float(len(order)))
            shares = dict.fromkeys(order, 0.)
            while len(records) < len(order):
                _start(waiting, active, records, workers, context, messages, out, epochs)
                kind, folder, value = _next_message(messages, active)
                lock.check()
                if kind == 'failed':
                    raise UserError(f'the run {folder} failed: {value}; see {out / folder / "log.txt"}')
                if kind == 'kept':
                    kept.add(folder)
                if kind in ('kept', 'finished'):
                    records[folder] = value
                    active.pop(folder).join()
                shares[folder] = value if kind == 'progress' else 1.
                bar.update(task, completed=sum(shares.values()))
            if before:
                bar.console.print(_what_was_kept(len(kept), len(before - kept)))
    finally:
        for process in active.values():
            process.terminate()
    return [records[folder] for folder in order]


def _what_was_kept(kept: int, renewed: int) -> str:
    again = f'; {renewed} finished with another and run again' if renewed else ''
    return f'{kept} runs kept that were finished before, with the same config, seed, code and packages{again}'


def _start(waiting: list[Run], active: dict, records: dict, workers: int, context, messages, out, epochs) -> None:
    """Start what is ready on the free workers."""
    for run in list(waiting):
        needed = run.method.rate_from and f'{run.method.rate_from}/seed_{run.seed}'
        if len(active) >= workers or needed and needed not in records:
            continue
        waiting.remove(run)
        # No daemon: those may not have loader workers.
        process = context.Process(target=_work, args=(run, out, epochs, messages))
        active[run.folder] = process
        process.start()


def _next_message(messages, active: dict) -> tuple[str, str, Any]:
    """What a worker says; a worker that was killed says nothing, and counts as failed."""
    while True:
        ended = {folder: process.exitcode for folder, process in active.items() if not process.is_alive()}
        try:
            return messages.get(timeout=1.)
        except queue.Empty:
            for folder, code in ended.items():  # it ended before the second of silence, so nothing is under way
                reason = f'its process ended with exit code {code} (-9: killed, often for want of memory)'
                return 'failed', folder, reason


def _work(run: Run, out: Path, epochs: int | None, messages) -> None:
    (out / run.folder).mkdir(parents=True, exist_ok=True)
    try:
        record = finished_before(run, out, epochs)
        if record is not None:
            messages.put(('kept', run.folder, record))
            return
        record = train_and_test(
            run, out, epochs, lambda done, total: messages.put(('progress', run.folder, 0.9 * done / total)))
        messages.put(('finished', run.folder, record))
    except BaseException as error:  # whatever ended this process is told to the one that waits for it
        with suppress(OSError, UserError), open(out / run.folder / 'log.txt', 'a', opener=open_own) as log:
            log.write(traceback.format_exc())
        messages.put(('failed', run.folder, one_line(error)))
