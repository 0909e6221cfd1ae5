import warnings

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from mmifnd.evaluation import fit_softmax_regression, softmax_regression


def make_problems(num_problems=3, shots=4, num_classes=3, width=6, separation=1.0):
    generator = torch.Generator().manual_seed(0)
    targets = torch.arange(num_classes).repeat_interleave(shots)
    centres = separation * torch.eye(num_classes, width, dtype=torch.float64)[targets]
    noise = torch.randn(num_problems, len(targets), width, generator=generator, dtype=torch.float64)
    return centres + noise + 2.0, targets  # not centred


@pytest.mark.parametrize('shots, num_classes, width', [(1, 4, 9), (5, 3, 2), (4, 2, 5), (3, 5, 15)])
@pytest.mark.parametrize('l2', [1.0, 1e-2, 1e-4])
def test_probabilities_equal_scikit_learns(shots, num_classes, width, l2):
    features, targets = make_problems(shots=shots, num_classes=num_classes, width=width)
    weight, bias = fit_softmax_regression(features, targets, num_classes, l2)
    # scikit-learn keeps one weight vector for two classes, with half the norm.
    cost = (2 if num_classes == 2 else 1) / (l2 * len(targets))
    for x, w, b in zip(features, weight, bias):
        reference = LogisticRegression(C=cost, tol=1e-10, max_iter=10_000, solver='newton-cg').fit(x, targets)
        elsewhere = x.flip(0) + 0.3
        probability = (elsewhere @ w + b).softmax(-1)
        np.testing.assert_allclose(probability, reference.predict_proba(elsewhere), atol=1e-6)


@pytest.mark.parametrize('separation', [0.0, 1.0, 30.0])
@pytest.mark.parametrize('l2', [1e-1, 1e-4, 1e-6])
def test_gradient_of_the_stated_objective_vanishes(separation, l2):
    features, targets = make_problems(separation=separation)
    weight, bias = (values.requires_grad_() for values in fit_softmax_regression(features, targets, 3, l2))
    log_probability = (features @ weight + bias[:, None]).log_softmax(-1)
    cross_entropy = -log_probability[:, torch.arange(len(targets)), targets].mean(1).sum()
    (cross_entropy + l2 / 2 * weight.square().sum()).backward()
    assert weight.grad.abs().max() < 1e-7 and bias.grad.abs().max() < 1e-7


@pytest.mark.parametrize('l2', [1e-3, 1e-7])
def test_heavy_tails_where_full_newton_steps_diverge(l2):
    features = torch.randn(10, 30, 8, generator=torch.Generator().manual_seed(2), dtype=torch.float64)**5
    targets = torch.arange(3).repeat(10)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        weight, bias = fit_softmax_regression(10 * features, targets, 3, l2)
    assert weight.isfinite().all() and bias.isfinite().all()


def test_problems_do_not_touch_each_other():
    features, targets = make_problems(num_problems=4)
    features[1] *= 100.0
    weight, bias = fit_softmax_regression(features, targets, 3, l2=1e-2)
    for i in range(4):
        alone = fit_softmax_regression(features[i:i + 1], targets, 3, l2=1e-2)
        torch.testing.assert_close((weight[i], bias[i]), (alone[0][0], alone[1][0]), rtol=0, atol=1e-6)


def test_unequal_classes_move_the_bias_only():
    features = torch.zeros(1, 8, 2)
    targets = torch.tensor([0, 0, 0, 0, 0, 1, 1, 2])
    weight, bias = fit_softmax_regression(features, targets, 3, l2=1e-2)
    assert not weight.any()
    np.testing.assert_allclose(bias[0].softmax(-1), [5 / 8, 2 / 8, 1 / 8], atol=1e-8)
    assert abs(bias.sum()) < 1e-8


def test_warns_where_it_stops_early(monkeypatch):
    features, targets = make_problems()
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        fit_softmax_regression(features, targets, 3, l2=1e-2)
    monkeypatch.setattr(softmax_regression, '_MAX_NEWTON_STEPS', 1)
    with pytest.warns(RuntimeWarning, match='stopped at a gradient of .*; take a larger l2'):
        fit_softmax_regression(features, targets, 3, l2=1e-2)
