"""One training and its evaluation, in a process of its own."""

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
from mmengine.config import Config

from mmifnd.configuration.command_line import set_loader_defaults
from mmifnd.configuration.config import load_config
from mmifnd.configuration.environment import training_run
from mmifnd.datasets.building import build_dataset
from mmifnd.engine.hooks import EpochCallbackHook
from mmifnd.files import open_own
from mmifnd.records.lines import read_records
from mmifnd.records.names import DETECTION, HISTORY, folder_of

from .identity import fingerprint, read_finished, write_finished
from .plan import RATE, Run

DONE = 'measures.json'


def finished_before(run: Run, out: Path, epochs: int | None) -> dict[str, Any] | None:
    """What :func:`train_and_test` returned for this very run, where its folder says so; else None."""
    identity = fingerprint(_config(run, out, epochs), run.seed)
    return read_finished(out / run.folder / DONE, identity, run.method.name, run.seed)


def train_and_test(run: Run, out: Path, epochs: int | None, callback: Callable[[int, int], None]) -> dict[str, Any]:
    """Train ``run`` in its folder below ``out``, which exists, and judge it; what it prints goes to ``log.txt`` there.

    Args:
        epochs: instead of the config's.
        callback: called with (completed epochs, all epochs).

    Returns:
        dict: ``method``, ``seed``, ``work_dir``, ``seconds``, ``measures`` and ``fingerprint``.
    """
    torch.set_num_threads(1)
    folder = out / run.folder
    (folder / DONE).unlink(missing_ok=True)
    config = _config(run, out, epochs)
    identity = fingerprint(config, run.seed)
    started = time.perf_counter()
    with open(folder / 'log.txt', 'w', opener=open_own) as log, redirect_stdout(log), redirect_stderr(log):
        warnings.simplefilter('ignore')
        measures = _measures(run, config, folder, callback)
    record = dict(method=run.method.name, seed=run.seed, work_dir=run.folder, seconds=time.perf_counter() - started,
                  measures=measures, fingerprint=identity)
    write_finished(record, folder / DONE)
    return record


def _measures(run: Run, config: Config, folder: Path, callback) -> dict[str, float]:
    config.work_dir = str(folder)
    config.experiment_name = f'{run.method.name}_{run.seed}_{os.getpid()}_{time.time_ns()}'
    config.randomness = dict(seed=run.seed, deterministic=True)
    config.log_level = 'WARNING'
    set_loader_defaults(config)
    build_dataset(config.test_dataloader.dataset)  # what is wrong with it is not found after the training
    total = config.train_cfg.max_epochs
    try:
        with training_run(config) as runner:
            runner.register_hook(EpochCallbackHook(lambda done: callback(done, total)))
            runner.train()
            return {**last_detection(folder), **runner.test()}
    finally:
        logging.shutdown()
        sys.stdout.flush()


def _config(run: Run, out: Path, epochs: int | None) -> Config:
    options = dict(run.method.options)
    if epochs is not None:
        options['train_cfg.max_epochs'] = epochs
        options['default_hooks.checkpoint.interval'] = epochs
    config = load_config(run.method.config, options)
    if run.method.rate_from is None:
        return config
    rates = removal_rates(out / run.method.rate_from / f'seed_{run.seed}', config.train_cfg.max_epochs)
    return load_config(run.method.config, {**options, RATE: rates})


def last_detection(work_dir: Path) -> dict[str, float]:
    """Scores of the last epoch's training steps, as ``step_...``, if the run measured them.

    Where nothing was detected there is no precision.
    """
    records = read_records(folder_of(work_dir) / DETECTION)
    scores = {}
    for record in records:
        if record['epoch'] == records[-1]['epoch']:  # one record per head
            prefix = f'step_{record["direction"]}_' if 'direction' in record else 'step_'
            nothing = record.get('predicted_share') == 0
            scores.update({f'{prefix}{name}': value for name, value in record.items()
                           if name not in ('epoch', 'direction') and not (nothing and name.startswith('precision'))})
    return scores


def removal_rates(work_dir: Path, num_epochs: int) -> list[float]:
    """Share of negatives that a run removed in each of at most ``num_epochs`` epochs, from what its clusterings recorded."""
    rates: list[float] = []
    for record in read_records(folder_of(work_dir) / HISTORY, required=('false_negative_share',)):
        if record['epoch']:
            rates += [record['false_negative_share'] or 0.] * (min(record['epoch'], num_epochs) - len(rates))
    return rates
