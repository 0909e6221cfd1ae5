import math

import pytest
import torch
from hypothesis import given, strategies as st

from mmifnd.clustering import softmax_confidence


def loop_confidence(features, centroids, labels, temperature):
    """Eq. 2, term by term."""

    def cosine(u, v):
        return sum(a * b for a, b in zip(u, v)) / math.sqrt(sum(a * a for a in u) * sum(b * b for b in v))

    values = []
    for feature, label in zip(features.tolist(), labels.tolist()):
        terms = [math.exp(cosine(feature, centroid) / temperature) for centroid in centroids.tolist()]
        values.append(terms[label] / sum(terms))
    return torch.tensor(values, dtype=torch.float64)


def test_worked_example(golden):
    found = softmax_confidence(golden['g4_feat'], golden['g4_centroids'], golden['g4_assign'], golden['g4_tau'].item())
    torch.testing.assert_close(found, golden['g4_kappa'], atol=1e-9, rtol=0)


@given(samples=st.integers(1, 12), clusters=st.integers(1, 5), chunk=st.integers(1, 13),
       temperature=st.sampled_from([0.1, 0.2, 1.]), seed=st.integers(0, 999))
def test_against_loops_for_any_chunk(samples, clusters, chunk, temperature, seed):
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(samples, 3, generator=generator, dtype=torch.float64) * 3
    centroids = torch.randn(clusters, 3, generator=generator, dtype=torch.float64) * 0.2
    labels = torch.randint(0, clusters, (samples,), generator=generator)
    found = softmax_confidence(features, centroids, labels, temperature, chunk)
    torch.testing.assert_close(found, loop_confidence(features, centroids, labels, temperature), atol=1e-10, rtol=1e-10)


def test_nothing_in_nothing_out():
    empty = softmax_confidence(torch.empty(0, 3), torch.randn(2, 3), torch.empty(0, dtype=torch.int64), 0.2)
    assert empty.shape == (0,)


@pytest.mark.parametrize('features, centroids, labels, words', [
    (torch.zeros(4, 3), torch.zeros(2, 5), torch.zeros(4), ['(4, 3)', '(2, 5)', '(N, D), (K, D)']),
    (torch.zeros(4), torch.zeros(2, 5), torch.zeros(4), ['(4,)', '(N, D), (K, D)']),
    (torch.zeros(4, 3), torch.zeros(2, 3), torch.zeros(5), ['(5,)', '(4,)']),
])
def test_wrong_shapes_are_named(features, centroids, labels, words):
    with pytest.raises(ValueError) as error:
        softmax_confidence(features, centroids, labels, 0.1)
    assert all(word in str(error.value) for word in words)


def test_wrong_temperature_is_named():
    with pytest.raises(ValueError, match='temperature=0 is not positive; usual values are 0.07 to 1'):
        softmax_confidence(torch.zeros(1, 2), torch.zeros(1, 2), torch.zeros(1), 0)
