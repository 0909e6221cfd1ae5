"""Each number of a recipe is the value that its source has: tests/data/recipes.tsv says which, and where from."""

from functools import cache

import pytest
from recipes import PARTS, Row, agrees, numbers_of, read_table, recipe_configs, row_of


@cache
def table() -> list[Row]:
    return read_table()


@pytest.mark.parametrize('name', recipe_configs())
def test_every_number_is_that_of_its_source(name: str) -> None:
    numbers = numbers_of(name)
    rows = {key: row_of(name, key, table()) for key in numbers}
    missing = [f'{key} = {numbers[key]}' for key, row in rows.items() if row is None]
    wrong = [f'{key} = {numbers[key]}, {row.value} in the table ({row.source})'
             for key, row in rows.items() if row is not None and not agrees(numbers[key], row)]
    assert not missing, 'no line of tests/data/recipes.tsv says where these are from:\n' + '\n'.join(missing)
    assert not wrong, '\n'.join(wrong)


def test_every_line_of_the_table_decides_something() -> None:
    deciding = {row_of(name, key, table()) for name in recipe_configs() for key in numbers_of(name)}
    assert not [row for row in table() if row not in deciding]


def test_every_line_names_its_source() -> None:
    assert all(len(row.source) > 3 for row in table())
    assert len(recipe_configs()) > 120 and all(numbers_of(name) for name in recipe_configs() if 'svm' not in name)


def test_a_number_that_nobody_knows_would_be_noticed() -> None:
    name = 'ifnd/ifnd_r50_8xb32_200e_in1k'
    assert row_of(name, 'optim_wrapper.optimizer.lr', table()).value == '0.03'
    assert not agrees(0.3, row_of(name, 'optim_wrapper.optimizer.lr', table()))
    assert row_of(name, f'{PARTS[0]}.unknown', table()) is None
