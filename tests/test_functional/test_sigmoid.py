"""The sigmoid loss against loops, and against the worked examples."""

import math

import pytest
import torch
from clip_reference import contrast_of, examples

from mmifnd.functional import sigmoid_loss

INF = math.inf


@pytest.fixture
def rows():
    generator = torch.Generator().manual_seed(0)
    positive = torch.rand(4, 1, generator=generator, dtype=torch.float64) * 2 - 1
    negative = torch.rand(4, 6, generator=generator, dtype=torch.float64) * 2 - 1
    negative[1, 2] = negative[2, :3] = -INF
    false_negative = torch.rand(2, 4, 6, generator=generator) < 0.3
    return positive, negative, false_negative


def loop_loss(positive, negative, false_negative, temperature, bias, action, positive_weight):
    def term(similarity, sign):
        return -torch.nn.functional.logsigmoid(sign * (similarity / temperature + bias))

    total = 0.
    for level in range(len(false_negative)):
        for a in range(len(negative)):
            total = total + positive_weight * term(positive[a, 0], 1)
            for j in range(negative.shape[1]):
                if negative[a, j] == -INF:
                    continue
                if not false_negative[level, a, j]:
                    total = total + term(negative[a, j], -1)
                elif action == 'attract':
                    total = total + positive_weight * term(negative[a, j], 1)
    return total / (len(false_negative) * len(negative))


@pytest.mark.parametrize('action', ['eliminate', 'attract'])
@pytest.mark.parametrize('positive_weight', [1., 3.])
def test_loss_and_gradients_against_loops(rows, action, positive_weight):
    *similarity, false_negative = rows
    given = [x.clone().requires_grad_() for x in (*similarity, torch.tensor(0.1).double(), torch.tensor(-2.).double())]
    twins = [x.detach().clone().requires_grad_() for x in given]
    loss = sigmoid_loss(given[0], given[1], false_negative, *given[2:], action, positive_weight)
    expected = loop_loss(twins[0], twins[1], false_negative, *twins[2:], action, positive_weight)
    torch.testing.assert_close(loss, expected, atol=1e-10, rtol=1e-10)
    loss.backward()
    expected.backward()
    for one, other in zip(given, twins):
        torch.testing.assert_close(one.grad, other.grad, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize('action', ['eliminate', 'attract'])
def test_gradcheck(rows, action):
    positive, negative, false_negative = rows
    negative = negative.nan_to_num(neginf=0.2)
    inputs = [x.requires_grad_() for x in (positive, negative, torch.tensor(0.3).double(), torch.tensor(-1.).double())]
    assert torch.autograd.gradcheck(lambda p, s, t, b: sigmoid_loss(p, s, false_negative, t, b, action), inputs)


@pytest.mark.parametrize('dtype, tolerance', [(torch.float32, 1e-6), (torch.bfloat16, 2e-2)])
def test_narrow_types_are_widened(rows, dtype, tolerance):
    positive, negative, false_negative = rows
    expected = sigmoid_loss(positive, negative, false_negative, 0.5, -2.)
    found = sigmoid_loss(positive.to(dtype), negative.to(dtype), false_negative, 0.5, -2.)
    assert found.dtype == torch.float32 and found.item() == pytest.approx(expected.item(), rel=tolerance)


@pytest.mark.parametrize('case', ['none', 'eliminate', 'attract'])
@pytest.mark.parametrize('batch', [0, 1])
def test_golden_cases(case, batch):
    """``none`` is open_clip's own loss; the mask is symmetric, so that one direction has all terms."""
    golden = examples(f'c6/siglip_{case}/in{batch}')
    contrast, raw = contrast_of(batch, 'image', torch.float64)
    log_scale = torch.tensor(10.).double().log().requires_grad_()
    bias = torch.tensor(-10.).double().requires_grad_()
    loss = sigmoid_loss(contrast.positive_similarity, contrast.negative_similarity, golden['false_negative'],
                        (-log_scale).exp(), bias, 'eliminate' if case == 'none' else case)
    loss.backward()
    torch.testing.assert_close(loss, golden['loss'], rtol=1e-10, atol=1e-10)
    for found, name in zip((*raw, log_scale, bias), ('grad_image', 'grad_text', 'grad_log_scale', 'grad_bias')):
        torch.testing.assert_close(found.grad, golden[name], rtol=1e-9, atol=1e-10)


def test_what_does_not_fit_is_refused(rows):
    positive, negative, false_negative = rows
    with pytest.raises(ValueError, match="action='drop' of sigmoid_loss is unknown; choose one of eliminate, attract"):
        sigmoid_loss(positive, negative, false_negative, 0.1, -10., 'drop')
    with pytest.raises(ValueError, match=r'shapes \(4,\) and \(4, 6\); expected'):
        sigmoid_loss(positive.squeeze(1), negative, false_negative, 0.1, -10.)
    with pytest.raises(ValueError, match='false_negative must be a bool tensor, got torch.float32'):
        sigmoid_loss(positive, negative, false_negative.float(), 0.1, -10.)
