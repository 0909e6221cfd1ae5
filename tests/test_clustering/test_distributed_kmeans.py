"""k-means of rows that stay on their processes; those of several processes are in tests/test_distributed."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from mmifnd.clustering import DistributedKMeans, KMeans, RowShare
from mmifnd.clustering.lloyd import split_largest


def unit(rows):
    rows = rows - rows.mean(axis=0)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def digits():
    """1797 x 64, pixels."""
    return unit(load_digits().data)


def cloud(count=6000):
    """Of no structure at all: the hard case, where clusters are small and none is right."""
    return unit(np.random.default_rng(0).normal(size=(count, 32)))


def share_of(rows):
    return RowShare(torch.from_numpy(rows), torch.arange(len(rows)), len(rows))


def squared_distances(rows, centroids):
    rows, centroids = torch.from_numpy(rows).double(), centroids.double()
    return torch.cdist(rows, centroids).square().numpy()


@pytest.mark.parametrize('rows, num_clusters, seeds', [(digits(), 30, 8), (digits(), 300, 4), (cloud(), 1500, 1)])
def test_inertia_is_that_of_faiss(rows, num_clusters, seeds):
    """Restarts are a lottery whose prizes differ by more than 0.5 %: the means over seeds are compared."""
    ours, faiss = (np.mean([fit(seed).inertia for seed in range(seeds)]) for fit in (
        lambda seed: DistributedKMeans(device='cpu').fit_share(share_of(rows), num_clusters, seed),
        lambda seed: KMeans(device='cpu').fit(rows, num_clusters, seed)))
    assert ours < 1.005 * faiss


@pytest.mark.parametrize('spherical', [False, True])
def test_labels_are_of_the_nearest_centroid_and_centroids_the_means_of_their_rows(spherical):
    rows = digits()
    found = DistributedKMeans(100, 1, spherical=spherical, device='cpu').fit_share(share_of(rows), 10)
    distances = squared_distances(rows, found.centroids)
    assert (found.labels.numpy() == distances.argmin(axis=1)).mean() > 0.999  # but for ties
    assert found.inertia == pytest.approx(distances.min(axis=1).sum(), rel=1e-5)
    for cluster, centroid in enumerate(found.centroids):  # Lloyd has converged
        mean = rows[found.labels.numpy() == cluster].mean(axis=0)
        np.testing.assert_allclose(centroid, mean / np.linalg.norm(mean) if spherical else mean, atol=1e-5)


def test_all_rows_take_part_though_the_start_knows_a_sample():
    rows, few = cloud(), dict(num_redo=1, device='cpu', max_points_per_centroid=4)
    started = DistributedKMeans(1, **few).fit_share(share_of(rows), 50)
    found = DistributedKMeans(20, **few).fit_share(share_of(rows), 50)
    assert found.inertia < 0.98 * started.inertia


def test_same_seed_same_result_other_seed_another():
    first, again, other = (DistributedKMeans(num_redo=2, device='cpu').fit_share(share_of(digits()), 20, seed)
                           for seed in (3, 3, 4))
    assert np.array_equal(first.centroids, again.centroids) and np.array_equal(first.labels, again.labels)
    assert not np.array_equal(first.centroids, other.centroids)


def test_fewer_distinct_rows_than_clusters():
    rows = unit(np.tile(np.array([[1., 0], [0, 1], [-1, 0.5]]), (10, 1)))
    found = DistributedKMeans(device='cpu').fit_share(share_of(rows), 8)
    assert found.centroids.isfinite().all()
    for row in range(3):
        assert len(set(found.labels[row::3].tolist())) == 1


def test_an_empty_cluster_takes_half_of_the_largest():
    means = np.array([[1., 1], [0, 0], [2, 2], [0, 0]])
    found = split_largest(means, np.array([6, 0, 5, 0]))
    # Cluster 1 halves cluster 0 (6 > 5), and cluster 3 then halves cluster 2 (5 > 3).
    np.testing.assert_allclose(found, [[1, 1], [1, 1], [2, 2], [2, 2]], rtol=1e-3)
    assert len({tuple(row) for row in found}) == 4
    assert means[1].tolist() == [0, 0]  # those that were given are left alone


def test_what_cannot_be_clustered_is_refused():
    rows = digits()
    with pytest.raises(ValueError, match='num_clusters=1798 exceeds the 1797 images of the training set'):
        DistributedKMeans(device='cpu').fit_share(share_of(rows), 1798)
    rows[[5, 17], 1] = np.nan
    with pytest.raises(ValueError, match=r'2 of 1797 features are NaN or infinite \(images 5, 17\)'):
        DistributedKMeans(device='cpu').fit_share(share_of(rows), 4)


def test_options_out_of_range_are_named():
    with pytest.raises(ValueError, match='num_redo=0 of DistributedKMeans must be at least 1'):
        DistributedKMeans(num_redo=0)
