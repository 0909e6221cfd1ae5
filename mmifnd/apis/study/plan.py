"""What is to be run: read from a study's file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ..errors import UserError

#: Where a method that copies the removal rate of another one takes it.
RATE = 'model.head.detector.rate'


@dataclass(frozen=True)
class Method:
    """One row of the table.

    Attributes:
        name (str): short and unique.
        label (str): for people.
        config (str): path, from the top of the checkout.
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
    """The whole.

    Attributes:
        title (str), dataset (str): for people.
        methods (dict[str, Method]): in the order of the table.
        measures (dict[str, dict]): ``label``, ``unit`` and ``higher_is_better`` of each measure to show.
        comparisons (list[tuple[str, str, str]]): (a, b, measure) for a paired test of a > b over seeds.
        figure_run (str): the method whose embedding and removed negatives are drawn.
    """

    title: str
    dataset: str
    methods: dict[str, Method]
    measures: dict[str, dict]
    comparisons: list[tuple[str, str, str]]
    figure_run: str

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
        return Study(self.title, self.dataset, methods, self.measures, comparisons, figure_run)


def load_study(path: str | Path) -> Study:
    """Read a study's file.

    Raises:
        UserError: where it is missing, or lacks a part.
    """
    if not Path(path).is_file():
        raise UserError(f'study {path} does not exist; studies stand in configs/studies/')
    config = Config.fromfile(str(path)).to_dict()
    try:
        methods = {name: Method(name=name, **entry) for name, entry in config['methods'].items()}
        return Study(config['title'], config['dataset'], methods, config['measures'],
                     [tuple(c) for c in config['comparisons']], config['figure_run'])
    except (KeyError, TypeError) as error:
        raise UserError(f'study {path} lacks a part or has one too many: {error}') from None
