"""The quantile problem of GloFND: its minimiser, its subgradient, the steps that follow it."""

import math

import pytest
import torch
from hypothesis import given, strategies as st

from mmifnd.functional import adam_step, batch_quantile, decayed_rate, sgd_step, threshold_gradient

#: Few different values, so that ties are frequent; exact in binary.
SIMILARITIES = st.lists(st.integers(-8, 8).map(lambda n: n / 8), min_size=1, max_size=24)
#: Eighths make alpha * n an integer often.
ALPHAS = st.one_of(st.integers(1, 7).map(lambda n: n / 8), st.floats(0.01, 0.99))


def objective(values, point, alpha):
    """GloFND, Eq. 2, by a loop."""
    return alpha * point + sum(max(s - point, 0.) for s in values) / len(values)


def brute_force(values, alpha):
    """The smallest objective; it is piecewise linear, with corners at the values and the ends."""
    return min(objective(values, point, alpha) for point in [-1., 1., *values])


@given(SIMILARITIES, ALPHAS)
def test_lemma_3_1(values, alpha):
    """A minimiser is the ceil(alpha * n)-th largest value; all points down to the next, too, if alpha * n is whole."""
    ordered, n = sorted(values, reverse=True), len(values)
    k = math.ceil(alpha * n - 1e-12)
    best = brute_force(values, alpha)
    assert objective(values, ordered[k - 1], alpha) == pytest.approx(best, abs=1e-12)
    if abs(alpha * n - round(alpha * n)) < 1e-12 and k < n:
        for share in (0., 0.3, 1.):
            between = ordered[k - 1] + share * (ordered[k] - ordered[k - 1])
            assert objective(values, between, alpha) == pytest.approx(best, abs=1e-12)


@given(SIMILARITIES, ALPHAS)
def test_sgd_arrives_at_the_minimum(values, alpha):
    """Steps against the subgradient, however far the start: the best objective visited is the minimum."""
    similarity = torch.tensor([values], dtype=torch.float64)
    threshold = torch.ones(1, dtype=torch.float64)
    lowest, sizes = math.inf, [0.5 / (1 + 0.05 * step) for step in range(1500)]
    for size in sizes:
        lowest = min(lowest, objective(values, threshold.item(), alpha))
        gradient = threshold_gradient(similarity, threshold, alpha)
        threshold = sgd_step(threshold, gradient, size)
    assert lowest == pytest.approx(brute_force(values, alpha), abs=0.02)


@given(SIMILARITIES, ALPHAS, st.integers(-9, 9).map(lambda n: n / 8 + 1 / 16))
def test_gradient_is_the_slope_of_the_objective(values, alpha, point):
    """Between two corners the objective is linear."""
    gradient = threshold_gradient(torch.tensor([values], dtype=torch.float64), torch.tensor([point]).double(), alpha)
    slope = (objective(values, point + 1e-3, alpha) - objective(values, point - 1e-3, alpha)) / 2e-3
    assert gradient.item() == pytest.approx(slope, abs=1e-9)


def test_absent_candidates_and_nan_take_no_part():
    similarity = torch.tensor([[0.9, 0.1, -math.inf, math.nan], [-math.inf] * 4, [math.nan] * 4])
    found = threshold_gradient(similarity, torch.tensor([0.5, 0.5, 0.5]), 0.25)
    assert found.tolist() == [pytest.approx(0.25 - 0.5), 0., 0.]


def test_a_value_equal_to_the_threshold_is_not_above():
    found = threshold_gradient(torch.tensor([[0.5, 0.5, 0.75]]), torch.tensor([0.5]), 0.25)
    assert found.item() == pytest.approx(0.25 - 1 / 3)


def test_sgd_step_is_clipped():
    found = sgd_step(torch.tensor([0.9, -0.9, 0.]), torch.tensor([-1., 1., 0.5]), 0.5)
    assert found.tolist() == [1., -1., -0.25]


def test_adam_is_torchs_adam_where_a_row_is_visited_each_time():
    gradients = torch.randn(20, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) / 10
    parameter = torch.nn.Parameter(torch.zeros(3, dtype=torch.float64))
    adam = torch.optim.Adam([parameter], lr=0.01, betas=(0.9, 0.98), eps=1e-8)
    threshold, first, second = torch.zeros(3, 3, dtype=torch.float64)
    for number, gradient in enumerate(gradients, 1):
        parameter.grad = gradient.clone()
        adam.step()
        threshold, first, second = adam_step(
            threshold, gradient, first, second, torch.full((3,), float(number), dtype=torch.float64), 0.01)
        torch.testing.assert_close(threshold, parameter.detach(), atol=1e-12, rtol=1e-10)


def test_the_first_step_of_adam_has_the_length_of_the_rate():
    zeros = torch.zeros(2)
    threshold, _, _ = adam_step(torch.ones(2), torch.tensor([0.01, 0.2]), zeros, zeros, torch.ones(2), 0.05)
    torch.testing.assert_close(threshold, torch.full((2,), 0.95), atol=1e-6, rtol=0)


def test_momentum_may_be_zero():
    zeros = torch.zeros(1)
    threshold, first, second = adam_step(zeros, torch.tensor([0.3]), zeros, zeros, torch.ones(1), 0.1, betas=(0., 0.))
    assert threshold.item() == pytest.approx(-0.1) and first.item() == pytest.approx(0.3)


def test_decayed_rate():
    assert [decayed_rate(0.05, p) for p in (-1, 0, 0.5, 1, 2)] == pytest.approx(
        [0.05, 0.05, 0.05 * 0.06**0.5, 0.003, 0.003])


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=40), st.floats(0.001, 0.999))
def test_batch_quantile_is_torch_quantile(values, alpha):
    row = torch.tensor([values], dtype=torch.float64)
    padded = torch.cat([row, torch.full((1, 3), -math.inf), torch.full((1, 1), math.nan)], dim=1)
    expected = torch.quantile(row, 1 - alpha, dim=1)
    torch.testing.assert_close(batch_quantile(row, alpha), expected, atol=1e-12, rtol=1e-9)
    torch.testing.assert_close(batch_quantile(padded, alpha), expected, atol=1e-12, rtol=1e-9)


@pytest.mark.parametrize('count, alpha, above', [
    (254, 0.01, 3), (254, 0.03, 8), (11, 0.1, 1), (101, 0.29, 29), (31, 0.1, 3)])
def test_how_many_exceed_the_batch_quantile(count, alpha, above):
    """``n - 1 - floor((1 - alpha)(n - 1))`` without ties; a whole rank is that candidate itself, in float32, too."""
    row = torch.rand(1, count, generator=torch.Generator().manual_seed(1))
    assert (row > batch_quantile(row, alpha).unsqueeze(1)).sum() == above


def test_batch_quantile_of_rows_without_candidates_is_exceeded_by_nothing():
    assert batch_quantile(torch.full((2, 3), -math.inf), 0.1).tolist() == [1., 1.]
    assert batch_quantile(torch.empty(2, 0), 0.1).tolist() == [1., 1.]


@pytest.mark.parametrize('alpha', [0, 1, -0.1, 1.5, math.nan])
def test_alpha_outside_its_range_is_named(alpha):
    for call in (lambda: threshold_gradient(torch.zeros(1, 2), torch.zeros(1), alpha),
                 lambda: batch_quantile(torch.zeros(1, 2), alpha)):
        with pytest.raises(ValueError, match=f'alpha={alpha} is outside .0, 1.; it is the share of negatives'):
            call()


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match=r'similarity has shape \(2,\); expected \(A, C\)'):
        batch_quantile(torch.zeros(2), 0.1)
    with pytest.raises(ValueError, match=r'threshold has shape \(2,\); expected \(3,\), one per row'):
        threshold_gradient(torch.zeros(3, 4), torch.zeros(2), 0.1)
