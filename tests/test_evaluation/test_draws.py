"""Which images a measure looks at."""

import pytest

from mmifnd.evaluation import even_anchors


@pytest.mark.parametrize('total, at_most', [(5, 10), (10, 5), (7, 7), (1, 3)])
def test_anchors_are_distinct_and_within(total, at_most):
    anchors = even_anchors(total, at_most)
    assert len(set(anchors)) == len(anchors) == min(total, at_most)
    assert anchors.min() >= 0 and anchors.max() < total
