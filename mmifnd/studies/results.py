"""Results of evaluations: one schema to write, and whatever was written read back as scored runs."""

import hashlib
import json
import os
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from mmengine.config import Config

from mmifnd.configuration.errors import UserError
from mmifnd.configuration.versions import versions
from mmifnd.evaluation import Summary
from mmifnd.evaluation.runs import is_measured
from mmifnd.files import open_regular
from mmifnd.foreign import believed, read_json
from mmifnd.records.scores import check_run, check_spreads

#: Keys of a config, and of its data loaders, that say where and how a run is started, not what it is.
_CIRCUMSTANCES = {'work_dir', 'launcher', 'load_from', 'resume', 'filename', 'experiment_name'}
_OF_LOADERS = {'pin_memory', 'persistent_workers', 'num_workers'}


@dataclass(frozen=True)
class ScoredRun:
    """One training and what was measured of it.

    Attributes:
        method (str): the name that runs which differ in their seed only have in common.
        seed (int | None): of the training, where it is known.
        measures (dict[str, float]): by name.
        spreads (dict[str, float]): standard deviation over the draws within a measure, where it has several.
        file (str): that it was read from, for messages; empty if it was read from none.
    """

    method: str
    seed: int | None
    measures: dict[str, float]
    spreads: dict[str, float] = field(default_factory=dict)
    file: str = field(default='', compare=False)


def evaluation_results(config_path: str | Path, config: Config, checkpoint_path: str | Path, checkpoint: Mapping,
                       measures: Mapping[str, float], summaries: Mapping[str, Summary], command: str) -> dict[str, Any]:
    """What ``tools/test.py --out`` and :func:`mmifnd.apis.evaluate` write.

    Args:
        config_path, config: of the evaluation, with the overrides of the command line.
        checkpoint_path, checkpoint: the file, and what it holds.
        measures: value of each measure.
        summaries: of those that were repeated: their draws; a measure ``NAME_std`` of such a one is left out.
        command: that was typed.

    Returns:
        dict: ``kind`` ('evaluation'), ``command``, ``created``, ``versions``, ``config`` and ``checkpoint`` with their
        ``config_hash`` and ``checkpoint_hash``, ``seeds`` (of the training; empty if the checkpoint does not say),
        and ``measures``: by name ``value``, ``spread`` (sample standard deviation over the draws, or None) and ``draws``.
    """
    seed = (checkpoint.get('meta') or {}).get('seed')
    spreads = {f'{name}_std' for name in summaries}
    return dict(
        kind='evaluation', command=command, created=time.strftime('%Y-%m-%d'), versions=versions(), config=str(config_path),
        config_hash=config_hash(config), checkpoint=str(checkpoint_path), checkpoint_hash=file_hash(checkpoint_path),
        seeds=[] if seed is None else [int(seed)],
        measures={name: _entry(float(value), summaries.get(name)) for name, value in measures.items() if name not in spreads})


def config_hash(config: Config) -> str:
    """16 hex digits of the SHA-256 of all that a config says, but for where and how it is started."""
    compared = {key: _without(value, _OF_LOADERS) if key.endswith('_dataloader') else value
                for key, value in _without(config.to_dict(), _CIRCUMSTANCES).items()}
    return hashlib.sha256(json.dumps(compared, sort_keys=True, default=repr).encode()).hexdigest()[:16]


def file_hash(path: str | Path) -> str:
    """16 hex digits of the SHA-256 of a file."""
    digest = hashlib.sha256()
    with open_regular(path) as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()[:16]


def read_runs(source: str) -> list[ScoredRun]:
    """The runs of a results file: of an evaluation (one), or of a study.

    ``FILE:METHOD`` takes one method of a study, and ``LABEL=FILE`` calls all runs of the file LABEL. Without one, a run is
    named after the folder of its checkpoint (``seed_N`` counts as a part of the folder above), and after the config where
    that is another one's, such as a benchmark's.

    Raises:
        UserError: if the file is missing, cannot be read or is no results file, it holds what no run has, such as a negative
            spread, or the study has no such method.
    """
    label, path, method = _split(source)
    try:
        results = read_json(path)
    except FileNotFoundError:
        raise UserError(f'{path} does not exist; give a results.json of tools/study.py or tools/test.py --out') from None
    with believed(path, 'give a results.json of tools/study.py or tools/test.py --out'):
        is_study = isinstance(results, dict) and 'runs' in results
        if method is not None and not is_study:
            raise UserError(f'{path} is the evaluation of one run and has no method {method}; give {path} alone, or '
                            f'STUDY/results.json:{method}')
        runs = _of_study(results, path, method) if is_study else [_of_evaluation(results, path)]
    return [replace(run, method=label) for run in runs] if label else runs


def paired_values(one: Iterable[ScoredRun], other: Iterable[ScoredRun], measure: str) -> tuple[list[float], list[float]]:
    """Values of ``measure`` of the runs of equal seed, in the order of the seeds.

    Raises:
        UserError: if a seed is unknown or occurs twice, or there is no pair.
    """
    one, other = (_by_seed(runs, measure) for runs in (one, other))
    seeds = sorted(set(one) & set(other))
    if not seeds:
        raise UserError(f'{measure}: no two runs have the same seed ({sorted(one)} and {sorted(other)}); evaluate runs of '
                        'the same seeds')
    return [one[seed] for seed in seeds], [other[seed] for seed in seeds]


def means_over_methods(runs: Sequence[ScoredRun], name: str = 'mean') -> list[ScoredRun]:
    """The mean of each measure over the methods, a run a seed; measures and seeds that not all methods have are left out.

    Of one training judged by several configs it is what they say together: GloFND's semi-supervised score is the mean of
    the linear evaluations on four shares of the labels.

    Raises:
        UserError: if a seed is unknown or occurs twice, a spread is negative, or the methods have no seed and measure in
            common.
    """
    for run in runs:
        check_spreads(run.method, run.spreads)
    methods = list(dict.fromkeys(run.method for run in runs))
    means: dict[int, dict[str, float]] = {}
    for measure in dict.fromkeys(measure for run in runs for measure in run.measures):
        values = [_by_seed((run for run in runs if run.method == method), measure) for method in methods]
        for seed in set.intersection(*map(set, values)):
            means.setdefault(seed, {})[measure] = fmean(of_method[seed] for of_method in values)
    if not means:
        raise UserError(f'a mean over {", ".join(methods)} needs runs of each that have a seed and a measure in common')
    return [ScoredRun(name, seed, means[seed]) for seed in sorted(means)]


def _without(holder: Any, keys: set[str]) -> Any:
    return {key: value for key, value in holder.items() if key not in keys} if isinstance(holder, dict) else holder


def _by_seed(runs: Iterable[ScoredRun], measure: str) -> dict[int, float]:
    value_of_seed: dict[int, float] = {}
    for run in runs:
        if measure not in run.measures:
            continue
        if run.seed is None or run.seed in value_of_seed:
            problem = 'has no seed' if run.seed is None else f'of seed {run.seed} is there twice'
            place = f' (in {run.file})' if run.file else ''
            raise UserError(f'{measure}: a run of {run.method} {problem}{place}; runs are matched by seed: one per seed')
        value_of_seed[run.seed] = run.measures[measure]
    return value_of_seed


def _entry(value: float, summary: Summary | None) -> dict[str, Any]:
    if summary is None:
        return dict(value=value, spread=None, draws=[value])
    return dict(value=value, spread=summary.standard_deviation, draws=list(summary.values))


def _split(source: str) -> tuple[str | None, str, str | None]:
    """LABEL, FILE and METHOD of LABEL=FILE:METHOD; a file whose own name has such signs is taken as it is."""
    if os.path.exists(source):
        return None, source, None
    label, equals, rest = source.partition('=')
    path, colon, method = (rest if equals else source).rpartition(':')
    return label if equals else None, path if colon else method, method if colon else None


def _of_evaluation(results: dict, path: str) -> ScoredRun:
    measures = results['measures']
    folder, config = Path(results['checkpoint']).parent, Path(results['config']).stem
    name = folder.parent.name if re.fullmatch(r'seed_\d+', folder.name) else folder.name
    return _checked(ScoredRun(
        config if name in ('', config) else f'{name}, {config}', next(iter(results['seeds']), None),
        {name: entry['value'] for name, entry in measures.items()},
        {name: entry['spread'] for name, entry in measures.items() if entry['spread'] is not None}), path)


def _of_study(results: dict, path: str, method: str | None) -> list[ScoredRun]:
    runs = [_checked(ScoredRun(run['method'], run['seed'], run['measures']), path) for run in results['runs']]
    methods = list(dict.fromkeys(run.method for run in runs))
    if method is not None and method not in methods:
        raise UserError(f'{path} has no method {method}; it has {", ".join(methods)}')
    return [run for run in runs if method in (None, run.method)]


def _checked(run: ScoredRun, path: str) -> ScoredRun:
    """A run without what could not be measured."""
    check_run(run.method, run.seed, run.measures, path)
    check_run(run.method, run.seed, run.spreads, path)
    check_spreads(run.method, run.spreads, path)
    return replace(run, file=str(path), measures={name: value for name, value in run.measures.items() if is_measured(value)})
