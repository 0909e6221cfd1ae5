"""Checks of arguments refuse what is outside, NaN included, and say what is allowed."""

import math

import pytest

from mmifnd.checks import check_at_least, check_choice, check_inside, check_positive


@pytest.mark.parametrize('closed, low_is_allowed, high_is_allowed', [
    ('both', True, True), ('left', True, False), ('right', False, True), ('neither', False, False)])
def test_ends_of_an_interval(closed, low_is_allowed, high_is_allowed):
    check_inside('x', 0.5, 0, 1, closed)
    for value, is_allowed in ((0, low_is_allowed), (1, high_is_allowed), (-0.1, False), (1.1, False), (math.nan, False)):
        if is_allowed:
            check_inside('x', value, 0, 1, closed)
        else:
            with pytest.raises(ValueError, match=rf'^x={value} of Part is outside [\[(]0, 1[\])]; give a share$'):
                check_inside('x', value, 0, 1, closed, 'Part', 'give a share')


@pytest.mark.parametrize('value', [0, -1, math.nan])
def test_positive(value):
    check_positive('x', 1e-9)
    with pytest.raises(ValueError, match=f'^x={value} is not positive$'):
        check_positive('x', value)


@pytest.mark.parametrize('value', [0, 0.99, math.nan])
def test_at_least(value):
    check_at_least('x', 1, 1)
    with pytest.raises(ValueError, match=f'^x={value} of Part must be at least 1$'):
        check_at_least('x', value, 1, 'Part')


def test_choices_are_listed_in_order():
    check_choice('x', 'b', ('b', 'a'))
    with pytest.raises(ValueError, match="^x=None is unknown; choose one of b, a$"):
        check_choice('x', None, dict(b=1, a=2))
