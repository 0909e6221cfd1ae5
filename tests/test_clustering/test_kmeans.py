import numpy as np
import pytest

from mmifnd.clustering import KMeans


@pytest.fixture
def blobs():
    """240 points around 4 centres far apart; point i belongs to centre i % 4."""
    rng = np.random.default_rng(0)
    centres = np.array([[4, 0, 0], [0, 4, 0], [0, 0, 4], [-4, -4, -4]], dtype=np.float32)
    return np.tile(centres, (60, 1)) + rng.normal(size=(240, 3)).astype(np.float32) * 0.3


@pytest.fixture
def cloud():
    return np.random.default_rng(1).normal(size=(500, 8)).astype(np.float32)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def squared_distances(features, centroids):
    return ((features[:, None].astype(np.float64) - centroids[None].astype(np.float64))**2).sum(axis=2)


def test_finds_clusters_that_are_far_apart(blobs):
    found = KMeans(device='cpu').fit(blobs, 4)
    of_centre = [set(found.labels[centre::4]) for centre in range(4)]
    assert all(len(labels) == 1 for labels in of_centre)
    assert len(set.union(*of_centre)) == 4


def test_same_seed_same_result_other_seed_another(cloud):
    first, again, other = (KMeans(num_redo=1, device='cpu').fit(cloud, 20, seed) for seed in (3, 3, 4))
    assert np.array_equal(first.centroids, again.centroids) and np.array_equal(first.labels, again.labels)
    assert not np.array_equal(first.centroids, other.centroids)


def test_every_point_is_assigned_to_the_nearest_centroid(cloud):
    found = KMeans(max_points_per_centroid=5, device='cpu').fit(cloud, 12)  # trained on 60 points, assigned 500
    distances = squared_distances(cloud, found.centroids)
    assert found.labels.dtype == np.int64
    assert np.array_equal(found.labels, distances.argmin(axis=1))
    assert found.inertia == pytest.approx(distances.min(axis=1).sum(), rel=1e-5)


def test_centroids_are_the_means_of_their_members(blobs):
    found = KMeans(device='cpu').fit(blobs, 4)
    for cluster in range(4):
        np.testing.assert_allclose(found.centroids[cluster], blobs[found.labels == cluster].mean(axis=0), atol=1e-4)


def test_spherical_has_unit_centroids_and_assigns_by_cosine(cloud):
    features = unit(cloud)
    found = KMeans(spherical=True, device='cpu').fit(features, 12)
    np.testing.assert_allclose(np.linalg.norm(found.centroids, axis=1), 1, atol=1e-5)
    assert np.array_equal(found.labels, (features @ found.centroids.T).argmax(axis=1))
    expected = squared_distances(features, found.centroids)[np.arange(500), found.labels].sum()
    assert found.inertia == pytest.approx(expected, rel=1e-4)


def test_as_many_clusters_as_points(blobs):
    found = KMeans(device='cpu').fit(blobs[:7], 7)
    assert sorted(found.labels) == list(range(7))


@pytest.mark.parametrize('spherical', [False, True])
def test_fewer_distinct_points_than_clusters(spherical):
    features = unit(np.tile(np.array([[1, 0], [0, 1], [-1, 0.5]], dtype=np.float32), (10, 1)))
    found = KMeans(spherical=spherical, device='cpu').fit(features, 8)
    assert np.isfinite(found.centroids).all()
    assert len(set(found.labels)) <= 3
    for point in range(3):
        assert len(set(found.labels[point::3])) == 1


def test_identical_features():
    found = KMeans(device='cpu').fit(np.ones((20, 4), dtype=np.float32), 5)
    assert len(set(found.labels)) == 1 and np.isfinite(found.centroids).all()


def test_too_many_clusters_are_refused(blobs):
    with pytest.raises(ValueError, match='num_clusters=241 exceeds the 240 images of the training set; choose at most 240'):
        KMeans(device='cpu').fit(blobs, 241)
    with pytest.raises(ValueError, match='num_clusters=0 is below 1; give a positive count'):
        KMeans(device='cpu').fit(blobs, 0)


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_features_that_are_not_finite_are_named(blobs, value):
    blobs[[5, 17], 1] = value
    with pytest.raises(ValueError, match=r'2 of 240 features are NaN or infinite \(images 5, 17\)'):
        KMeans(device='cpu').fit(blobs, 4)


def test_many_bad_features_are_abbreviated(blobs):
    blobs[10:30] = np.nan
    with pytest.raises(ValueError, match=r'20 of 240 .*images 10, 11, 12, 13, 14, \.\.\.'):
        KMeans(device='cpu').fit(blobs, 4)


@pytest.mark.parametrize('options, words', [
    (dict(num_iterations=0), 'num_iterations=0 of KMeans is below 1'),
    (dict(num_redo=0), 'num_redo=0 of KMeans is below 1'),
    (dict(max_points_per_centroid=0), 'max_points_per_centroid=0 of KMeans is below 1'),
    (dict(device='tpu'), "device='tpu' of KMeans is unknown; choose 'auto', 'cpu' or 'gpu'"),
])
def test_options_out_of_range_are_named(options, words):
    with pytest.raises(ValueError, match=words):
        KMeans(**options)


def test_a_gpu_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr('mmifnd.clustering.kmeans.gpu_count', lambda: 0)
    with pytest.raises(ValueError, match="device='gpu' of KMeans needs faiss-gpu and a GPU; use 'auto' or 'cpu'"):
        KMeans(device='gpu')
    assert not KMeans().on_gpu
