"""Kernels that keep products on the chip: what is made of their results, trials, and, on a GPU, the kernels themselves."""

import pytest
import torch
import torch.nn.functional as F

from mmifnd.clustering import RowShare, assignment, fused, lloyd
from mmifnd.clustering.assignment import PRECISIONS, labels_and_inertia, nearest

on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')


def data(rows=157, clusters=13, dim=20, device='cpu'):
    generator = torch.Generator().manual_seed(0)
    vectors = F.normalize(torch.randn(rows, dim, generator=generator), dim=1)
    return vectors.to(device), (0.6 * torch.randn(clusters, dim, generator=generator)).to(device)


def scores_by_torch(rows, centroids, penalty, scale, precision, tile):
    scores = rows @ centroids.T + penalty
    best, labels = scores.max(dim=1)
    if scale is None:
        return labels, best, None
    return labels, best, (rows @ centroids.T * scale).softmax(dim=1).gather(1, labels.unsqueeze(1)).squeeze(1)


def sums_by_torch(rows, labels, num_clusters):
    sums = torch.zeros(num_clusters, rows.shape[1], dtype=torch.float64).index_add_(0, labels, rows.double())
    return sums, torch.bincount(labels, minlength=num_clusters)


@pytest.fixture
def pretended(monkeypatch):
    """A device that runs the kernels, in chunks that do not divide the rows."""
    monkeypatch.setattr(fused, 'tile_for', lambda *_: 'wide')
    monkeypatch.setattr(fused, 'sums_run_on', lambda device: True)
    monkeypatch.setattr(fused, 'nearest_scores', scores_by_torch)
    monkeypatch.setattr(fused, 'cluster_sums', sums_by_torch)
    monkeypatch.setattr(assignment, '_ROWS_FUSED', 50)
    monkeypatch.setattr(lloyd, '_ROWS_FUSED', 50)


@pytest.mark.parametrize('spherical', [False, True])
def test_results_are_those_of_products_in_memory(request, spherical):
    rows, centroids = data()
    centroids = F.normalize(centroids, dim=1) if spherical else centroids
    expected = nearest(rows, centroids, spherical, temperature=0.2)
    labels, inertia = labels_and_inertia(rows, centroids, spherical)
    share = RowShare(rows, torch.arange(len(rows)), len(rows))
    means = lloyd.means(share, labels, len(centroids), spherical)
    request.getfixturevalue('pretended')
    found = nearest(rows, centroids, spherical, temperature=0.2)
    assert found.labels.equal(expected.labels) and labels_and_inertia(rows, centroids, spherical)[0].equal(labels)
    torch.testing.assert_close(found.distances, expected.distances)
    torch.testing.assert_close(found.confidence, expected.confidence)
    torch.testing.assert_close(labels_and_inertia(rows, centroids, spherical)[1], inertia)
    torch.testing.assert_close(lloyd.means(share, labels, len(centroids), spherical), means)
    assert nearest(rows, centroids).confidence is None


@pytest.mark.parametrize('has_confidence', [False, True])
@pytest.mark.parametrize('precision', PRECISIONS)
def test_a_kernel_that_is_right_passes_its_trial(pretended, precision, has_confidence):
    assert fused._is_right(torch.device('cpu'), precision, has_confidence, 'wide')


def wrong_label(*args):
    labels, best, confidence = scores_by_torch(*args)
    return labels.roll(1), best, confidence


def wrong_score(*args):
    labels, best, confidence = scores_by_torch(*args)
    return labels, best + 1, confidence


def not_finite(*args):
    labels, best, confidence = scores_by_torch(*args)
    return labels, best * torch.nan, confidence


def no_compiler(*args):
    raise RuntimeError('Failed to find C compiler')


@pytest.mark.parametrize('kernel', [wrong_label, wrong_score, not_finite, no_compiler])
@pytest.mark.parametrize('precision', PRECISIONS)
def test_a_kernel_that_is_wrong_or_does_not_run_fails_its_trial(monkeypatch, kernel, precision):
    monkeypatch.setattr(fused, 'nearest_scores', kernel)
    assert not fused._is_right(torch.device('cpu'), precision, False, 'wide')


def test_wide_rows_other_types_and_other_devices_are_compared_in_memory():
    rows, centroids = data()
    assert fused.tile_for(rows, centroids, 'float32', False) is None
    assert not fused.sums_run_on(torch.device('cpu')) and not fused.sums_run_on(torch.device('mps'))


@on_gpu
@pytest.mark.parametrize('precision, tolerance', [('float32', 2e-6), ('tf32', 5e-3), ('bfloat16', 3e-2)])
@pytest.mark.parametrize('rows, clusters, dim', [(1, 1, 1), (157, 13, 20), (1000, 129, 128), (64, 700, 100)])
def test_kernels_on_a_gpu(rows, clusters, dim, precision, tolerance):
    vectors, centroids = data(rows, clusters, dim, 'cuda')
    if fused.tile_for(vectors, centroids, precision, True) is None:
        pytest.skip('the kernels do not run on this GPU')
    exact = vectors.double() @ centroids.double().T - 0.5 * centroids.double().square().sum(dim=1)
    found = nearest(vectors, centroids, temperature=0.2, precision=precision)
    chosen = exact.gather(1, found.labels.unsqueeze(1)).squeeze(1)
    assert (exact.amax(dim=1) - chosen).max() <= 10 * tolerance
    cosines = vectors.double() @ F.normalize(centroids.double(), dim=1).T / 0.2
    shares = cosines.softmax(dim=1).gather(1, found.labels.unsqueeze(1)).squeeze(1)
    assert (found.confidence / shares - 1).abs().max() <= 50 * tolerance
    sums, sizes = fused.cluster_sums(vectors, found.labels, clusters)
    expected, counts = sums_by_torch(vectors.cpu(), found.labels.cpu(), clusters)
    torch.testing.assert_close(sums.cpu(), expected, atol=1e-12, rtol=0)
    assert sizes.cpu().equal(counts) and fused.cluster_sums(vectors, found.labels, clusters)[0].equal(sums)
