import numpy as np
import pytest
from scipy.stats import t as student

from mmifnd.evaluation import paired_t_test

BETTER, WORSE = [71.2, 72.0, 74.1, 70.3], [70.0, 70.5, 71.0, 70.9]


def test_equals_the_formula():
    result = paired_t_test(BETTER, WORSE)
    difference = np.subtract(BETTER, WORSE)
    t = difference.mean() / (difference.std(ddof=1) / 2)
    assert result == pytest.approx(dict(
        mean_difference=difference.mean(), standard_deviation=difference.std(ddof=1), t=t,
        p_one_sided=student.sf(t, 3), p_two_sided=2 * student.sf(t, 3), n=4), abs=1e-12)


def test_exchange_of_the_methods():
    forward, backward = paired_t_test(BETTER, WORSE), paired_t_test(WORSE, BETTER)
    assert backward['t'] == pytest.approx(-forward['t'])
    assert backward['p_two_sided'] == pytest.approx(forward['p_two_sided'])
    assert backward['p_one_sided'] == pytest.approx(1 - forward['p_one_sided'])


def test_one_pair_has_a_difference_but_no_test():
    assert paired_t_test([2.0], [0.5]) == dict(
        mean_difference=1.5, standard_deviation=None, t=None, p_one_sided=None, p_two_sided=None, n=1)


@pytest.mark.parametrize('a, b', [([1.0, 2.0], [1.0, 2.0]), ([0.3, 0.4, 0.9], [0.2, 0.3, 0.8])])
def test_equal_differences_have_no_test(a, b):
    result = paired_t_test(a, b)
    assert result['mean_difference'] == pytest.approx(a[0] - b[0])
    assert (result['t'], result['p_one_sided'], result['p_two_sided']) == (None, None, None)


@pytest.mark.parametrize('a, b, message', [
    ([1.0, 2.0], [1.0], r'a has shape \(2,\) and b has shape \(1,\)'),
    ([], [], r'expected \(n,\) for both with n >= 1'),
    ([1.0, np.nan], [1.0, 2.0], 'holds NaN or infinity'),
])
def test_errors_say_what_is_wrong(a, b, message):
    with pytest.raises(ValueError, match=message):
        paired_t_test(a, b)
