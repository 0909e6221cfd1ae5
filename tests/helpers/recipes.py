"""The numbers of a config by name, and the table that says where each is from."""

import ast
import csv
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config

ROOT = Path(__file__).resolve().parent.parent.parent
TABLE = ROOT / 'tests' / 'data' / 'recipes.tsv'
#: Configs of our own small data, which reproduce nobody's recipe.
OURS = ('digits', 'emoji', 'fashion', 'folder', 'glyphs', 'clip_pairs')
#: Parts of a config that make up a recipe.
PARTS = ('model', 'optim_wrapper', 'param_scheduler', 'train_cfg', 'train_dataloader', 'default_hooks.false_negative',
         'default_hooks.early_stop', 'test_cfg.measures.svm', 'test_cfg.measures.transfer', 'custom_hooks')
#: Settings of the machine and of what is logged, by the last part of their name.
NOT_OF_A_RECIPE = ('num_workers', 'val_interval', 'meta_keys', 'topk', 'seed', 'priority')


class Row(NamedTuple):
    """A line of the table: in these configs the numbers of this name have this value, as the source says."""

    configs: str
    key: str
    value: str
    source: str


def recipe_configs() -> list[str]:
    """Names of the configs that follow a paper or its code."""
    paths = (path.relative_to(ROOT / 'configs').with_suffix('') for path in sorted((ROOT / 'configs').rglob('*.py')))
    return [str(path) for path in paths if not {'_base_', 'studies', 'mmdetection'} & set(path.parts)
            and not any(word in path.name for word in OURS)]


def read_table(path: Path = TABLE) -> list[Row]:
    """The rows, of which the last that matches counts."""
    with open(path, newline='') as file:
        return [Row(*row) for row in csv.reader(file, delimiter='\t') if row and not row[0].startswith('#')]


@cache
def merged(path: Path) -> dict[str, Any]:
    """A config file and all that it inherits; the files hold plain values only."""
    names: dict[str, Any] = {}
    exec(path.read_text(), names)
    written = {name: value for name, value in names.items() if not name.startswith('__')}
    bases = written.pop('_base_', [])
    inherited: dict[str, Any] = {}
    for base in [bases] if isinstance(bases, str) else bases:
        inherited |= merged((path.parent / base).resolve())
    return Config._merge_a_into_b(written, inherited)


def numbers_of(name: str) -> dict[str, Any]:
    """The numbers of a config by name; parts of a list are called by their type, or by their place if they have none.

    ``train_dataloader.dataset.pipeline.MultiView.transforms.0.RandomFlip.prob`` is such a name.
    """
    config = merged(ROOT / 'configs' / f'{name}.py')
    return {key: value for key, value in leaves(config)
            if key.startswith(PARTS) and key.rsplit('.', 1)[-1] not in NOT_OF_A_RECIPE}


def leaves(value: Any, prefix: str = '') -> Iterator[tuple[str, Any]]:
    """Names and values of the numbers, and of the lists and tuples of numbers, in a config."""
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from leaves(entry, f'{prefix}.{key}' if prefix else str(key))
    elif isinstance(value, list | tuple) and any(isinstance(entry, dict | list | tuple) for entry in value):
        for key, entry in zip(_places(value), value, strict=True):
            yield from leaves(entry, f'{prefix}.{key}')
    elif _is_number(value) or isinstance(value, list | tuple) and value and all(map(_is_number, value)):
        yield prefix, value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _places(entries: list) -> list[str]:
    """What the entries of a list are called: their type, with a number if it is not the first of its kind."""
    places: list[str] = []
    for number, entry in enumerate(entries):
        kind = entry.get('type', str(number)) if isinstance(entry, dict) else str(number)
        again = sum(place.split('#')[0] == kind for place in places)
        places.append(f'{kind}#{again + 1}' if again else kind)
    return places


def row_of(name: str, key: str, table: list[Row]) -> Row | None:
    """The row that decides about a number of a config; None if there is none."""
    return next((row for row in reversed(table) if _matches(name, row.configs) and fnmatchcase(key, row.key)), None)


def _matches(name: str, patterns: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns.split())


def agrees(value: Any, row: Row) -> bool:
    """Whether a number is that of its row; lists and tuples are alike."""
    expected = ast.literal_eval(row.value)
    as_tuple = tuple(value) if isinstance(value, list) else value
    return as_tuple == (tuple(expected) if isinstance(expected, list) else expected)
