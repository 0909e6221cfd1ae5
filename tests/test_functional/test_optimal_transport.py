"""Codes and their prediction against the worked example and against loops."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, strategies as st

from mmifnd.functional import mean_by_label, sinkhorn_codes, swapped_prediction_loss

EXACT = dict(atol=1e-9, rtol=1e-9)


def cosines(rows, prototypes, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    vectors = F.normalize(torch.randn(rows + prototypes, 5, generator=generator, dtype=torch.float64), dim=1)
    return (vectors[:rows] @ vectors[rows:].T).to(dtype)


def codes_by_loops(scores, epsilon, num_iterations):
    """SwAV's code, with its totals and counts, one number at a time."""
    count, prototypes = scores.shape
    weight = [[math.exp(s / epsilon) for s in row] for row in scores.tolist()]
    total = sum(map(sum, weight))
    weight = [[w / total for w in row] for row in weight]
    for _ in range(num_iterations):
        for p in range(prototypes):
            share = sum(row[p] for row in weight) * prototypes
            for row in weight:
                row[p] /= share
        weight = [[w / (sum(row) * count) for w in row] for row in weight]
    return torch.tensor([[w * count for w in row] for row in weight], dtype=torch.float64)


# --- the worked example ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize('kind, renormalize', [('plain', None), ('avg', False), ('avgnorm', True)])
def test_the_worked_example(golden, kind, renormalize):
    rows = golden['g6_feat']
    if renormalize is not None:
        rows = mean_by_label(rows, golden['g6_labels'], renormalize)
    torch.testing.assert_close(rows, golden[f'g6_feat_{kind}'], **EXACT)
    codes = sinkhorn_codes(rows @ golden['g6_protos'].T)
    torch.testing.assert_close(codes, golden[f'g6_codes_{kind}'], **EXACT)
    assert loss_of(golden, codes) == pytest.approx(golden[f'g6_loss_{kind}'].item(), abs=1e-9)


def loss_of(golden, codes):
    """Of the example: the batch is the last two rows, and one other crop predicts."""
    scores = torch.stack([torch.zeros(2, 3, dtype=torch.float64), golden['g6_pred'] @ golden['g6_protos'].T])
    return swapped_prediction_loss(scores, codes[None, -2:], (0,)).item()


def test_the_loss_of_the_mean_code_is_the_mean_of_two_granularities(golden):
    codes = torch.stack([golden['g6_codes_plain'], golden['g6_codes_avgnorm']])
    expected = (golden['g6_loss_plain'] + golden['g6_loss_avgnorm']) / 2
    assert loss_of(golden, codes.mean(dim=0)) == pytest.approx(expected.item(), abs=1e-9)
    assert golden['g6_loss_hier2'].item() == pytest.approx(expected.item(), abs=1e-9)


# --- codes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('rows, prototypes, iterations', [(7, 3, 3), (3, 7, 1), (1, 4, 2), (6, 6, 10)])
def test_codes_against_loops(rows, prototypes, iterations):
    scores = cosines(rows, prototypes)
    found = sinkhorn_codes(scores, 0.05, iterations)
    torch.testing.assert_close(found, codes_by_loops(scores, 0.05, iterations), **EXACT)


@given(st.integers(1, 12), st.integers(2, 8), st.sampled_from([0.05, 0.2, 1.]), st.integers(0, 5))
def test_rows_sum_to_one_and_prototypes_share_evenly(rows, prototypes, epsilon, seed):
    codes = sinkhorn_codes(cosines(rows, prototypes, seed), epsilon, 3)
    torch.testing.assert_close(codes.sum(dim=1), torch.ones(rows, dtype=torch.float64), **EXACT)
    codes = sinkhorn_codes(cosines(rows, prototypes, seed), 0.5, 200)
    even = torch.full((prototypes,), rows / prototypes, dtype=torch.float64)
    torch.testing.assert_close(codes.sum(dim=0), even, atol=1e-6, rtol=0)


@pytest.mark.parametrize('epsilon', [0.02, 0.01, 1e-3, 1e-4])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_a_small_epsilon_gives_hard_codes_and_no_row_of_zeros(epsilon, dtype):
    codes = sinkhorn_codes(cosines(30, 6, dtype=dtype), epsilon, 20)
    torch.testing.assert_close(codes.sum(dim=1), torch.ones(30, dtype=dtype), atol=1e-5, rtol=0)
    assert (codes.sum(dim=0) > 0.5).all() and codes.isfinite().all()


def test_leading_dimensions_are_problems_of_their_own():
    scores = torch.stack([cosines(6, 4, seed) + seed for seed in range(3)])
    found = sinkhorn_codes(scores)
    for one, alone in zip(found, scores):
        torch.testing.assert_close(one, sinkhorn_codes(alone), **EXACT)


def test_a_constant_changes_nothing_and_large_scores_do_not_overflow():
    scores = cosines(9, 5)
    torch.testing.assert_close(sinkhorn_codes(scores + 1e3), sinkhorn_codes(scores), atol=1e-6, rtol=0)
    assert sinkhorn_codes(scores.float() * 100).isfinite().all()


@pytest.mark.parametrize('dtype, tolerance', [(torch.float32, 1e-4), (torch.bfloat16, 5e-2), (torch.float16, 1e-2)])
def test_narrow_scores_are_widened(dtype, tolerance):
    scores = cosines(16, 4).to(dtype)
    found = sinkhorn_codes(scores)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), sinkhorn_codes(scores.double()), atol=tolerance, rtol=0)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_autocast_around_it_changes_nothing(dtype):
    scores, crops = cosines(16, 4, dtype=torch.float32), torch.stack([cosines(16, 4, seed, torch.float32) for seed in (1, 2)])
    codes = sinkhorn_codes(scores)
    loss = swapped_prediction_loss(crops, codes[None], (0,))
    with torch.autocast('cpu', dtype=dtype):
        again = sinkhorn_codes(scores)
        assert again.equal(codes) and swapped_prediction_loss(crops, again[None], (0,)).equal(loss)


@pytest.mark.parametrize('options, words', [
    (dict(epsilon=0.), 'epsilon=0.0 of the codes is not positive; 0.05 is usual'),
    (dict(epsilon=float('nan')), 'epsilon=nan of the codes is not positive'),
    (dict(num_iterations=0), 'num_iterations=0 of the codes must be at least 1; 3 is usual')])
def test_bad_options_of_codes(options, words):
    with pytest.raises(ValueError, match=words):
        sinkhorn_codes(cosines(3, 2), **options)


# --- the loss -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('crops, assigned', [(2, (0, 1)), (6, (0, 1)), (3, (2,)), (4, (3, 0, 1))])
def test_the_loss_against_loops(crops, assigned):
    scores = torch.stack([cosines(5, 4, seed) for seed in range(crops)])
    codes = torch.stack([sinkhorn_codes(scores[crop]) for crop in assigned])
    expected = []
    for code, crop in zip(codes, assigned):
        others = []
        for other in range(crops):
            if other != crop:
                log_probability = [[s / 0.1 - math.log(sum(math.exp(x / 0.1) for x in row)) for s in row]
                                   for row in scores[other].tolist()]
                others.append(-sum(q * p for row, logs in zip(code.tolist(), log_probability) for q, p in zip(row, logs)) / 5)
        expected.append(sum(others) / len(others))
    found = swapped_prediction_loss(scores, codes, assigned, 0.1).item()
    assert found == pytest.approx(sum(expected) / len(expected), abs=1e-10)


def test_gradients():
    scores = torch.stack([cosines(3, 4, seed) for seed in range(3)]).requires_grad_()
    codes = torch.stack([sinkhorn_codes(scores[crop]) for crop in (0, 1)])
    assert not codes.requires_grad
    assert torch.autograd.gradcheck(lambda x: swapped_prediction_loss(x, codes, (0, 1), 0.3), scores)


@pytest.mark.parametrize('scores, codes, assigned, temperature, words', [
    ((2, 3, 4), (1, 3, 4), (0, 1), 0.1, r'expected \(V, B, P\) and \(2, B, P\)'),
    ((2, 3, 4), (1, 3, 5), (0,), 0.1, r'shapes \(2, 3, 4\) and \(1, 3, 5\)'),
    ((2, 3, 4), (1, 3, 4), (2,), 0.1, r'crops_for_assign=\(2,\) does not fit 2 crops'),
    ((1, 3, 4), (1, 3, 4), (0,), 0.1, 'does not fit 1 crops'),
    ((2, 3, 4), (1, 3, 4), (0,), 0., 'temperature=0.0 is not positive')])
def test_bad_input_of_the_loss(scores, codes, assigned, temperature, words):
    with pytest.raises(ValueError, match=words):
        swapped_prediction_loss(torch.zeros(scores), torch.zeros(codes), assigned, temperature)
