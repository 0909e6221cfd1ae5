"""Exact quantiles against sorting, and the two errors."""

import math

import pytest
import torch
import torch.nn.functional as F

from mmifnd.evaluation import exact_quantiles, threshold_error


@pytest.mark.parametrize('alpha', [0.01, 0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize('chunk', [3, 100])
def test_quantile_is_the_largest_but_so_many(alpha, chunk):
    rows = torch.randn(21, 4, generator=torch.Generator().manual_seed(0))
    found = exact_quantiles(rows, alpha, chunk)
    unit = F.normalize(rows, dim=1)
    for i in range(21):
        others = sorted((float(unit[i] @ unit[j]) for j in range(21) if j != i), reverse=True)
        assert found[i].item() == pytest.approx(others[math.ceil(alpha * 20 - 1e-9) - 1], abs=1e-6)


def test_errors():
    error = threshold_error(torch.tensor([0., .5, 1.]), torch.tensor([.3, .5, .6]))
    assert error.mae == pytest.approx(.7 / 3)
    assert error.rmse == pytest.approx(math.sqrt(.25 / 3))


@pytest.mark.parametrize('call, words', [
    (lambda: exact_quantiles(torch.ones(3, 2), 1.), r'alpha=1.0 is outside \(0, 1\)'),
    (lambda: exact_quantiles(torch.ones(1, 2), .1), 'give at least 2'),
    (lambda: threshold_error(torch.ones(3), torch.ones(2)), 'give one per image'),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
