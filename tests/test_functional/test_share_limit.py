import numpy as np
import pytest
import torch

from mmifnd.functional import limit_share


@pytest.mark.parametrize('max_share', [0.01, 0.25, 0.5, 1.])
@pytest.mark.parametrize('granularities', [None, 3])
def test_the_most_similar_stay_as_by_loops(max_share, granularities):
    generator = torch.Generator().manual_seed(0)
    negative = torch.rand(6, 9, generator=generator, dtype=torch.float64)
    negative[0, 4:] = negative[1] = -torch.inf
    shape = (6, 9) if granularities is None else (granularities, 6, 9)
    detected = (torch.rand(shape, generator=generator) < 0.6) & (negative > -torch.inf)
    kept = limit_share(detected, negative, max_share)
    for mask, result in zip(detected.reshape(-1, 6, 9), kept.reshape(-1, 6, 9)):
        for row, similarities, found in zip(mask, negative, result):
            allowed = max(1, int(np.floor(max_share * int((similarities > -torch.inf).sum()))))
            ranked = sorted(np.flatnonzero(row), key=lambda column: -similarities[column])
            assert set(np.flatnonzero(found)) == set(ranked[:allowed])


@pytest.mark.parametrize('share', [0, 1.5, -1])
def test_a_share_out_of_range(share):
    with pytest.raises(ValueError, match=rf'max_share={share} .*share of the candidates'):
        limit_share(torch.ones(1, 2, dtype=torch.bool), torch.zeros(1, 2), share)
