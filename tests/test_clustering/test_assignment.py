"""Labels, distances and confidence in one pass, against loops in float64."""

import math

import pytest
import torch
import torch.nn.functional as F

from mmifnd.clustering import assignment
from mmifnd.clustering.assignment import labels_and_inertia, nearest


def data(rows=57, clusters=11, dim=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    vectors = F.normalize(torch.randn(rows, dim, generator=generator, dtype=torch.float64), dim=1)
    return vectors, 0.6 * torch.randn(clusters, dim, generator=generator, dtype=torch.float64)


def by_loops(rows, centroids, spherical, temperature):
    labels, distances, confidence = [], [], []
    for row in rows.tolist():
        dots = [sum(a * b for a, b in zip(row, c)) for c in centroids.tolist()]
        squares = [sum((a - b)**2 for a, b in zip(row, c)) for c in centroids.tolist()]
        cosines = [dot / math.sqrt(sum(b * b for b in c)) for dot, c in zip(dots, centroids.tolist())]
        label = max(range(len(dots)), key=dots.__getitem__) if spherical else min(range(len(dots)), key=squares.__getitem__)
        labels.append(label)
        distances.append(squares[label])
        confidence.append(1 / sum(math.exp((cosine - cosines[label]) / temperature) for cosine in cosines))
    return labels, distances, confidence


@pytest.fixture(params=[1 << 20, 1])
def chunk(request, monkeypatch):
    """All rows at once, or the least chunk, which does not divide the rows."""
    monkeypatch.setattr(assignment, '_PRODUCTS_CPU', request.param)


@pytest.mark.parametrize('spherical', [False, True])
@pytest.mark.parametrize('rows', [0, 1, 64, 157])
@pytest.mark.parametrize('dtype, tolerance', [(torch.float64, 1e-10), (torch.float32, 1e-5)])
def test_one_pass_gives_what_loops_give(chunk, spherical, rows, dtype, tolerance):
    vectors, centroids = data(rows)
    centroids = F.normalize(centroids, dim=1) if spherical else centroids
    found = nearest(vectors.to(dtype), centroids.to(dtype), spherical, temperature=0.2)
    labels, distances, confidence = by_loops(vectors, centroids, spherical, 0.2)
    assert found.labels.tolist() == labels and found.labels.dtype == torch.int64
    torch.testing.assert_close(found.distances.double(), torch.tensor(distances, dtype=torch.float64), atol=tolerance, rtol=0)
    torch.testing.assert_close(found.confidence.double(), torch.tensor(confidence, dtype=torch.float64), atol=0,
                               rtol=50 * tolerance)
    same, inertia = labels_and_inertia(vectors.to(dtype), centroids.to(dtype), spherical)
    assert same.equal(found.labels) and inertia.item() == pytest.approx(sum(distances), rel=10 * tolerance, abs=tolerance)


def test_without_a_temperature_there_is_no_confidence():
    assert nearest(*data()).confidence is None


@pytest.mark.parametrize('temperature', [0.001, 0.01, 100.])
def test_confidence_of_extreme_temperatures_is_a_probability(temperature):
    vectors, centroids = data(rows=300)
    confidence = nearest(vectors.float(), centroids.float(), temperature=temperature).confidence
    assert ((confidence >= 0) & (confidence <= 1)).all() and confidence.isfinite().all()


def test_a_centroid_of_length_zero_has_cosine_zero():
    vectors, centroids = data()
    centroids[3] = 0
    found = nearest(vectors, centroids, temperature=0.5)
    logits = vectors @ F.normalize(centroids, dim=1).T / 0.5
    torch.testing.assert_close(found.confidence, logits.softmax(dim=1).gather(1, found.labels.unsqueeze(1)).squeeze(1))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_rows_of_half_precision_are_multiplied_in_float32(dtype):
    vectors, centroids = data(rows=200)
    found, expected = (nearest(rows, centroids.float()) for rows in (vectors.to(dtype), vectors.to(dtype).float()))
    assert found.labels.equal(expected.labels) and found.distances.equal(expected.distances)


def test_factors_rounded_to_bfloat16_change_the_inertia_in_the_fifth_digit():
    vectors, centroids = data(rows=4000, clusters=50, dim=32)
    exact, rounded = (nearest(vectors.float(), centroids.float(), precision=name).distances.sum()
                      for name in ('float32', 'bfloat16'))
    assert exact <= rounded < 1.0003 * exact


def test_ties_go_to_the_first_centroid():
    assert nearest(torch.ones(3, 2), torch.tensor([[0., 0], [1, 1], [1, 1]])).labels.tolist() == [1, 1, 1]
