"""What is to be run: read from a study's file."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mmifnd.configuration.config import read_config
from mmifnd.configuration.shipped import find_config
from mmifnd.errors import UserError, near_matches

#: Where a method that copies the removal rate of another one takes it.
RATE = 'model.head.detector.rate'
TEMPERATURE = 'model.head.temperature'


@dataclass(frozen=True)
class Method:
    """One row of the table.

    Attributes:
        name (str): short and unique.
        label (str): for people.
        config (str): a file, or the name of a shipped config.
        options (dict): overrides, as of ``--cfg-options``.
        rate_from (str, optional): the method whose share of removed negatives is to be matched, epoch by epoch, in the
            run of the same seed.
    """

    name: str
    label: str
    config: str
    options: dict[str, Any] = field(default_factory=dict)
    rate_from: str | None = None


@dataclass(frozen=True)
class Run:
    """One training: a method with a seed. Its files lie in ``METHOD/seed_N`` of the study's folder."""

    method: Method
    seed: int

    @property
    def folder(self) -> str:
        """Relative to the study's folder."""
        return f'{self.method.name}/seed_{self.seed}'


@dataclass(frozen=True)
class Study:
    """Build the plan.

    Attributes:
        title (str), dataset (str): for people.
        methods (dict[str, Method]): in the order of the table.
        measures (dict[str, dict]): ``label``, ``unit`` and ``higher_is_better`` of each measure to show.
        comparisons (list[tuple[str, str, str]]): (a, b, measure) for a paired test of a > b over seeds.
        figure_run (str): the method whose embedding and removed negatives are drawn.
        selection (dict): overrides under which settings are chosen: splits that are not reported.
        cells (dict[str, str]): labels of the table's further dimension, such as data sets; empty without one.
        gaps (list[tuple[str, str, str]]): (a, b, measure), whose difference a - b is compared between the cells.
    """

    title: str
    dataset: str
    methods: dict[str, Method]
    measures: dict[str, dict]
    comparisons: list[tuple[str, str, str]]
    figure_run: str
    selection: dict[str, Any] = field(default_factory=dict)
    cells: dict[str, str] = field(default_factory=dict)
    gaps: list[tuple[str, str, str]] = field(default_factory=list)

    def runs(self, seeds: Sequence[int]) -> Iterator[Run]:
        """Every method with every seed; those that need another run's rate come last."""
        ordered = sorted(self.methods.values(), key=lambda method: method.rate_from is not None)
        return (Run(method, seed) for method in ordered for seed in seeds)

    def only(self, names: Sequence[str]) -> 'Study':
        """The study of some methods, and of those whose rate they copy."""
        unknown = [name for name in names if name not in self.methods]
        if unknown:
            raise UserError(f'--methods {unknown[0]}: the study has no such method; it has {", ".join(self.methods)}')
        wanted = set(names) | {self.methods[name].rate_from for name in names}
        methods = {name: method for name, method in self.methods.items() if name in wanted}
        comparisons = [c for c in self.comparisons if c[0] in methods and c[1] in methods]
        figure_run = self.figure_run if self.figure_run in methods else next(iter(methods))
        gaps = [gap for gap in self.gaps if any(f'{gap[0]}_{c}' in methods and f'{gap[1]}_{c}' in methods for c in self.cells)]
        return replace(self, methods=methods, comparisons=comparisons, figure_run=figure_run, gaps=gaps)

    def with_options(self, options: dict[str, Any]) -> 'Study':
        """The study with overrides that hold for every method."""
        methods = {name: replace(method, options={**method.options, **options}) for name, method in self.methods.items()}
        return replace(self, methods=methods)


def load_study(path: str | Path) -> Study:
    """Read a study's file.

    Besides the attributes of :class:`Study` it may hold ``options``, overrides for all methods; and ``cells``, the table's
    further dimension: a ``label`` and ``options`` by name. A method is then run, as ``METHOD_CELL``, in each cell for which
    its ``temperatures`` have one. ``gaps`` then are differences of two methods that are compared between the cells.

    Raises:
        UserError: if it is missing, lacks a part, or names what there is not.
    """
    config = read_config(find_config(path, 'study')).to_dict()
    for name in ('methods', 'measures'):
        if not isinstance(config.get(name, {}), dict):
            raise UserError(f'study {path}: {name}={config[name]!r} must be a dict')
    try:
        methods = {method.name: method for method in _methods(config)}
        study = Study(config['title'], config['dataset'], methods, config['measures'],
                      [tuple(c) for c in config['comparisons']], config['figure_run'], config.get('selection', {}),
                      {name: cell['label'] for name, cell in config.get('cells', {}).items()},
                      [tuple(gap) for gap in config.get('gaps', [])])
    except (KeyError, TypeError) as error:
        raise UserError(f'study {path} lacks a part or has one too many: {error}') from None
    _check(study, path)
    return study


def _methods(config: dict) -> Iterator[Method]:
    """The methods of a study's file; cell by cell where it has cells."""
    entries = {name: dict(entry, options={**config.get('options', {}), **entry.get('options', {})})
               for name, entry in config['methods'].items()}
    if 'cells' not in config:
        yield from (Method(name=name, **entry) for name, entry in entries.items())
        return
    unknown = {cell for entry in entries.values() for cell in entry['temperatures']} - set(config['cells'])
    if unknown:
        raise KeyError(f'the cell {min(unknown)}')
    for cell, given in config['cells'].items():
        yield from (_in_cell(name, entry, cell, **given) for name, entry in entries.items() if cell in entry['temperatures'])


def _in_cell(name: str, entry: dict, cell: str, label: str, options: dict) -> Method:
    rate_from = entry.get('rate_from')
    return Method(
        name=f'{name}_{cell}', label=f'{entry["label"]}, {label}', config=entry['config'],
        options={**entry['options'], **options, TEMPERATURE: entry['temperatures'][cell]},
        rate_from=rate_from and f'{rate_from}_{cell}')


def _check(study: Study, path: str | Path) -> None:
    """Refuse a study that names methods, measures or configs that do not exist.

    Raises:
        UserError: naming the file, the place in it, and what is known.
    """
    if not study.methods:
        raise UserError(f'study {path} has no methods; give at least one: methods=dict(NAME=dict(label=..., config=...))')
    for method in study.methods.values():
        try:
            find_config(method.config)
        except UserError as error:
            raise UserError(f'study {path}: methods.{method.name}: {error}') from None
        if method.rate_from is not None:
            _check_name(f'study {path}: methods.{method.name}.rate_from', method.rate_from, set(study.methods) - {method.name})
    for position, comparison in enumerate(study.comparisons):
        place = f'study {path}: comparisons[{position}]'
        if len(comparison) != 3:
            raise UserError(f'{place}={comparison} must be two methods and a measure')
        *methods, measure = comparison
        for name in methods:
            _check_name(place, name, study.methods)
        _check_name(place, measure, study.measures)
    _check_name(f'study {path}: figure_run', study.figure_run, study.methods)
    for position, gap in enumerate(study.gaps):
        _check_gap(f'study {path}: gaps[{position}]', gap, study)


def _check_gap(place: str, gap: tuple, study: Study) -> None:
    if len(gap) != 3:
        raise UserError(f'{place}={gap} must be two methods and a measure')
    if len(study.cells) < 2:
        raise UserError(f'{place} compares a difference between cells, and the study has {len(study.cells)}; give cells')
    for name in gap[:2]:
        known = {method.rsplit(f'_{cell}', 1)[0] for cell in study.cells for method in study.methods
                 if method.endswith(f'_{cell}')}
        _check_name(place, name, known)
    _check_name(place, gap[2], study.measures)


def _check_name(place: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        raise UserError(f'{place} names {name}, which does not exist{near_matches(name, known)}')
