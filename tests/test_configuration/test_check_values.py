"""What an annotation lets through."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from mmifnd.configuration.check_values import expected, outside_limits


@pytest.mark.parametrize('annotation, value, words', [
    (float, 'a', 'a number'), (float, 1, ''), (float | None, None, ''), (int, 1.5, 'a whole number'), (int, (1, ), 'a number'),
    (int | str, 'a', ''), (bool, 'no', 'True or False'), (bool, 1, ''), (bool | None, None, ''),
    (Sequence[int], 5, 'a list, such as (5,)'), (Sequence[int], (1, 2.5), 'a list of whole numbers'), (Sequence[int], [], ''),
    (Sequence[float], ('a', ), 'a list of numbers'), (Sequence[float], (1, 2.5), ''), (Sequence[str], 'a', 'a list'),
    (tuple[float, float], (0.9, 0.98), ''), (tuple[int, ...], 16, 'a list, such as (16,)'), (float | Sequence[float], 5, ''),
    (dict, None, 'a dict'), (dict | None, None, ''), (Mapping[str, dict], [1], 'a dict'), (dict | Sequence, [1], ''),
    (Any, 'a', ''), (None, 'a', '')])
def test_what_a_value_should_be(annotation, value, words):
    assert expected(annotation, value, is_exact=True) == words


def test_annotations_of_others_are_taken_for_numbers_only():
    assert expected(int, 'a', is_exact=False) == 'a number'
    assert expected(int, 1.5, is_exact=False) == expected(dict, 1, is_exact=False) == ''


@pytest.mark.parametrize('key, value, words', [
    ('interval', 0, 'at least 1'), ('interval', 1, ''), ('start_factor', 2, 'at least 0 and at most 1'), ('lr', 0, ''),
    ('lr', 'a', ''), ('unknown', -1, '')])
def test_limits(key, value, words):
    assert outside_limits(key, value) == words
