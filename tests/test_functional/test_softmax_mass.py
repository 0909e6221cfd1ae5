"""The softmax mass of some candidates, against a loop."""

import math

import pytest
import torch

from mmifnd.functional import elimination_loss, instance_loss, softmax_mass


def by_loop(positive, negative, chosen, temperature):
    shares = []
    for p, row, picked in zip(positive.flatten().tolist(), negative.tolist(), chosen.tolist()):
        terms = [math.exp(s / temperature) for s in row]
        shares.append(sum(t for t, is_picked in zip(terms, picked) if is_picked) / (math.exp(p / temperature) + sum(terms)))
    return torch.tensor(shares, dtype=torch.float64)


@pytest.fixture
def rows():
    generator = torch.Generator().manual_seed(0)
    positive, negative = (2 * torch.rand(5, n, generator=generator, dtype=torch.float64) - 1 for n in (1, 7))
    negative[0, 2] = negative[4] = -torch.inf
    return positive, negative, torch.rand(2, 5, 7, generator=generator) < 0.4


@pytest.mark.parametrize('temperature', [0.1, 0.5])
def test_equals_a_loop_for_each_granularity(rows, temperature):
    positive, negative, chosen = rows
    found = softmax_mass(positive, negative, chosen, temperature)
    for level in range(2):
        expected = by_loop(positive, negative, chosen[level], temperature)
        torch.testing.assert_close(found[level], expected, atol=1e-12, rtol=0)
        torch.testing.assert_close(softmax_mass(positive, negative, chosen[level], temperature), expected, atol=1e-12, rtol=0)
    each = torch.full((5, 1), temperature, dtype=torch.float64)
    torch.testing.assert_close(softmax_mass(positive, negative, chosen, each), found)


def test_removal_changes_the_loss_by_the_mass(rows):
    positive, negative, chosen = rows
    for row in range(5):
        one = positive[row:row + 1], negative[row:row + 1]
        mass = softmax_mass(*one, chosen[0, row:row + 1], 0.2)
        fall = instance_loss(*one, 0.2) - elimination_loss(*one, chosen[0, row:row + 1], 0.2)
        torch.testing.assert_close(fall, -(1 - mass).log().squeeze())


def test_a_mask_of_another_shape_is_refused(rows):
    with pytest.raises(ValueError, match='false_negative has shape'):
        softmax_mass(rows[0], rows[1], rows[2][:, :4], 0.2)
