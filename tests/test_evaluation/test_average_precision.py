import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score

from mmifnd.evaluation import average_precision


def by_definition(scores, targets):
    """Every recall level once, at the best precision of this or a higher recall."""
    order = sorted(range(len(scores)), key=lambda position: -scores[position])
    points, hits = [], 0
    for rank, position in enumerate(order, 1):
        hits += targets[position] > 0
        points.append((hits / sum(t > 0 for t in targets), hits / rank))
    area, last = 0., 0.
    for number, (recall, _) in enumerate(points):
        area += (recall - last) * max(precision for _, precision in points[number:])
        last = recall
    return area


def test_the_worked_example(golden):
    assert average_precision(golden['g9_scores'], golden['g9_targets']) == pytest.approx(5 / 6, abs=1e-12)
    assert golden['g9_ap'].item() == pytest.approx(5 / 6, abs=1e-12)


@pytest.mark.parametrize('seed', range(5))
def test_equals_loops_and_bounds_the_curve_without_envelope(seed):
    random = np.random.default_rng(seed)
    scores, targets = random.normal(size=40), random.choice([-1, 0, 1], 40)
    found = average_precision(scores, targets)
    assert found == pytest.approx(by_definition(scores, targets), abs=1e-12)
    assert found >= average_precision_score(targets > 0, scores) - 1e-12


def test_scikit_learn_agrees_where_precision_falls_all_along():
    # Precision 1, 1, 2/3, 1/2, 3/5: the envelope lifts 1/2 only, where recall rests.
    scores, targets = [.9, .8, .7, .6, .5], [1, 1, 0, 0, 1]
    assert average_precision(scores, targets) == pytest.approx(average_precision_score(targets, scores), abs=1e-12)


def test_equal_scores_keep_the_order_of_the_images():
    assert average_precision(torch.zeros(2), [1, 0]) == 1
    assert average_precision(torch.zeros(2), [0, 1]) == 0.5


@pytest.mark.parametrize('arguments, message', [
    (([1., 2.], [0, 0]), 'targets hold no positive; leave such a class out'),
    (([1., np.nan], [0, 1]), 'scores holds NaN or infinity'),
    (([1.], [0, 1]), 'scores has 1 entries but targets has 2'),
    (([[1.]], [1]), r'scores has shape \(1, 1\)')])
def test_errors_say_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        average_precision(*arguments)
