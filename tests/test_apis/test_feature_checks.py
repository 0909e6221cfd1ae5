"""Features that say nothing."""

import numpy as np
import pytest

from mmifnd.apis import UserError, audit, feature_checks


@pytest.mark.parametrize('features', [np.zeros((20, 4)), np.ones((20, 4))])
def test_features_that_are_all_equal_are_refused(features):
    with pytest.raises(UserError, match='all 20 features are equal, so that nothing tells the images apart'):
        audit(features, clusters=[2])


def test_rows_of_zeros_are_named(monkeypatch):
    lines = []
    monkeypatch.setattr(feature_checks, 'say_once', lines.append)
    features = np.random.default_rng(0).normal(size=(30, 4))
    features[3:9] = 0
    assert audit(features, clusters=[2]).num_images == 30
    line, = lines
    assert line.startswith('6 of 30 features are zero and have no direction (rows 3, 4, 5, 6, 7, ...)')
