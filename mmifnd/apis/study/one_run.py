"""One training and its evaluation, in a process of its own."""

import json
import logging
import os
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import torch

from mmifnd.engine.hooks import EpochCallbackHook

from ..config import load_config
from ..environment import build_runner
from .plan import RATE, Run

DONE = 'measures.json'


def train_and_test(run: Run, out: Path, epochs: int | None, callback: Callable[[int, int], None]) -> dict[str, Any]:
    """Train ``run`` in its folder below ``out`` and judge it; what it prints goes to ``log.txt`` there.

    Args:
        epochs: instead of the config's.
        callback: called with (completed epochs, all epochs).

    Returns:
        dict: ``method``, ``seed``, ``work_dir``, ``seconds`` and ``measures``.
    """
    torch.set_num_threads(1)
    folder = out / run.folder
    folder.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    with open(folder / 'log.txt', 'w') as log, redirect_stdout(log), redirect_stderr(log):
        warnings.simplefilter('ignore')
        measures = _measures(run, out, folder, epochs, callback)
    record = dict(method=run.method.name, seed=run.seed, work_dir=run.folder, seconds=time.perf_counter() - started,
                  measures=measures)
    (folder / DONE).write_text(json.dumps(record))
    return record


def _measures(run: Run, out: Path, folder: Path, epochs: int | None, callback) -> dict[str, float]:
    config = load_config(run.method.config, _options(run, out, epochs))
    config.work_dir = str(folder)
    config.experiment_name = f'{run.method.name}_{run.seed}_{os.getpid()}_{time.time_ns()}'
    config.randomness = dict(seed=run.seed, deterministic=True)
    config.log_level = 'WARNING'
    runner = build_runner(config)
    total = config.train_cfg.max_epochs
    runner.register_hook(EpochCallbackHook(lambda done: callback(done, total)))
    try:
        runner.train()
        return {**_last_detection(folder), **runner.test()}
    finally:
        logging.shutdown()
        sys.stdout.flush()


def _options(run: Run, out: Path, epochs: int | None) -> dict[str, Any]:
    options = dict(run.method.options)
    if epochs is not None:
        options['train_cfg.max_epochs'] = epochs
        options['default_hooks.checkpoint.interval'] = epochs
    if run.method.rate_from is not None:
        options[RATE] = removal_rates(out / run.method.rate_from / f'seed_{run.seed}')
    return options


def _last_detection(work_dir: Path) -> dict[str, float]:
    """Scores of the last epoch's training steps, as ``step_...``, where the run measured them."""
    path = work_dir / 'false_negatives' / 'detection.jsonl'
    if not path.exists():
        return {}
    last = json.loads(path.read_text().splitlines()[-1])
    return {f'step_{name}': value for name, value in last.items() if name != 'epoch'}


def removal_rates(work_dir: Path) -> list[float]:
    """Share of negatives that a run removed in each epoch, from what its clusterings recorded; the last epoch, behind which
    there is no clustering, is not among them."""
    rates: list[float] = []
    for line in (work_dir / 'false_negatives' / 'history.jsonl').read_text().splitlines():
        record = json.loads(line)
        if record['epoch']:
            rates += [record['false_negative_share'] or 0.] * (record['epoch'] - len(rates))
    return rates
