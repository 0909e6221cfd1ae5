"""The dynamic loss of SogCLR against loops, in the log domain and at its edges."""

import math

import pytest
import torch
from glofnd_reference import arrays

from mmifnd.functional import (
    cosine_gamma,
    global_contrastive_loss,
    log_mean_exp,
    moving_log_average,
    relative_contrastive_loss,
    temperature_gradient,
)

INF = math.inf


@pytest.fixture
def rows():
    generator = torch.Generator().manual_seed(0)
    positive = torch.rand(4, 1, generator=generator, dtype=torch.float64) * 2 - 1
    negative = torch.rand(4, 6, generator=generator, dtype=torch.float64) * 2 - 1
    negative[1, 2] = negative[2, :3] = -INF
    false_negative = torch.rand(2, 4, 6, generator=generator) < 0.3
    average = torch.rand(2, 4, generator=generator, dtype=torch.float64) * 3
    return positive, negative, false_negative, average


def kept_of(negative, false_negative, a):
    return [j for j in range(negative.shape[1]) if negative[a, j] > -INF and not false_negative[a, j]]


def loop_loss(positive, negative, false_negative, average, temperature):
    """The surrogate, row by row; its weights are numbers, so that autograd sees what is not stopped."""
    total = 0.
    for level in range(len(false_negative)):
        for a in range(len(negative)):
            kept = kept_of(negative, false_negative[level], a)
            total = total - positive[a, 0]
            for j in kept:
                weight = math.exp(negative[a, j].item() / temperature) / math.exp(average[level, a].item())
                total = total + weight * negative[a, j] / len(kept)
    return total / (len(false_negative) * len(negative))


@pytest.mark.parametrize('temperature', [0.1, 0.5])
def test_loss_and_gradient_against_loops(rows, temperature):
    positive, negative, false_negative, average = rows
    found_in = positive.clone().requires_grad_(), negative.clone().requires_grad_()
    loop_in = positive.clone().requires_grad_(), negative.clone().requires_grad_()
    found = global_contrastive_loss(*found_in, false_negative, average, temperature)
    expected = loop_loss(*loop_in, false_negative, average, temperature)
    torch.testing.assert_close(found, expected, atol=1e-10, rtol=1e-10)
    found.backward()
    expected.backward()
    for one, other in zip(found_in, loop_in):
        torch.testing.assert_close(one.grad, other.grad.nan_to_num(), atol=1e-10, rtol=1e-10)


def test_log_mean_exp_against_loops(rows):
    _, negative, false_negative, _ = rows
    found = log_mean_exp(negative, false_negative, 0.2)
    for level in range(2):
        for a in range(4):
            kept = kept_of(negative, false_negative[level], a)
            mean = sum(math.exp(negative[a, j].item() / 0.2) for j in kept) / len(kept)
            assert found[level, a].item() == pytest.approx(math.log(mean), abs=1e-12)


def test_with_the_batch_alone_the_gradient_is_that_of_log_mean_exp(rows):
    """gamma = 1: u is the batch's mean, and the surrogate's gradient that of ``t * log u - p``."""
    positive, negative, _, _ = rows
    nothing = torch.zeros(4, 6, dtype=torch.bool)
    negative = negative.nan_to_num(neginf=0.5).requires_grad_()
    average = log_mean_exp(negative.detach(), nothing, 0.1)
    surrogate, = torch.autograd.grad(global_contrastive_loss(positive, negative, nothing, average, 0.1), negative)
    objective, = torch.autograd.grad((0.1 * log_mean_exp(negative, nothing, 0.1)).mean(), negative)
    torch.testing.assert_close(surrogate, objective, atol=1e-12, rtol=1e-9)


def test_a_temperature_for_each_row(rows):
    positive, negative, false_negative, average = rows
    temperature = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    found = global_contrastive_loss(positive, negative, false_negative, average, temperature)
    single = [global_contrastive_loss(positive[[a]], negative[[a]], false_negative[:, [a]], average[:, [a]], t)
              for a, t in enumerate(temperature.tolist())]
    torch.testing.assert_close(found, torch.stack(single).mean(), atol=1e-12, rtol=1e-12)


def test_a_row_without_negatives_keeps_its_alignment_term():
    positive = torch.tensor([[0.5], [0.25]], requires_grad=True)
    negative = torch.tensor([[0.9, 0.1], [-INF, -INF]], requires_grad=True)
    false_negative = torch.tensor([[True, True], [False, False]])
    estimate = log_mean_exp(negative.detach(), false_negative, 0.1)
    assert estimate.tolist() == [-INF, -INF]
    for average in (estimate, torch.tensor([1., 2.])):
        positive.grad = negative.grad = None
        loss = global_contrastive_loss(positive, negative, false_negative, average, 0.1)
        loss.backward()
        assert loss.item() == pytest.approx(-0.375)
        assert positive.grad.tolist() == [[-0.5], [-0.5]] and not negative.grad.any()


def test_temperature_of_a_hundredth_in_float32():
    """``exp(s / t)`` reaches e**100 = 3e43, more than float32 holds."""
    negative = torch.tensor([[1., 0.99, -1.]], requires_grad=True)
    nothing = torch.zeros(1, 3, dtype=torch.bool)
    average = log_mean_exp(negative.detach(), nothing, 0.01)
    assert average.item() == pytest.approx(100 + math.log((1 + math.exp(-1)) / 3), rel=1e-6)
    global_contrastive_loss(torch.tensor([[0.5]]), negative, nothing, average, 0.01).backward()
    share = 1 / (1 + math.exp(-1))
    assert negative.grad.tolist()[0] == pytest.approx([share, 1 - share, 0], rel=1e-4, abs=1e-30)


def test_moving_average_of_logarithms():
    old, new = torch.tensor([1., 3., -INF, 2., -INF]), torch.tensor([2., -50., 4., -INF, -INF])
    found = moving_log_average(old, new, 0.25)
    expected = [math.log(0.75 * math.exp(1) + 0.25 * math.exp(2)), 3 + math.log(0.75), 4, 2, -INF]
    assert found.tolist() == pytest.approx(expected)  # the third starts with its estimate, the fourth has none
    assert moving_log_average(old, new, 1.)[:3].tolist() == pytest.approx([2, -50, 4])


def test_nan_does_not_stay_in_the_average():
    negative = torch.tensor([[0.1, math.nan], [math.nan, math.nan]])
    estimate = log_mean_exp(negative, torch.zeros(2, 2, dtype=torch.bool), 0.1)
    assert estimate.tolist() == [pytest.approx(1.), -INF]


def test_temperature_gradient_is_the_derivative(rows):
    """Of ``t * (log u(t) + rho)`` in t where u is the batch's own mean."""
    _, negative, _, _ = rows
    nothing = torch.zeros(4, 6, dtype=torch.bool)
    negative = negative.nan_to_num(neginf=0.5)
    temperature = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64, requires_grad=True)
    value = temperature * (log_mean_exp(negative, nothing, temperature) + 0.3)
    expected, = torch.autograd.grad(value.sum(), temperature)
    average = log_mean_exp(negative, nothing, temperature.detach())
    found = temperature_gradient(negative, nothing, average, temperature.detach(), 0.3)
    torch.testing.assert_close(found, expected, atol=1e-10, rtol=1e-8)


def test_cosine_gamma_against_the_released_code():
    found = [cosine_gamma(0.2, epoch, 18) for epoch in range(37)]
    assert found == pytest.approx(arrays()['c5/gamma_cosine_18_0p2'].flatten().tolist(), rel=1e-6)


@pytest.mark.parametrize('shapes, message', [
    (((3,), (3, 4), (3, 4), (3,)), r'positive and negative have shapes \(3,\) and \(3, 4\)'),
    (((3, 1), (3, 4), (3, 5), (3,)), r'false_negative has shape \(3, 5\); expected \(3, 4\) or \(G, 3, 4\)'),
    (((3, 1), (3, 4), (2, 3, 4), (3,)), r'log_average has shape \(3,\); expected \(2, 3\)')])
def test_wrong_shapes_are_named(shapes, message):
    positive, negative, false_negative, average = shapes
    with pytest.raises(ValueError, match=message):
        global_contrastive_loss(torch.zeros(positive), torch.zeros(negative),
                                torch.zeros(false_negative, dtype=torch.bool), torch.zeros(average), 0.1)


# --- relative to the positive: FastCLIP -----------------------------------------------------------------------------


def loop_relative(positive, negative, false_negative, average, temperature):
    total = 0.
    for level in range(len(false_negative)):
        for a in range(len(negative)):
            kept = kept_of(negative, false_negative[level], a)
            if kept:
                mean = sum(torch.exp((negative[a, j] - positive[a, 0]) / temperature) for j in kept) / len(kept)
                total = total + mean / math.exp(average[level, a].item())
    return total / (len(false_negative) * len(negative))


@pytest.mark.parametrize('temperature', [0.1, 0.5])
def test_relative_loss_and_gradients_against_loops(rows, temperature):
    positive, negative, false_negative, average = rows
    false_negative[0, 3] = True  # a row that lost all
    given = [x.clone().requires_grad_() for x in (positive, negative, torch.tensor(temperature).double())]
    twins = [x.detach().clone().requires_grad_() for x in given]
    found = relative_contrastive_loss(given[1] - given[0], false_negative, average, given[2])
    expected = loop_relative(*twins[:2], false_negative, average, twins[2])
    torch.testing.assert_close(found, expected, atol=1e-10, rtol=1e-10)
    found.backward()
    expected.backward()
    for one, other in zip(given, twins):
        torch.testing.assert_close(one.grad, other.grad, atol=1e-10, rtol=1e-10)


def test_gradcheck_of_the_relative_loss(rows):
    positive, negative, false_negative, average = rows
    inputs = [x.requires_grad_() for x in (positive, negative.nan_to_num(neginf=0.2), torch.tensor(0.3).double())]
    assert torch.autograd.gradcheck(
        lambda p, s, t: relative_contrastive_loss(s - p, false_negative, average, t), inputs)


def test_relative_loss_at_a_hundredth_and_without_any_negative():
    """exp((1 + 1) / 0.01) leaves float32 by far; its quotient does not."""
    difference = torch.tensor([[2., -1.], [-INF, -INF]]).requires_grad_()
    keep_all = torch.zeros(2, 2, dtype=torch.bool)
    estimate = log_mean_exp(difference.detach(), keep_all, 0.01)
    assert estimate[1] == -INF
    loss = relative_contrastive_loss(difference, keep_all, estimate, 0.01)
    loss.backward()
    assert loss.item() == pytest.approx(0.5) and difference.grad.equal(torch.tensor([[50., 0.], [0., 0.]]))


def test_a_temperature_for_each_anchor_is_that_of_each_row_alone(rows):
    positive, negative, false_negative, average = rows
    temperature = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    found = relative_contrastive_loss(negative - positive, false_negative, average, temperature)
    alone = [relative_contrastive_loss((negative - positive)[[a]], false_negative[:, [a]], average[:, [a]], t.item())
             for a, t in enumerate(temperature)]
    torch.testing.assert_close(found, torch.stack(alone).mean())
