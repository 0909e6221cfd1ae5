"""Several methods on one's own images, each at a temperature chosen for it, with seeds, tests and a report."""

from collections.abc import Sequence
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config

from mmifnd.configuration.config import apply_options, require_parts
from mmifnd.errors import UserError, near_matches
from mmifnd.files import write_whole
from mmifnd.machine import available_cores
from mmifnd.records.run_lock import locked
from mmifnd.studies import Method, Study, as_markdown, run_all, summary_of, write_results
from mmifnd.studies.measured import check_measured
from mmifnd.studies.plan import TEMPERATURE
from mmifnd.studies.report import write_report
from mmifnd.studies.temperatures import at_temperatures, best_temperatures, check_temperatures, temperature_table

from .pretraining import pretrain, pretraining_config
from .pretraining_arguments import check_writable

LABELS = dict(none='{framework} alone', ifnd='IFND', glofnd='GloFND')
FRAMEWORK_LABELS = dict(mocov2='MoCo v2', simclr='SimCLR', swav='SwAV')
#: What the table shows, if the runs measured it.
MEASURES = dict(
    knn=dict(label='kNN', unit='%', higher_is_better=True),
    linear=dict(label='linear', unit='%', higher_is_better=True),
    shot_1=dict(label='1-shot', unit='%', higher_is_better=True),
    shot_5=dict(label='5-shot', unit='%', higher_is_better=True),
    nmi=dict(label='NMI', unit='%', higher_is_better=True),
    step_precision_micro=dict(label='precision', unit='%', higher_is_better=True),
    step_recall_micro=dict(label='recall', unit='%', higher_is_better=True))
#: Parts that a comparison needs of each config.
PARTS = ('model', 'train_dataloader.dataset', 'train_cfg', 'optim_wrapper', 'default_hooks.checkpoint',
         'test_dataloader.dataset', 'test_cfg.measures')
#: Seeds of the runs that choose; those that are reported count from 0.
FIRST_CHOOSING_SEED = 100


class Comparison(NamedTuple):
    """The result of a comparison.

    Attributes:
        results: as in ``results.json``: ``methods``, ``measures``, ``runs`` (one per method and seed), ``summary`` (``mean``,
            ``std`` and ``n`` by method and measure), ``comparisons`` (paired tests) and ``left_out`` (a sentence for each value
            and comparison that was not measured).
        report: path of the page.
        table: path of the same table in Markdown.
    """

    results: dict[str, Any]
    report: Path
    table: Path


def compare(data: str | Path, out: str | Path, methods: Sequence[str] = ('none', 'ifnd', 'glofnd'),
            temperatures: Sequence[float] = (0.1, 0.2, 0.5), seeds: int = 3, choosing_seeds: int = 1, measure: str = 'knn',
            workers: int | None = None, command: str = 'mmifnd.apis.compare(...)', take_over: bool = False,
            **settings: Any) -> Comparison:
    """Pre-train each method on the images of a folder, and compare what it learned.

    The classes of the folder are looked at to measure, never to train. A share of each class is held out. Another share of the
    rest chooses the temperature of each method, with seeds that are not reported; then all methods are trained on the whole
    rest with the seeds 0, 1, ... and judged on the images that were held out. The others are tested against the first method,
    by a paired t-test over seeds. A second call keeps the runs that were finished before.

    Args:
        data: folder of classes, see :func:`mmifnd.apis.pretrain`.
        out: folder for all runs, ``results.json``, ``table.md``, ``temperatures.md`` and ``report.html``.
        methods: methods of :func:`mmifnd.apis.pretrain`, the one to compare with first.
        temperatures: those that are tried; a single one is taken as it is.
        seeds: trainings of each method that are reported.
        choosing_seeds: trainings of each method at each temperature that choose.
        measure: the measure that chooses and that is tested, one of :data:`MEASURES`.
        workers: trainings at a time; default: one per core, at most two.
        command: what results and tables say they were made by.
        take_over: use ``out`` even if another run seems to be using it.
        **settings: further arguments of :func:`mmifnd.apis.pretrain`, such as ``epochs``, ``framework``, ``image_size``,
            ``holdout`` and ``options``, for all methods.

    Raises:
        UserError: if a value is out of range, a method or measure is unknown, or the images have no classes to judge by.
    """
    _check(methods, temperatures, seeds, choosing_seeds, measure)
    out = Path(out).expanduser()
    workers = workers or min(2, available_cores())
    check_writable(out)
    with locked(out, take_over):
        return _compare(data, out, methods, temperatures, seeds, choosing_seeds, measure, workers, command, settings)


def _compare(data: str | Path, out: Path, methods: Sequence[str], temperatures: Sequence[float], seeds: int,
             choosing_seeds: int, measure: str, workers: int, command: str, settings: dict[str, Any]) -> Comparison:
    study = _study(data, out, methods, measure, settings)
    check_measured(study, measure)
    if len(temperatures) > 1:
        study = _choose(study, out, temperatures, range(FIRST_CHOOSING_SEED, FIRST_CHOOSING_SEED + choosing_seeds), measure,
                        workers, command)
    else:
        study = study.with_options({TEMPERATURE: temperatures[0]})
    results = summary_of(study, run_all(study, out, range(seeds), workers=workers), command)
    write_results(results, out / 'results.json')
    table = out / 'table.md'
    write_whole(table, as_markdown(results))
    return Comparison(results, write_report(study, results, out), table)


def _check(methods: Sequence[str], temperatures: Sequence[float], seeds: int, choosing_seeds: int, measure: str) -> None:
    if isinstance(methods, str) or len(set(methods)) < 2 or len(set(methods)) < len(methods):
        raise UserError(f"methods={methods!r} must be at least two different ones, such as ('none', 'ifnd')")
    check_temperatures(temperatures)
    for name, value in (('seeds', seeds), ('choosing_seeds', choosing_seeds)):
        if not isinstance(value, int) or value < 1:
            raise UserError(f'{name}={value!r} is below 1; give a whole number of at least 1')
    if measure not in MEASURES:
        raise UserError(f'measure={measure!r} is unknown; choose one of {", ".join(MEASURES)}')


def _study(data: str | Path, out: Path, methods: Sequence[str], measure: str, settings: dict[str, Any]) -> Study:
    """The study of these methods; their configs lie in ``out/configs``."""
    options = dict(settings.pop('options', None) or {})
    settings = _with_defaults(settings)
    framework = FRAMEWORK_LABELS.get(settings['framework'], settings['framework'])
    entries: dict[str, Method] = {}
    for name in methods:
        config, _ = pretraining_config(data, method=name, **settings)
        images = config.train_dataloader.dataset
        if images.type != 'SplitFolder' or not images.holdout:
            raise UserError(f'{data}: methods are compared by labels, on images that are held out; give one folder of classes, '
                            'without folders for training and testing, and holdout > 0')
        apply_options(config, options)
        require_parts(config, *PARTS)
        config.default_hooks.checkpoint.interval = config.train_cfg.max_epochs
        path = out / 'configs' / f'{name}.py'
        path.parent.mkdir(parents=True, exist_ok=True)
        config.dump(str(path))
        entries[name] = Method(name, LABELS.get(name, name).format(framework=framework), str(path))
    held_out = config.test_dataloader.dataset
    return Study(
        title=f'{framework} with and without false negatives on {Path(data).name}',
        dataset=f'{Path(data).name}: {held_out.get("holdout", images.holdout):.0%} of each class is held out', methods=entries,
        measures=_measures_of(config), figure_run=methods[-1],
        comparisons=[(name, methods[0], measure) for name in methods[1:]],
        selection={'train_dataloader.dataset.split': 'train', 'test_dataloader.dataset.split': 'val'})


def _with_defaults(settings: dict[str, Any]) -> dict[str, Any]:
    """``settings`` and the defaults of :func:`pretrain` for all else.

    Raises:
        UserError: if it has no such argument.
    """
    accepted = set(signature(pretraining_config).parameters) - {'data', 'method'}
    unknown = [name for name in settings if name not in accepted]
    if unknown:
        raise UserError(f'compare has no argument {unknown[0]}{near_matches(unknown[0], accepted)}')
    defaults = {name: entry.default for name, entry in signature(pretrain).parameters.items() if name in accepted}
    return {**defaults, **settings}


def _measures_of(config: Config) -> dict[str, dict[str, Any]]:
    """Measures that some run can have; detection is not measured of a framework alone."""
    configured = {name for name, measure in config.test_cfg.measures.items() if measure is not None}
    present = {name: entry for name, entry in MEASURES.items()
               if name.split('_')[0] in configured or name.startswith('step_') or name.startswith('shot_')
               and 'few_shot' in configured}
    return {name: dict(entry) for name, entry in present.items()}


def _choose(study: Study, out: Path, temperatures: Sequence[float], seeds: range, measure: str, workers: int,
            command: str) -> Study:
    """The study with each method at the temperature that is best on the validation images."""
    grid = at_temperatures(study, temperatures)
    results = summary_of(grid, run_all(grid, out / 'temperatures', list(seeds), workers=workers), command)
    write_results(results, out / 'temperatures.json')
    best = best_temperatures(results, study, temperatures, measure)
    write_whole(out / 'temperatures.md', temperature_table(results, study, temperatures, measure))
    chosen = {name: replace(method, options={**method.options, TEMPERATURE: best[name]})
              for name, method in study.methods.items()}
    return replace(study, methods=chosen)
