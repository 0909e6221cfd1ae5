"""Checks of arguments refuse what is outside, NaN included, and say what is allowed."""

import math

import pytest
import torch

from mmifnd.checks import LEAST_DIVISOR, check_at_least, check_choice, check_divisor, check_inside, check_positive
from mmifnd.clustering import ConfidenceAcceptance, PseudoLabeler, softmax_confidence
from mmifnd.clustering.assignment import nearest
from mmifnd.engine.hooks import FalseNegativeHook
from mmifnd.engine.metrics import KNNAccuracy
from mmifnd.evaluation import knn_accuracy, knn_predict, knn_votes
from mmifnd.functional import (
    attraction_loss,
    elimination_loss,
    instance_loss,
    log_mean_exp,
    proto_nce_loss,
    prototype_temperatures,
    refined_label,
    relational_label,
    sigmoid_loss,
    sinkhorn_codes,
    softmax_mass,
)
from mmifnd.models.heads import ElimContrastiveHead, SCEHead, SwAVHead
from mmifnd.models.heads.temperature import LearnedTemperature
from mmifnd.studies.temperatures import check_temperatures


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


@pytest.mark.parametrize('value, words', [
    (0., 'is not positive'), (-1., 'is not positive'), (math.nan, 'is not positive'), (1e-320, 'is outside .1.2e-38, inf'),
    (1e-38, 'is outside'), (math.inf, 'is outside')])
def test_a_divisor_has_a_reciprocal_in_float32(value, words):
    for allowed in (LEAST_DIVISOR, 0.07, 1e38):
        check_divisor('x', allowed)
        assert 0 < 1 / torch.tensor(allowed) < math.inf
    with pytest.raises(ValueError, match=f'^x={value} of Part {words}.*; 0.07 is usual$'):
        check_divisor('x', value, 'Part', '0.07 is usual')


PAIR, KEEP, ROWS, LABELS = torch.zeros(2, 1), torch.zeros(2, 1, dtype=torch.bool), torch.eye(2), torch.tensor([0, 1])


@pytest.mark.parametrize('take', [
    lambda t: instance_loss(PAIR, PAIR, t), lambda t: elimination_loss(PAIR, PAIR, KEEP, t),
    lambda t: attraction_loss(PAIR, PAIR, KEEP, t), lambda t: softmax_mass(PAIR, PAIR, KEEP, t),
    lambda t: log_mean_exp(PAIR, KEEP, t), lambda t: sigmoid_loss(PAIR, PAIR, KEEP, t, -1.),
    lambda t: prototype_temperatures(torch.ones(2), t), lambda t: proto_nce_loss(ROWS, ROWS, LABELS, t),
    lambda t: refined_label(PAIR, t, 1., 1.), lambda t: relational_label(PAIR, t, 0.5), lambda t: sinkhorn_codes(ROWS, t),
    lambda t: softmax_confidence(ROWS, ROWS, LABELS, t), lambda t: nearest(ROWS, ROWS, temperature=t),
    lambda t: PseudoLabeler((2,), ConfidenceAcceptance('constant'), t),
    *(lambda t, knn=knn, labels=labels: knn(ROWS, LABELS, ROWS, *labels, k=1, temperature=t)
      for knn, labels in ((knn_votes, ()), (knn_predict, ()), (knn_accuracy, (LABELS,)))),
    lambda t: KNNAccuracy(temperature=t), lambda t: ElimContrastiveHead(temperature=t),
    lambda t: SCEHead(key_temperature=t), lambda t: SwAVHead(8, epsilon=t), lambda t: LearnedTemperature(t, (t, 1.)),
    lambda t: FalseNegativeHook((2,), dict(type='ConfidenceAcceptance', schedule='constant'), temperature=t),
    lambda t: check_temperatures((0.1, t))])
def test_what_is_divided_by_is_checked_wherever_it_is_taken(take):
    with pytest.raises(ValueError, match=r'=1e-320.* is outside \[1.2e-38, inf\), the range of divisors in float32'):
        take(1e-320)
